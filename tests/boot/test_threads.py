# SPDX-License-Identifier: BSD-2-Clause
"""Threads: programs of C libraries that nobody here wrote, on one hart and on several, and at the terminal."""
import re

import pytest

from harness import PROMPT
from libc_programs import THREADS, archive, run_all, run_twice


def test_programs_with_threads(machine):
    assert run_twice(machine, "musl", THREADS, smp=1).poweroff() == 0


def test_programs_with_threads_on_four_harts(machine):
    """Once: what they leave behind, one hart shows as well, and the long run."""
    m = machine(initrd=archive("glibc", THREADS), smp=4).boot()
    run_all(m, THREADS)
    assert m.poweroff() == 0


@pytest.mark.full
@pytest.mark.parametrize("smp", [1, 2, 4, 8])
@pytest.mark.parametrize("libc", ["glibc", "musl"])
def test_programs_with_threads_on_more_harts(machine, libc, smp):
    assert run_twice(machine, libc, THREADS, smp).poweroff() == 0


def test_a_terminal_stops_and_ends_all_threads(machine):
    m = machine(initrd=archive("glibc", THREADS), smp=4).boot()
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
