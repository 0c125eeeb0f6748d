# SPDX-License-Identifier: BSD-2-Clause
"""Sockets of AF_UNIX (user/libc/sockets.c)."""
import pytest

from libc_programs import SOCKETS, run_twice


@pytest.mark.parametrize("libc, smp", [("glibc", 4), ("musl", 1)])
def test_sockets(machine, libc, smp):
    m = run_twice(machine, libc, SOCKETS, smp)
    assert len(m.run("cat /proc/net/unix").splitlines()) == 1
    assert m.poweroff() == 0
