# SPDX-License-Identifier: BSD-2-Clause
"""Threads: programs of C libraries that nobody here wrote, on one hart and on several, and at the terminal."""
import re

import pytest

import images
from harness import BUILD, PROMPT

PROGRAMS = ("threadwork", "threadlife", "threads")


def archive(libc):
    paths = {f"/libc/{name}": BUILD / "user" / libc / name for name in PROGRAMS}
    if not all(p.exists() for p in paths.values()):
        pytest.skip(f"{libc} could not be had")
    return images.initramfs(f"threads-{libc}.cpio", paths)


def run_all(m):
    for name in PROGRAMS:
        last = m.run(f"/libc/{name}", timeout=600).splitlines()[-1]
        assert re.fullmatch(rf"{name}: all (\d+ )?good", last), last


def run_twice(machine, libc, smp, **options):
    m = machine(initrd=archive(libc), smp=smp, **options).boot()
    run_all(m)
    before = m.holdings()
    run_all(m)
    m.assert_holds(before)
    assert m.poweroff() == 0


def test_programs_with_threads(machine):
    run_twice(machine, "musl", smp=1)


def test_programs_with_threads_on_four_harts(machine):
    """Once: what they leave behind, one hart shows as well, and the long run."""
    m = machine(initrd=archive("glibc"), smp=4).boot()
    run_all(m)
    assert m.poweroff() == 0


@pytest.mark.full
@pytest.mark.parametrize("smp", [1, 2, 4, 8])
@pytest.mark.parametrize("libc", ["glibc", "musl"])
def test_programs_with_threads_on_more_harts(machine, libc, smp):
    run_twice(machine, libc, smp)


def test_a_terminal_stops_and_ends_all_threads(machine):
    m = machine(initrd=archive("glibc"), smp=4).boot()
    count = "ps -o comm | grep -c threadlife"

    m.sendline("/libc/threadlife linger")
    m.expect("threadlife: lingering")
    m.send("\x03")
    m.expect(PROMPT)
    assert m.run(count, status=1) == "0\n"

    m.sendline("/libc/threadlife linger")
    m.expect("threadlife: lingering")
    m.send("\x1a")
    m.expect("Stopped")
    m.expect(PROMPT)
    pid = m.number("pidof threadlife")
    assert m.run(f"cat /proc/{pid}/task/*/stat | awk '{{print $3}}'") == "T\n" * 4
    ticks = f"awk '{{print $14}}' /proc/{pid}/stat"
    before = m.number(ticks)
    m.run("sleep 1")
    assert m.number(ticks) == before
    m.sendline("fg")
    m.expect("linger")
    m.send("\x03")
    m.expect(PROMPT)
    assert m.run(count, status=1) == "0\n"
