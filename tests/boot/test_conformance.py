# SPDX-License-Identifier: BSD-2-Clause
"""Linux's own selftests, built by scripts/selftests.sh, against tests/boot/conformance.toml. A result that is not
the expected one is a failure, be it better or worse: docs/conformance.md is made from the same file."""
import functools
import pathlib
import re
import subprocess
import sys

import pytest

import images
from harness import TEST_ALL, TOP, Machine, Shared

sys.path.insert(0, str(TOP / "scripts"))
import conformance  # noqa: E402

BUILD_SCRIPT = TOP / "scripts/selftests.sh"
# Those that measure time get machines that count instructions as time and skip the time that they would sleep: as fast as
# they say, whatever the host does beside it. The ones of `timers` compute for minutes: an instruction is 256 ns there.
# The others give their threads some ms to get ready: 16 ns. One wants to read the clock to half a microsecond: 4 ns.
MACHINES = {"timers": {"smp": 1, "extra": ["-icount", "shift=8,sleep=off"]},
            "fine": {"smp": 1, "extra": ["-icount", "shift=2,sleep=off"]},
            "others": {"smp": 1, "extra": ["-icount", "shift=4,sleep=off"]},
            "four harts": {"smp": 4}}
MEASURE_TIME = ["timers", "futex"]
# Seconds of the machine's time. A test that fails may do so by waiting for ever; the endless ones shall still run then.
LIMIT = {"passes": 10000, "skips": 20, "fails": 20}
ENDLESS = 2


@functools.cache
def programs():
    """The folder of the built tests."""
    done = subprocess.run([BUILD_SCRIPT], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.skip(f"the selftests could not be had: {done.stderr.strip().splitlines()[-1]}")
    return pathlib.Path(done.stdout.strip())


@functools.cache
def archive():
    files = {f"/selftests/{path.parent.name}/{path.name}": path for path in programs().glob("*/*")}
    return images.initramfs("selftests.cpio", files)


class Machines:
    """One of each kind, made when it is needed. Some tests want 2 GiB at once, of which they touch little."""

    def __init__(self):
        self.shared = {}

    def start(self, kind, n):
        name = f"conformance-{kind.replace(' ', '-')}-{n}"
        return Machine(name, mem="3G", initrd=archive(), **MACHINES[kind]).boot()

    def at(self, kind):
        if kind not in self.shared:
            self.shared[kind] = Shared(lambda n: self.start(kind, n))
        return self.shared[kind]


@pytest.fixture(scope="module")
def machines():
    made = Machines()
    yield made
    for one in made.shared.values():
        one.drop()


def result(m, test):
    """"passes", "fails" or "skips", and what it printed last."""
    limit = ENDLESS if test.endless else LIMIT[test.expected]
    m.run(f"cd /selftests/{test.group}; timeout -s KILL {limit} {test.under} ./{test.name} {test.args} "
          "< /dev/null > /tmp/said 2>&1; echo $? > /tmp/status", timeout=600)
    status = m.number("cat /tmp/status")
    said = m.run("grep '^not ok' /tmp/said | head -n 20; echo ...; tail -n 30 /tmp/said; rm /tmp/said /tmp/status")
    bad = re.match(r"not ok", said)
    if status == 4:
        return "skips", said
    killed = status == 128 + 9
    good = killed if test.endless else status == 0 and not bad
    return "passes" if good else "fails", f"{said}\nstatus {status}"


def compare(request, shared, test):
    """Better than expected is a failure in the long run alone, where the page has to be right."""
    assert (programs() / test.group / test.name).exists(), "it was not built"
    m = shared.get()
    request.node.machines = [m]
    try:
        got, said = result(m, test)
    except BaseException:
        shared.drop()
        raise
    assert "panic:" not in m.text()
    if got != "passes" or TEST_ALL:
        assert got == test.expected, f"it {got}, and was expected to be one that {test.expected}:\n{said}"


def cases(groups):
    for test in conformance.tests():
        if test.counts and test.group in groups:
            yield pytest.param(test, id=f"{test.group}/{test.name}", marks=[pytest.mark.full] if test.long else [])


GROUPS = sorted({test.group for test in conformance.tests()})


@pytest.mark.parametrize("test", list(cases(GROUPS)))
def test_conformance(request, machines, test):
    kind = "fine" if test.fine else "timers" if test.group == "timers" else "others"
    compare(request, machines.at(kind), test)


@pytest.mark.full
@pytest.mark.parametrize("test", list(cases(set(GROUPS) - set(MEASURE_TIME))))
def test_conformance_on_four_harts(request, machines, test):
    compare(request, machines.at("four harts"), test)
