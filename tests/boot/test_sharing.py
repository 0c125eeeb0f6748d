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


@pytest.mark.parametrize("libc, smp", [("glibc", 4), ("musl", 1)])
def test_what_programs_share(machine, libc, smp):
    """Twice: the second run leaves as much memory as it found."""
    m = machine(initrd=archive(libc), smp=smp).boot()
    run(m)
    before = m.holdings()
    run(m)
    m.assert_holds(before)
    assert "SYSV" not in m.run("cat /proc/sysvipc/shm")
    assert m.run("ls /dev/shm") == ""
    assert m.poweroff() == 0
