# SPDX-License-Identifier: BSD-2-Clause
"""The calendar: from a real-time clock where there is a credible one, else from the day of the build; settable."""
from harness import BUILD


def now(m):
    return m.number("date +%s")


def built():
    return int((BUILD / ".date").read_text())


def test_from_the_real_time_clock(machine):
    m = machine(extra=["-rtc", "base=2037-05-06T07:08:09"]).boot()
    assert m.run("date -u +%Y-%m-%dT%H:%M").startswith("2037-05-06T07:")
    assert abs(m.number("awk '/btime/{print $2}' /proc/stat") - now(m)) < 3600


def test_a_clock_without_battery(machine):
    m = machine(extra=["-rtc", "base=1999-12-31T23:59:00"]).boot()
    assert "not believed" in m.text()
    assert built() <= now(m) < built() + 3600


def test_without_a_clock_and_set(machine):
    """SiFive's board has none."""
    m = machine(machine="sifive_u", smp=5).boot()
    assert "\nrtc:" not in m.text()
    assert built() <= now(m) < built() + 3600
    up = float(m.run("cut -d' ' -f1 /proc/uptime"))
    m.run("date -u -s '2040-02-29 12:34:56'")
    assert m.run("date -u +%Y-%m-%dT%H:%M") == "2040-02-29T12:34\n"
    assert m.run("date -u +%s; touch /tmp/x; date -u -r /tmp/x +%Y").splitlines()[1] == "2040"
    assert 0 <= float(m.run("cut -d' ' -f1 /proc/uptime")) - up < 600
