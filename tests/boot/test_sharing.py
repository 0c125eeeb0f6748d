# SPDX-License-Identifier: BSD-2-Clause
"""What programs share: memory of System V and POSIX, memory files, files without a name (user/libc/sharing.c)."""
import pytest

from libc_programs import SHARING, run_twice


@pytest.mark.parametrize("libc, smp", [("glibc", 4), ("musl", 1)])
def test_what_programs_share(machine, libc, smp):
    m = run_twice(machine, libc, SHARING, smp)
    assert "SYSV" not in m.run("cat /proc/sysvipc/shm")
    assert m.run("ls /dev/shm") == ""
    assert m.poweroff() == 0
