# SPDX-License-Identifier: BSD-2-Clause
"""The lock checker and the watchdog of DEBUG=1 builds: each finding is provoked and must be reported. And what a panic
says of the other cpus, in every build."""
import re

import pytest

import harness
import images
import rsp



def panic(m, timeout=60):
    """(the line of the panic, all that was printed from there on); one panic, and the machine ends."""
    line = m.expect(r"(?m)^panic: [^\n]*\n", timeout)[0].decode().strip()
    assert m.exit_status() == 0
    text = m.text()
    assert text.count("panic: ") == 1
    return line, text[text.index("panic: "):]


FINDINGS = {
    "lock-order": r"lock order: spinlock red taken at take_both\S* while green is held from take_both\S*",
    "lock-circle": r"lock order: spinlock red taken at take_both\S* while blue is held from take_both\S*",
    "lock-pair": r"lock order: spinlock twin taken at take_both\S* while another of its kind is held",
    "lock-order-sleeping": r"lock order: lock tea taken at drink\S* while milk is held from drink\S*",
    "lock-tried": r"lock order: lock milk taken at drink\S* while tea is held from drink\S*",
    "sleep-spinlock": r"sleeping with spinlock red held from selftest_sleep_spinlock\S*",
    "sleep-irqs-off": r"sleeping with interrupts off",
    "sleep-interrupt": r"sleeping in an interrupt",
    "lock-irqs-on": r"spinlock red taken with interrupts on",
    "lock-twice": r"spinlock red taken twice by cpu 0",
    "lock-foreign": r"lock tea released by a thread that does not hold it",
    "lock-kept": r"lock tea is still held from leave_with_lock\S*",
}

# The way round that was known before, edge by edge.
WAYS = {
    "lock-order": [("green", "red")],
    "lock-circle": [("green", "red"), ("blue", "green")],
    "lock-order-sleeping": [("milk", "tea")],
    "lock-tried": [("tea", "milk")],
}


@pytest.mark.debug
@pytest.mark.smoke
@pytest.mark.parametrize("name", FINDINGS)
def test_finding_is_reported(machine, name):
    line, text = panic(machine(append=f"selftest={name}"))
    assert re.match(rf"panic: {FINDINGS[name]}", line), line
    assert re.findall(r"(?m)^  before: (\w+) taken at \S+ while (\w+) was held from \S+$", text) == WAYS.get(name, [])
    assert re.search(rf"selftest_{name.replace('-', '_')}|leave_with_lock|timer_run", text), "no backtrace to the culprit"


@pytest.mark.debug
@pytest.mark.smoke
def test_what_is_held_is_shown(machine):
    _, text = panic(machine(append="selftest=lock-order"))
    held = re.findall(r"(?m)^  cpu 0 holds or waits for spinlock (\w+) from take_both\S*$", text)
    assert held == ["green"]


@pytest.mark.debug
@pytest.mark.smoke
def test_watchdog_names_lock_and_holder(machine):
    """The holder is deaf: what can be said of it is who it is and where it took the lock."""
    line, text = panic(machine(smp=2, append="selftest=lock-watchdog lockwatch=1"))
    assert re.match(r"panic: deadlock: spinlock red has been held by cpu 1 for 1 s, from hold_for_ever\S*", line), line
    assert "cpu 1, running kernel thread holder, does not stop" in text
    assert re.search(r"cpu 1 holds or waits for spinlock red from hold_for_ever", text)
    assert re.search(r"#\d+ 0x[0-9a-f]{16} selftest_lock_watchdog", text)


@pytest.mark.debug
def test_watchdog_waits_its_time(machine):
    """A slow holder is no deadlock: nothing is said before the time is over."""
    m = machine(smp=2, append="selftest=lock-watchdog lockwatch=3600")
    m.expect("selftest|initramfs:")
    assert m.child.expect([r"panic:", harness.pexpect.TIMEOUT], timeout=5) == 1


@pytest.mark.parametrize("smp", [4, 8])
def test_panic_tells_what_every_cpu_ran(machine, smp):
    line, text = panic(machine(smp=smp, append="selftest=panic-stops"))
    assert line == "panic: on purpose, with 3 cpus busy"
    assert "\non cpu 0, running kernel thread selftest\n" in text
    assert re.search(r"cpu 1, running kernel thread computer, at compute\+0x[0-9a-f]+\n", text)
    assert re.search(r"cpu 2, running kernel thread spinner, at spin(_wait)?\+0x[0-9a-f]+\n", text)
    assert re.search(r"cpu 3, running kernel thread deaf, does not stop\n", text)
    idle = re.findall(r"cpu (\d), running kernel thread idle, at \w+\+0x[0-9a-f]+\n", text)
    assert idle == [str(cpu) for cpu in range(4, smp)]


IMAGE_VIRTUAL, IMAGE_PHYSICAL = 0xFFFFFFFF80000000, 0x80200000
BREAKPOINT = "02900290"  # c.ebreak, twice


def test_panic_names_the_programs_of_other_cpus(machine, tmp_path):
    """A program that computes is stopped in user mode, where its address says nothing to the kernel's symbols. The
    panic comes from a system call into which a breakpoint was written."""
    m = machine(smp=2, extra=["-gdb", f"unix:{tmp_path}/gdb,server=on,wait=off"]).boot()
    m.run("while :; do :; done &")
    where = images.symbols()["sys_uname"] - IMAGE_VIRTUAL + IMAGE_PHYSICAL
    rsp.Remote(tmp_path / "gdb").poke(where, BREAKPOINT)
    m.sendline("uname")
    line, text = panic(m)
    assert "breakpoint" in line
    here = re.search(r"\non cpu (\d), running pid \d+ uname\n", text)
    assert here
    assert re.search(rf"\n   cpu {1 - int(here[1])}, running pid \d+ \w+, in user mode at 0x[0-9a-f]+\n", text)


def order_of_the_page():
    """{name: row} of the locks that sleep, and of spinlocks; a wait queue has the name of its lock that sleeps."""
    page = (harness.TOP / "docs/locks.md").read_text()
    ranks = []
    for title in ("Locks that sleep", "Spinlocks"):
        table = page.split(f"## {title}\n")[1].split("##")[0]
        rows = [re.findall(r"`([^`]+)`", line.split("|")[1]) for line in table.splitlines() if line.startswith("| `")]
        ranks.append({name: row for row, names in enumerate(rows) for name in names})
    sleeping, spinning = ranks
    return sleeping, {**{name: spinning["sleep"] for name in sleeping}, **spinning}


WORK = ["ls -lR / >/dev/null 2>&1", "forkstorm 50", "cat /proc/*/maps /proc/*/status /proc/*/cmdline /proc/*/stat >/dev/null 2>&1",
        "mkfifo /tmp/fifo; (echo a >/tmp/fifo &); cat /tmp/fifo; cp /bin/busybox /tmp/b; rm /tmp/b /tmp/fifo",
        "yes | head -c 300000 | wc -c", "mkdir /tmp/m; mount -t tmpfs none /tmp/m; cat /proc/mounts; umount /tmp/m",
        "torture -n 3000", "ls -l /proc/self/fd/ /proc/1/ >/dev/null; stty -a >/dev/null; sleep 0.1 & wait; dmesg | tail -n 1"]


@pytest.mark.debug
def test_the_page_has_the_order_that_is_kept(machine):
    """What the checker has learnt in some minutes of a machine's life agrees with docs/locks.md."""
    m = machine(smp=4).boot()
    for command in WORK:
        m.run(command, None, timeout=240)
    learnt = re.findall(r"(?m)^(spinlock|lock) (.+) before (.+?)\s*$", m.run("cat /proc/lockorder"))
    assert len(learnt) > 20
    sleeping, spinning = order_of_the_page()
    for kind, held, taken in learnt:
        rank = spinning if kind == "spinlock" else sleeping
        assert rank[held] < rank[taken], f"{kind} {held} before {taken}"
