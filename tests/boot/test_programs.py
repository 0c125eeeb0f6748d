# SPDX-License-Identifier: BSD-2-Clause
"""Programs that nobody here wrote (scripts/programs.sh): sessions with sqlite3, lua, dash and MicroPython, tests of their
own where they bring some, and stress-ng. All on four harts, on machines that check every table of theirs at the end."""
import os
import pathlib
import re
import subprocess

import pytest

import images
from harness import TOP, Machine, Shared

SESSIONS = TOP / "tests/boot/programs"
HOME = "/root"  # of the guest's shell
ROWS = 100_000


def archive():
    """The default archive, the programs, and our sessions where its shell begins."""
    tree = pathlib.Path(subprocess.run([TOP / "scripts/programs.sh", "--path"], check=True, capture_output=True,
                                       text=True).stdout.strip())
    if not tree.is_dir():
        pytest.skip("the programs of others are not built: make programs")
    files = {"/" + str(p.relative_to(tree)): p for p in tree.rglob("*") if p.is_file()}
    files.update({os.path.join(HOME, p.name): p for p in SESSIONS.iterdir()})
    return images.initramfs(f"programs-{os.getpid()}.cpio", files)


def tables_hold(m):
    m.sendline("poweroff")
    assert m.expect(r"selftest tables: (pass|fail[^\n]*)", 60)[1] == b"pass"


@pytest.fixture(scope="module")
def machines(worker_name):
    initrd = archive()
    shared = Shared(lambda n: Machine(f"programs{worker_name}-{n}", smp=4, mem="512M", initrd=initrd,
                                      append="selftest=tables@end").boot(), tables_hold)
    yield shared
    shared.drop()
    initrd.unlink()


@pytest.fixture
def guest(request, machines):
    """A machine with the programs."""
    yield from machines.lend(request)


# Interpreters.

DASH = """pipe: 1000 999 998
here-document: two and two are 4
loop: 42
trap: told
status: 7
killed: 15
children: 1000 2000 3000 4000 5000 6000 7000 8000
fifo: a5a208cd26b07cadade3450fe14d1d93  -
exec: name 3
limit: 40
left: 0
"""


def test_dash(guest):
    output = guest.run("dash session.dash")
    assert [line.rstrip() for line in output.splitlines()] == DASH.splitlines()


def test_lua(guest):
    lines = guest.run("lua session.lua", timeout=120).splitlines()
    assert len(lines) == 13 and all(line.endswith(": good") for line in lines), lines


def test_micropython(guest):
    lines = guest.run("micropython session.py", timeout=120).splitlines()
    assert lines == ["nodes 4095", "given back True", f"threads {[(n, 20) for n in range(6)]}"]


# What its own tests need and Quire has not, or what goes wrong with it on any machine.
MICROPYTHON_WITHOUT = [
    "extmod/select_poll_*",    # sockets
    "extmod/socket_*",
    "extmod/websocket_basic",
    "extmod/asyncio_fair",     # its book is of a machine that is not loaded
    "basics/builtin_help",     # its book is of another configuration
    "thread/mutate_*",         # it has no lock around what threads share, and they say so by crashing
    "thread/stress_schedule",  # upstream: "has reliability issues"
]


def micropythons_own(m, patterns, timeout):
    m.run("cd /usr/lib/micropython-tests && rm -f " + " ".join(f"{name}.py.exp" for name in MICROPYTHON_WITHOUT) + "; cd")
    lines = m.run(f"sh micropython.sh {patterns}", timeout=timeout).splitlines()
    count = re.fullmatch(r"(\d+) tests, (\d+) not for this machine", lines[-1])
    assert count and lines[:-1] == [], "\n".join(lines)
    return int(count[1]) - int(count[2])


def test_micropythons_own_tests(guest):
    """Those of its memory and of its threads."""
    assert micropythons_own(guest, "'basics/gc*' 'basics/gen*' 'micropython/heap*' 'stress/*' 'thread/thread_*'", 300) > 60


@pytest.mark.full
def test_all_of_micropythons_own_tests(guest):
    assert micropythons_own(guest, "'*/*'", 3600) > 600


# Databases.

def prices():
    """What the prices of database.sql add up to: all of them, and the tenth of them after they were raised."""
    price = [x * 7919 % 100003 for x in range(ROWS + 1)]
    return sum(price[1:]), sum(p + 1_000_000 for p in price[10::10]), price.index(42)


def test_sqlite_with_many_rows(guest):
    total, raised, answer = prices()
    assert guest.run("cd /tmp && sqlite3 shop.db < ~/database.sql; cd", timeout=300).splitlines() == [
        f"rows|{ROWS}|{ROWS * (ROWS + 1) // 2}|{total}",
        f"by index|{answer}|item-{answer:06d}",
        f"updated|{ROWS // 10}|{raised}",
        "deleted|90000",
        "rolled back|90000",
        "ok"]
    plan = guest.run("sqlite3 /tmp/shop.db 'explain query plan select * from item where price = 42'")
    assert "USING INDEX by_price" in plan
    # Another process finds what this one wrote; and what one that was killed has half written is rolled back.
    guest.run("(echo 'pragma cache_size=10; begin; update item set price = -1;'; sleep 100) | sqlite3 /tmp/shop.db & "
              "until [ -s /tmp/shop.db-journal ]; do sleep 0.1; done; sleep 0.5; kill -9 $(pidof sqlite3)", status=None)
    assert guest.run("sqlite3 /tmp/shop.db 'select count(*) from item where price < 0; pragma integrity_check'") == "0\nok\n"
    guest.run("kill %1; wait; rm /tmp/shop.db*", status=None)


def test_sqlite_writers_take_turns(guest):
    """sqlite's own test of several processes: record locks."""
    output = guest.run("cd /tmp && sqlite-mptester mp.db /usr/lib/sqlite/multiwrite01.test; cd", timeout=600)
    assert re.search(r"Summary: 0 errors out of \d{2,} tests", output), output
    guest.run("rm -f /tmp/mp.db*")


@pytest.mark.full
def test_sqlite_with_threads(guest):
    """sqlite's own test of many threads in one process, with the log in shared memory."""
    output = guest.run("cd /tmp && sqlite-threadtest3 walthread3; cd", timeout=600)
    assert "0 errors" in output.splitlines()[-1], output
    guest.run("rm -f /tmp/test.db*")


# stress-ng.

STRESS = {"vm": "--vm 2 --vm-bytes 32M", "fork": "--fork 2", "switch": "--switch 2", "mmap": "--mmap 2 --mmap-bytes 16M",
          "pthread": "--pthread 2", "futex": "--futex 2", "pipe": "--pipe 2", "sigq": "--sigq 2", "mlock": "--mlock 2",
          "brk": "--brk 2 --brk-bytes 32M", "stack": "--stack 2"}


def log(m):
    """What the kernel had to say, but for calls that it does not know (builds that check more tell that)."""
    return [line for line in m.run("dmesg").splitlines() if "no system call" not in line]


# The kernel keeps the page tables of its stacks: one for each 64 threads that there were at the same time.
STACK_TABLES_KB = 512


def stress(m, names, seconds):
    """Runs stressors side by side; they verify what they do. The kernel must have nothing to say about it."""
    before = log(m)
    words = " ".join(STRESS[name] for name in names)
    output = m.run(f"stress-ng {words} --verify -t {seconds}", timeout=120 + 4 * seconds)
    assert "successful run completed" in output and f"passed: {2 * len(names)}:" in output, output
    assert not re.search(r"stress-ng: fail:|failed: [1-9]", output), output
    assert log(m) == before


def stress_leaves_nothing(m, groups, seconds):
    stress(m, groups[0], 1)
    before = m.holdings()
    for names in groups:
        stress(m, names, seconds)
    m.assert_holds(before, STACK_TABLES_KB)


def test_stress(guest):
    """Two kinds at a time."""
    names = list(STRESS)
    stress_leaves_nothing(guest, [names[i:i + 2] for i in range(0, len(names), 2)], 3)


@pytest.mark.full
@pytest.mark.parametrize("name", list(STRESS))
def test_stress_for_a_minute(guest, name):
    stress_leaves_nothing(guest, [[name]], 60)


@pytest.mark.full
def test_stress_of_all_kinds_at_once(guest):
    stress_leaves_nothing(guest, [list(STRESS)], 60)
