# SPDX-License-Identifier: BSD-2-Clause
"""Waiting: programs of C libraries that use epoll, event files, timers and process descriptors hard."""
import re

import pytest

import images
from harness import BUILD

PROGRAMS = ("waiting", "timing")


def archive(libc):
    paths = {f"/libc/{name}": BUILD / "user" / libc / name for name in PROGRAMS}
    if not all(p.exists() for p in paths.values()):
        pytest.skip(f"{libc} could not be had")
    return images.initramfs(f"waiting-{libc}.cpio", paths)


def run_all(m):
    for name in PROGRAMS:
        last = m.run(f"/libc/{name}", timeout=600).splitlines()[-1]
        assert re.fullmatch(rf"{name}: all \d+ good", last), last


def run_on(machine, libc, smp):
    m = machine(initrd=archive(libc), smp=smp).boot()
    run_all(m)
    before = m.holdings()
    run_all(m)
    m.assert_holds(before)
    assert m.poweroff() == 0


def test_programs_that_wait(machine):
    run_on(machine, "musl", smp=1)


def test_programs_that_wait_on_four_harts(machine):
    m = machine(initrd=archive("glibc"), smp=4).boot()
    run_all(m)
    assert m.poweroff() == 0


@pytest.mark.full
@pytest.mark.parametrize("smp", [2, 4, 8])
@pytest.mark.parametrize("libc", ["glibc", "musl"])
def test_programs_that_wait_on_more_harts(machine, libc, smp):
    run_on(machine, libc, smp)
