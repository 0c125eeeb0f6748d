# SPDX-License-Identifier: BSD-2-Clause
"""System calls at random (user/sysfuzz.c): nothing panics, hangs, or is lost. A seed repeats its calls: sysfuzz SEED CALLS."""
import re

import pytest

SEEDS = range(1, 11)
CALLS = 100_000
SLACK_KB = 1024  # frames in the caches of cpus, tables and stacks kept for reuse


def fuzz(m, seed, calls):
    output = m.run(f"sysfuzz {seed} {calls}", timeout=1200)
    done = re.search(r"sysfuzz: (\d+) calls, (\d+) refused, 0 internal, \d+ batches, \d+ killed", output)
    assert done and int(done[1]) >= calls and 0 < int(done[2]) < int(done[1]), output[-2000:]


def holds(m):
    """What a batch could leave behind: memory, processes, mounts, segments."""
    return m.number("awk '/MemFree/{print $2}' /proc/meminfo"), m.number("ls -d /proc/[0-9]* | wc -l"), \
        m.run("cat /proc/mounts /proc/sysvipc/shm")


@pytest.mark.full
@pytest.mark.parametrize("seed", SEEDS)
def test_random_system_calls(machine, seed):
    m = machine(smp=4, append="selftest=tables@end quiet").boot()
    fuzz(m, 1000 + seed, CALLS // 20)  # the caches fill
    before = holds(m)
    fuzz(m, seed, CALLS)
    after = holds(m)
    assert before[0] - after[0] <= SLACK_KB and before[1:] == after[1:], (before, after)
    m.sendline("poweroff")
    assert m.expect(r"selftest tables: (pass|fail[^\n]*)", 60)[1] == b"pass"
    assert m.exit_status() == 0
    assert "panic:" not in m.text()
