# SPDX-License-Identifier: BSD-2-Clause
"""Programs of user/libc, which C libraries that nobody here wrote are part of: `NAME: all N good` is the last line of each."""
import re

import pytest

import images
from harness import BUILD

THREADS = ("threadwork", "threadlife", "threads")
WAITING = ("waiting", "timing", "deadlines", "pilock")
SHARING = ("sharing",)
SOCKETS = ("sockets",)
NAMESPACES = ("namespaces",)
PIDNS = ("pidns",)
USERS = ("users",)
OWN_TESTS = THREADS + WAITING + SHARING + SOCKETS + NAMESPACES + PIDNS + USERS


def others(libc):
    """Those that have no test of their own, which report by their status alone."""
    return sorted(p for p in (BUILD / "user" / libc).glob("*")
                  if p.is_file() and "." not in p.name and p.name not in OWN_TESTS)


def archive(libc, names):
    """The default archive with these programs in /libc."""
    paths = {f"/libc/{name}": BUILD / "user" / libc / name for name in names}
    if not all(p.exists() for p in paths.values()):
        pytest.skip(f"{libc} could not be had")
    return images.initramfs(f"{names[0]}-{libc}.cpio", paths)


def run_all(m, names):
    for name in names:
        last = m.run(f"/libc/{name}", timeout=600).splitlines()[-1]
        assert re.fullmatch(rf"{name}: all (\d+ )?good", last), last


def run_twice(machine, libc, names, smp):
    """The second time leaves as many processes and as much memory as it found. The machine."""
    m = machine(initrd=archive(libc, names), smp=smp).boot()
    run_all(m, names)
    before = m.holdings()
    run_all(m, names)
    m.assert_holds(before)
    return m
