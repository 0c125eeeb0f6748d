# SPDX-License-Identifier: BSD-2-Clause
"""docs/locks.md names every lock of the kernel, by the name that it carries in the source, and no other."""
import pathlib
import re

TOP = pathlib.Path(__file__).resolve().parents[2]
MADE = re.compile(r'\b(?:SPINLOCK_INIT|WAIT_QUEUE_INIT|MUTEX_INIT|spin_init|mutex_init|rw_init|wait_queue_init)'
                  r'\([^";]*"([^"]+)"')


def locks_in_source():
    names = set()
    for top in ("arch", "drivers", "fs", "include", "kernel", "lib", "mm", "net"):
        for path in (TOP / top).rglob("*.[ch]"):
            if not path.name.startswith("selftest"):
                names |= set(MADE.findall(path.read_text()))
    return names


def rows():
    """The names in each row of the page's two tables of locks, in order: those that sleep, the spinlocks."""
    page = (TOP / "docs/locks.md").read_text()
    for title in ("Locks that sleep", "Spinlocks"):
        table = page.split(f"## {title}\n")[1].split("##")[0]
        yield [set(re.findall(r"`([^`]+)`", line.split("|")[1])) for line in table.splitlines() if line.startswith("| `")]


def test_every_lock_is_on_the_page_and_no_other():
    sleeping, spinning = rows()
    named = set().union(*sleeping, *spinning)
    assert locks_in_source() == named


def test_no_name_is_in_two_rows():
    for table in rows():
        assert sum(map(len, table)) == len(set().union(*table))
