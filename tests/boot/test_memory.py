# SPDX-License-Identifier: BSD-2-Clause
"""Out of memory, failing allocations, storms of processes: an error or one death, and nothing is lost."""
import re

import pexpect
import pytest

import images
from harness import PROMPT, TEST_ALL
from libc_programs import others


@pytest.fixture(scope="module")
def small(worker_name):
    """A machine with little memory, that running out does not take long."""
    from harness import Machine
    m = Machine(f"small{worker_name}", mem="32M").boot()
    yield m
    m.close()


@pytest.mark.parametrize("case", ["brk", "mmap", "read", "fork", "pipe", "exec"])
def test_out_of_memory(small, request, case):
    request.node.machines = [small]
    output = small.run(f"oom {case}; echo status $?", status=None, timeout=600)
    assert re.search(rf"oom {case}: .*\n(.*\n)*status 0", output), output
    if case in ("mmap", "read"):
        # A page that is not there when it is touched: the program dies, with its line.
        assert re.search(r"oom \(pid \d+\): killed: out of memory: \d+ KiB resident", output), output
    assert "panic:" not in output
    assert small.run("echo alive; ls / | wc -l").startswith("alive")


def test_who_eats_memory_dies_and_nobody_else(machine):
    """Three at once on four harts: each ends, with one line; the shell and init live, and memory is back."""
    m = machine(smp=4, mem="48M").boot()
    m.run("oom mmap", status=None, timeout=300)
    before = m.holdings()
    output = m.run("(oom mmap & oom brk & oom mmap & wait)", status=None, timeout=600)
    died = re.findall(r"(\w+) \(pid \d+\): killed: out of memory: \d+ KiB resident", output)
    assert died == ["oom"] * 3, output
    assert len(re.findall(r"^oom (?:mmap|brk): ended by signal 9", output, re.M)) == 3, output
    assert m.run("cat /proc/1/comm").strip() == "init"
    m.assert_holds(before)


def test_the_holder_of_a_lock_is_chosen_when_those_who_wait_for_it_cannot_end(machine):
    """They have most memory, and are waited for in vain, once each."""
    m = machine(smp=4, mem="48M").boot()
    output = m.run("oom lock", timeout=120)
    assert "oom lock: 0 of 3 ended otherwise" in output
    assert re.search(r"oom \(pid \d+\): killed: out of memory", output), output


def test_who_fills_pipes_dies_and_not_the_shell(machine):
    """It has less memory of its own than the shell."""
    m = machine(mem="32M").boot()
    shell = m.run("echo $$")
    output = m.run("oom pipe", timeout=300)
    assert re.findall(r"(\w+) \(pid \d+\): killed: out of memory: (?=.* [1-9]\d{4} KiB in pipes)", output) == ["oom"], output
    assert "oom pipe: ended by signal 9" in output
    assert m.run("echo $$") == shell


@pytest.mark.smoke
def test_what_programs_say_of_their_memory(shell):
    """Locks and their limit, advice, presence, files that become shorter under a mapping."""
    output = shell.run("memcalls", timeout=120)
    assert re.search(r"^memcalls: (\d\d) checks, 0 wrong$", output, re.M), output


def starts(m, name):
    """Where that part of a program begins, in four programs."""
    return {m.run(f"grep -F '[{name}]' /proc/self/maps").split("-")[0] for _ in range(4)}


@pytest.mark.parametrize("append", ["", "norandmaps"])
def test_addresses_are_random_unless_told_otherwise(machine, append):
    m = machine(append=append).boot()
    for name in ["stack", "vdso", "heap"]:
        assert (len(starts(m, name)) > 1) == (append == ""), name


def test_out_of_memory_leaves_no_memory_behind(small, request):
    request.node.machines = [small]
    run_out = "for c in brk fork pipe exec; do oom $c; done >/dev/null 2>&1"
    small.run(run_out, status=None, timeout=240)
    before = small.holdings()
    small.run(run_out, status=None, timeout=240)
    small.assert_holds(before)


def test_file_that_fills_memory(small, request):
    request.node.machines = [small]
    before = small.holdings()
    output = small.run("dd if=/dev/zero of=/tmp/full bs=64k 2>&1", status=1, timeout=600)
    assert re.search("No space left|Cannot allocate|out of memory", output, re.I)
    small.run("rm /tmp/full")
    small.assert_holds(before)


@pytest.mark.smoke
def test_2000_processes_leave_no_memory_behind(shell):
    output = shell.run("forkstorm 2000", timeout=300)
    assert re.search(r"forkstorm: 2000 rounds, free before \d+ kB, after \d+ kB: same", output), output


def test_every_system_call_with_every_bad_pointer(shell):
    output = shell.run("systorture", timeout=300)
    last = output.splitlines()[-1]
    m = re.fullmatch(r"systorture: (\d+) calls, (\d+) errors, 0 wrong", last)
    assert m and int(m[1]) > 500 and int(m[2]) > 300, output[-2000:]
    assert "panic:" not in output
    assert shell.run("echo alive") == "alive\n"


# Allocations that fail.

ACTIONS = ("fork", "exec", "clone", "mmap", "fault", "mremap", "pipe", "open", "memfd", "shm", "signal", "lock",
           "epoll", "timerfd", "signalfd", "timer", "pidfd", "stream", "datagram", "connect")


def objects(m):
    """How many objects of each kind the kernel has."""
    return {name: int(n) for name, n in re.findall(r"^(\w.*?) +(\d+)(?: +\d+){3}\r*$", m.run("cat /proc/slabinfo"), re.M)}


def test_each_allocation_of_many_calls_may_fail(shell):
    """Through /proc/self/fail-nth: every k until it passes untouched, in one boot; free pages the same at the end, and objects,
    of which twenty rounds would lose twenty. The first time fills the caches of all cpus."""
    shell.run("failnth", timeout=600)
    before = objects(shell)
    output = shell.run("failnth", timeout=600)
    grown = {name: f"{before.get(name, 0)} and then {n}" for name, n in objects(shell).items() if n >= before.get(name, 0) + 20}
    assert before and not grown, grown
    m = re.search(r"failnth: allocations (.*); free kB before (\d+), after (\d+)", output)
    counted = dict(word.split() for word in m[1].split(", "))
    assert tuple(counted) == ACTIONS and all(int(n) > 0 for n in counted.values()), output[-2000:]
    assert abs(int(m[2]) - int(m[3])) <= 64, output[-2000:]
    assert shell.run("echo alive") == "alive\n"


# Runs of a program that make more allocations together than the largest k: the one that fails is behind us then.
RUNS = 24


@pytest.mark.parametrize("k", [1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 144, 233])
def test_failalloc_word(machine, k):
    """The k-th allocation after pid 1's exec fails, whoever makes it: an error that the shell shows, or the end of one
    process, which may be pid 1; and after that one everything works."""
    m = machine(append=f"init=/bin/sh failalloc={k}")
    try:
        m.boot()
        for _ in range(RUNS):
            m.sendline("/bin/nop")
            m.expect(PROMPT)
        m.run("/bin/nop")
    except pexpect.EOF:
        assert re.search(r"(?m)^init: (ended with status|killed by signal) \d+", m.text()), m.text()[-1000:]
        assert m.exit_status() == 0
    assert "panic:" not in m.text()


# Each k in turn is what failnth does, within one boot; here the early ones and a sample of the rest boot by the word.
@pytest.mark.full
@pytest.mark.parametrize("k", [*range(1, 20), *range(20, 600, 15)])
def test_failalloc_word_for_more_k(machine, k):
    test_failalloc_word(machine, k)


# Programs that nobody here wrote.

@pytest.mark.parametrize("libc", ["glibc", pytest.param("musl", marks=pytest.mark.full), "musl-pie"])
def test_static_programs(machine, libc):
    """Each program of user/libc, built against this C library, reports success, and leaves nothing behind."""
    programs = others(libc)
    if libc != "glibc" and not programs:
        pytest.skip("musl could not be had")
    assert programs, "make user-libc has built nothing"
    m = machine(initrd=images.initramfs(f"{libc}.cpio", {f"/libc/{p.name}": p for p in programs}), smp=2).boot()
    for p in programs:
        m.run(f"/libc/{p.name}", timeout=600)
        before = m.holdings()
        m.run(f"/libc/{p.name}", timeout=600)
        m.assert_holds(before)
        assert p.name not in m.run("ps | grep -v grep"), p.name
    assert m.poweroff() == 0


def test_storm_of_everything_on_ram_of_noise(machine):
    """Many programs that fork, map, write, exec and signal at once; then memory and processes are as before."""
    storms = others("musl") or others("glibc")
    storm = next(p for p in storms if p.name == "storm")
    m = machine(initrd=images.initramfs("storm.cpio", {"/libc/storm": storm}), smp=4, machine="virt,memory-backend=ram",
                extra=images.noisy_ram("128M")).boot()
    m.run("/libc/storm 2 1", timeout=600)
    before = m.holdings()
    m.run("/libc/storm 5 2", timeout=600)
    m.assert_holds(before)


# Translations on other cpus.

@pytest.mark.parametrize("smp", [2, 4])
def test_no_cpu_reads_what_another_has_unmapped(machine, smp):
    """Readers that never enter the kernel, and so never forget a translation by themselves."""
    m = machine(smp=smp).boot()
    assert m.run("stale 40", timeout=600) == f"stale: 40 rounds, {smp - 1} readers, 0 stale loads\n"
    assert m.poweroff() == 0


# 2 MiB pages.

LARGE = r"large: {} rounds, \d+ threads, {} KiB in 2 MiB pages at first, 0 wrong words\n"


def test_threads_split_large_pages(machine):
    """Each thread changes pages that lie between those of the others; afterwards all memory is back."""
    m = machine(smp=4).boot()
    m.run("large 1", timeout=600)
    before = m.holdings()
    rounds = 6 if TEST_ALL else 2
    assert re.fullmatch(LARGE.format(rounds, 16384), m.run(f"large {rounds}", timeout=600))
    m.assert_holds(before)
    assert m.poweroff() == 0


@pytest.mark.parametrize("word", ["never", "madvise"])
def test_thp_word(machine, word):
    m = machine(append=f"thp={word}").boot()
    assert re.fullmatch(LARGE.format(1, 0), m.run("large 1", timeout=600))
    assert m.poweroff() == 0
