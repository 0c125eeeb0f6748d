# SPDX-License-Identifier: BSD-2-Clause
"""Waiting: programs of C libraries that use epoll, event files, timers, process descriptors and futexes hard."""
import pytest

from libc_programs import WAITING, archive, run_all, run_twice


def test_programs_that_wait(machine):
    assert run_twice(machine, "musl", WAITING, smp=1).poweroff() == 0


def test_programs_that_wait_on_four_harts(machine):
    m = machine(initrd=archive("glibc", WAITING), smp=4).boot()
    run_all(m, WAITING)
    assert m.poweroff() == 0


@pytest.mark.full
@pytest.mark.parametrize("smp", [2, 4, 8])
@pytest.mark.parametrize("libc", ["glibc", "musl"])
def test_programs_that_wait_on_more_harts(machine, libc, smp):
    assert run_twice(machine, libc, WAITING, smp).poweroff() == 0
