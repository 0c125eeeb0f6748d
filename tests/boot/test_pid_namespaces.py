# SPDX-License-Identifier: BSD-2-Clause
"""PID namespaces: numbers, inits, families, the end of them, /proc inside (user/libc/pidns.c)."""
import pytest

from libc_programs import PIDNS, run_twice


def test_pid_namespaces_on_four_harts(machine):
    assert run_twice(machine, "glibc", PIDNS, smp=4).poweroff() == 0


@pytest.mark.full
@pytest.mark.parametrize("smp", [1, 8])
@pytest.mark.parametrize("libc", ["glibc", "musl"])
def test_pid_namespaces_on_more_harts(machine, libc, smp):
    assert run_twice(machine, libc, PIDNS, smp).poweroff() == 0
