# SPDX-License-Identifier: BSD-2-Clause
"""What programs share: memory of System V and POSIX, memory files, files without a name (user/libc/sharing.c)."""
import re

import pytest

import images
from harness import BUILD


def archive(libc):
    program = BUILD / "user" / libc / "sharing"
    if not program.exists():
        pytest.skip(f"{libc} could not be had")
    return images.initramfs(f"sharing-{libc}.cpio", {"/libc/sharing": program})


def run(m):
    output = m.run("/libc/sharing", timeout=300)
    assert re.fullmatch(r"sharing: all \d+ good", output.splitlines()[-1]), output


def free(m):
    return m.number("awk '/MemFree/{print $2}' /proc/meminfo")


@pytest.mark.parametrize("libc, smp", [("glibc", 4), ("musl", 1)])
def test_what_programs_share(machine, libc, smp):
    """Twice: the second run leaves as much memory as it found, but for caches of frames."""
    m = machine(initrd=archive(libc), smp=smp).boot()
    run(m)
    before = free(m)
    run(m)
    assert abs(before - free(m)) <= 1024
    assert "SYSV" not in m.run("cat /proc/sysvipc/shm")
    assert m.run("ls /dev/shm") == ""
    assert m.poweroff() == 0
