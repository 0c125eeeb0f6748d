# SPDX-License-Identifier: BSD-2-Clause
"""System calls at random (user/sysfuzz.c): nothing panics, hangs, or is lost. A seed repeats its calls: sysfuzz SEED CALLS."""
import re

import pytest

CALLS = 100_000


def fuzz(m, seed, calls):
    output = m.run(f"sysfuzz {seed} {calls}", timeout=1200)
    done = re.search(r"sysfuzz: (\d+) calls, (\d+) refused, 0 internal, \d+ batches, \d+ killed", output)
    assert done and int(done[1]) >= calls, output[-2000:]
    assert 0.3 < int(done[2]) / int(done[1]) < 0.6, "most arguments mean well, and not all"


def named(m):
    """What a batch could leave behind that is neither memory nor a process. A mount that can still be reached was made behind
    the back of whoever tidied up, and goes; one that nobody can reach would stay."""
    m.run("awk '$2 ~ /^.tmp/ {print $2}' /proc/mounts | tac | while read at; do umount $at; done", status=None)
    return m.run("cat /proc/mounts /proc/sysvipc/shm")


@pytest.mark.parametrize("seed", [1, *(pytest.param(seed, marks=pytest.mark.full) for seed in range(2, 11))])
def test_random_system_calls(machine, seed):
    m = machine(smp=4, append="selftest=tables@end quiet").boot()
    fuzz(m, 1000 + seed, CALLS // 20)  # the caches fill
    names, before = named(m), m.holdings()
    fuzz(m, seed, CALLS)
    assert named(m) == names
    m.assert_holds(before, slack_kb=512)
    m.sendline("poweroff")
    assert m.expect(r"selftest tables: (pass|fail[^\n]*)", 60)[1] == b"pass"
    assert m.exit_status() == 0
    assert "panic:" not in m.text()
