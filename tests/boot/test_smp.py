# SPDX-License-Identifier: BSD-2-Clause
"""Programs on every hart: memory under torture, storms, mixed load, who runs where. What goes wrong between harts goes
wrong rarely: the long runs are for `make test-all`; each program prints the seed that it ran with."""
import re
import time

import pytest

from harness import PROMPT, TEST_ALL
from test_cpus import column

CTRL_C = "\x03"
HARTS = [2, 4, 8]

FAULTS = r"torture: (\d+) operations, \d+ changes, (\d+) faults, (\d+) forks: all good"


def start(machine, smp, append=""):
    return machine(smp=smp, mem="256M", append=append).boot()


def leaves_nothing(m, command, timeout, first=None):
    """Runs a command twice, the first time perhaps a shorter one: what the second run keeps of memory and processes is
    lost. What the second printed."""
    m.run(first or command, timeout=timeout)
    before = m.holdings()
    output = m.run(command, timeout=timeout)
    m.assert_holds(before)
    return output


def tables_hold(m):
    """The machine was started with selftest=tables@end."""
    m.sendline("poweroff")
    assert m.expect(r"selftest tables: (pass|fail[^\n]*)", 60)[1] == b"pass"
    assert m.exit_status() == 0
    assert "panic:" not in m.text()


# Memory under torture.

def torture(machine, smp, operations, words="", append=""):
    m = start(machine, smp, f"selftest=tables@end {append}")
    output = leaves_nothing(m, f"torture -n {operations} {words}", 300 + operations // 50,
                            first=f"torture -n {min(operations, 20_000)} {words}")
    done = re.search(FAULTS, output)
    assert done and int(done[1]) > operations * 0.9 and int(done[2]) > operations // 10, output
    tables_hold(m)


@pytest.mark.parametrize("smp,operations,append", [pytest.param(2, 8_000, "", marks=pytest.mark.smoke), (4, 6_000, ""), (4, 8_000, "pti=off"), (8, 600, "")])
def test_no_translation_outlives_its_page(machine, smp, operations, append):
    """Without isolation nothing but a fence empties the emulator's translations: there it is as strict as it can be. With it
    each entry to the kernel does, and these threads enter it all the time: `stale` (test_memory.py) has readers that do not."""
    torture(machine, smp, operations, append=append)


@pytest.mark.parametrize("words", ["-p 1", "-p 8 -t 1", "-p 4 -t 3", "-p 2 -t 16"])
def test_no_translation_outlives_its_page_with_more_and_with_fewer_threads(machine, words):
    torture(machine, 4, 20_000 if TEST_ALL else 800, words)


def test_no_translation_outlives_its_page_on_the_sifive_board(machine):
    """Harts 1 to 4; no translation is tagged, and a write of satp is followed by a full fence."""
    m = machine(machine="sifive_u", smp=5, mem="256M").boot()
    assert m.number("nproc") == 4
    leaves_nothing(m, f"torture -n {200_000 if TEST_ALL else 2_000}", 900)
    leaves_nothing(m, "forkstorm 50 & forkstorm 50 & forkstorm 50 & wait", 300)


@pytest.mark.full
@pytest.mark.parametrize("append", ["", "pti=off"])
@pytest.mark.parametrize("smp", HARTS)
def test_a_million_operations(machine, smp, append):
    torture(machine, smp, 1_000_000, append=append)


# Storms.

@pytest.mark.parametrize("smp", [4, pytest.param(8, marks=pytest.mark.full)])
def test_programs_start_and_end_on_all_harts_at_once(machine, smp):
    m = start(machine, smp)
    storms = f"for i in $(seq {smp}); do forkstorm {1000 if TEST_ALL else 20} >/dev/null & done; wait"
    leaves_nothing(m, storms, 900)


@pytest.mark.parametrize("jobs", ["pipes token", "signals sleep", "spawn files"])
def test_jobs_of_one_kind_on_all_harts(machine, jobs):
    m = start(machine, smp=4)
    output = leaves_nothing(m, f"mixed -c 3 -t {60 if TEST_ALL else 4} {jobs}", 240)
    assert output.endswith("mixed: all good\n")


def test_mixed_load(machine):
    """A minute of everything at once; ten of them in the long run."""
    m = start(machine, smp=4, append="selftest=tables@end")
    m.run("mixed -t 5", timeout=200)
    before = m.holdings()
    output = m.run(f"mixed -t {600 if TEST_ALL else 60}", timeout=1200)
    assert output.endswith("mixed: all good\n")
    assert all(int(n) > 0 for n in re.findall(r"mixed: \w+: (\d+) rounds", output))
    m.assert_holds(before)
    tables_hold(m)


# Signals across harts.

def run_group(m, n, settle=1):
    """A pipeline of n programs that never end nor wait."""
    m.run("y() { yes >/dev/null; }")
    line = " | ".join(["y"] * n)
    m.sendline(line)
    m.expect(re.escape(line) + r"\r*\n")
    time.sleep(settle)


@pytest.mark.parametrize("smp", [4, 8])
def test_interrupt_key_ends_a_group_on_all_harts(machine, smp):
    m = start(machine, smp)
    before = None
    for _ in range(4):
        run_group(m, smp + 1)
        m.send(CTRL_C)
        m.expect(PROMPT)
        assert "yes" not in m.run("ps | grep -v grep")
        before = before or m.holdings()
    m.assert_holds(before)


def test_stop_key_stops_a_group_on_all_harts(machine):
    m = start(machine, smp=4)
    run_group(m, 4)
    m.send("\x1a")
    m.expect("Stopped")
    m.expect(PROMPT)
    assert len(re.findall(r"(?m)^T.*yes", m.run("ps -o stat,args"))) == 4
    used = "cat /proc/[0-9]*/stat | awk '/\\(yes\\)/{n+=$14+$15} END{print n}'"
    before = m.number(used)
    m.run("sleep 1")
    assert m.number(used) == before
    m.run("kill %1; fg", status=None)
    assert "yes" not in m.run("ps | grep -v grep")


def test_kill_reaches_programs_on_all_harts(machine):
    m = start(machine, smp=4)
    for signal in ("TERM", "KILL", "INT"):
        m.run("for i in 1 2 3 4 5 6 7 8; do yes >/dev/null & done")
        m.run(f"sleep 0.5; killall -{signal} yes; wait", status=None)
        assert "yes" not in m.run("ps | grep -v grep")


def test_kill_ends_a_program_that_is_alone_on_its_hart(machine):
    """It makes no calls, and no tick comes: only an interrupt for it can bring the signal."""
    m = start(machine, smp=4)
    for _ in range(3):
        m.run("taskset -c 3 sh -c 'while :; do :; done' & sleep 0.5")
        m.run("kill $!; wait $!", status=128 + 15, timeout=30)


# Who runs where.

def spinners(m, n):
    """Starts n busy loops; their pids."""
    m.run(f"for i in $(seq {n}); do (while :; do :; done) & done; sleep 1")
    return m.run("jobs -p").split()


def stat_field(m, pids, field):
    """A field of /proc/PID/stat, as its manual page counts, for each pid. No name here has a blank in it."""
    return [int(x) for x in m.run(f"cat {' '.join(f'/proc/{p}/stat' for p in pids)} | cut -d' ' -f{field}").split()]


def test_each_of_four_busy_loops_has_its_hart(machine):
    """The guest's clock runs on while the host runs another vCPU: a loop alone on its hart is charged all of it."""
    m = start(machine, smp=4)
    pids = spinners(m, 4)
    assert len(pids) == 4
    before = stat_field(m, pids, 14), float(m.run("cut -d' ' -f1 /proc/uptime"))
    m.run("sleep 3")
    after = stat_field(m, pids, 14), float(m.run("cut -d' ' -f1 /proc/uptime"))
    passed = (after[1] - before[1]) * 100
    for old, new in zip(before[0], after[0]):
        assert new - old > 0.6 * passed, (before, after)
    m.run("kill $(jobs -p)")


def test_loops_share_fewer_harts_fairly(machine):
    m = start(machine, smp=2)
    pids = spinners(m, 6)
    before = stat_field(m, pids, 14)
    m.run("sleep 5")
    used = [new - old for old, new in zip(before, stat_field(m, pids, 14))]
    assert min(used) * 2 > max(used), used
    m.run("kill $(jobs -p)")


def test_affinity_is_obeyed(machine):
    m = start(machine, smp=4)
    for cpu in range(4):
        assert m.number(f"taskset -c {cpu} cat /proc/self/stat | cut -d' ' -f39") == cpu
    m.run("yes >/dev/null &")
    for cpu in (3, 0, 2, 1):
        m.run(f"taskset -pc {cpu} $!; sleep 0.2")
        assert stat_field(m, m.run("jobs -p").split(), 39) == [cpu]
    assert re.search(r"list: 1$", m.run("taskset -pc $!"), re.M)
    m.run("taskset -pc 7 $!", status=1)
    m.run("kill $!")


def test_pinned_to_one_hart_they_share_it(machine):
    m = start(machine, smp=4)
    m.run("for i in 1 2 3; do taskset -c 2 yes >/dev/null & done; sleep 1")
    pids = m.run("jobs -p").split()
    assert stat_field(m, pids, 39) == [2, 2, 2]
    before = stat_field(m, pids, 14)
    m.run("sleep 3")
    used = [new - old for old, new in zip(before, stat_field(m, pids, 14))]
    assert min(used) * 2 > max(used) and sum(used) < 500, used
    m.run("kill $(jobs -p)")


def test_idle_hart_takes_who_waits_elsewhere(machine):
    """Hart 0 rests all the time. A loop that waits on hart 1 may run there from now on, but nothing wakes it up, and a hart
    gives nobody to one that rests: it only tells it, and that one takes."""
    m = start(machine, smp=3)
    m.run("taskset -pc 2 $$")
    m.run("for i in 1 2; do taskset -c 1 sh -c 'while :; do :; done' & done; sleep 0.5")
    pid = m.run("jobs -p").split()[1]
    assert stat_field(m, [pid], 39) == [1]
    before = column(m, "steals")[0]
    m.run(f"taskset -pc 0,1 {pid}; until [ $(cut -d' ' -f39 /proc/{pid}/stat) = 0 ]; do sleep 0.1; done", timeout=30)
    assert column(m, "steals")[0] > before
    m.run("kill $(jobs -p)")


@pytest.mark.parametrize("smp,append,said", [(1, "", 1), (4, "", 4), (8, "", 8), (4, "maxcpus=2", 2), (4, "nosmp", 1),
                                             (4, "maxcpus=1", 1), (2, "maxcpus=8", 2)])
def test_tools_tell_the_number_of_harts(machine, smp, append, said):
    m = start(machine, smp, append)
    assert m.number("nproc") == said
    assert m.number("grep -c ^processor /proc/cpuinfo") == said
    assert m.number("grep -c '^cpu[0-9]' /proc/stat") == said
    m.run("forkstorm 30")
    assert m.poweroff() == 0


def test_idle_time_is_each_harts_own(machine):
    """One busy loop on hart 1 of four: its time is user time, that of the others idle time."""
    m = start(machine, smp=4)
    m.run("taskset -c 1 yes >/dev/null & sleep 0.5")
    table = "grep '^cpu[0-9]' /proc/stat"
    before, _, after = m.run(table), m.run("sleep 3"), m.run(table)

    def idle_and_all(line):
        numbers = [int(n) for n in line.split()[1:]]
        return numbers[3], sum(numbers)

    for cpu, (old, new) in enumerate(zip(before.splitlines(), after.splitlines())):
        idle, total = (b - a for a, b in zip(idle_and_all(old), idle_and_all(new)))
        assert total > 200, (old, new)
        assert idle < 0.3 * total if cpu == 1 else idle > 0.5 * total, (old, new)
    m.run("kill $!")
