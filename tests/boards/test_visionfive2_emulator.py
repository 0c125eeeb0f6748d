# SPDX-License-Identifier: BSD-2-Clause
"""Quire in the VisionFive 2's emulator, whose harts keep what real ones may keep: translations that were invalid and
pointers to tables until a fence, stale translations behind a satp write, no A and D bits from hardware, no ASIDs; and
which logs code that runs without fence.i. Here OpenSBI starts the image directly; test_firmware.py has the whole way.

Skipped where there is no emulator: `make emulator` builds it, QEMU_VISIONFIVE2 names one.
"""
import functools
import os
import re
import subprocess

import pytest

from emulators import Complaints, boards, card, emulated  # noqa: F401
from harness import BUILD, CACHE, LOGS, TEST_ALL, TOP
from images import initramfs

SOURCES = TOP / "boards/visionfive2/emulator"
STATIC = {f"/bin/{path.name}-{path.parent.name}": path for path in sorted((BUILD / "user").glob("*/sampler"))}
# A hart keeps whole tables of what it reads one entry of, as if it had speculated.
AHEAD = ("-global", "jh7110-u74-riscv-cpu.cache-ahead=512")
HARTS = [(1, "2G"), (2, "4G"), (3, "8G"), (4, "4G")]
ALL_HARTS = [(hart, memory) for hart in (1, 2, 3, 4) for memory in ("2G", "4G", "8G")]


@functools.cache
def emulator():
    path = boards.built_emulator()
    if not os.access(path, os.X_OK):
        pytest.skip("no emulator of the VisionFive 2: make emulator")
    return path


@functools.cache
def firmware():
    """(OpenSBI, device tree) of the board's own u-boot.itb."""
    board = boards.Board("visionfive2")
    if not (board.package / board.data["u-boot"]).exists():
        subprocess.run([TOP / "scripts/fetch.sh", board.data["firmware"], CACHE], check=True)
    if not (board.package / board.data["u-boot"]).exists():
        pytest.skip("Debian's u-boot-starfive could not be had")
    return board.firmware("opensbi"), board.firmware("tree")


def log_of(test):
    """An empty file for what the emulator holds against the guest."""
    LOGS.mkdir(parents=True, exist_ok=True)
    path = LOGS / f"visionfive2-{re.sub('[^a-z0-9]+', '-', test.lower())}.errors"
    path.write_text("")
    return path


class Strict:
    """A booted machine, and the emulator's log of what the guest did wrong."""

    def __init__(self, start, name, append="", hart=1, memory="4G", extra=()):
        opensbi, tree = firmware()
        self.errors = log_of(name)
        self.machine = start([emulator(), "-M", f"visionfive2,boot-hart={hart}", "-m", memory, "-nographic", "-no-reboot",
                              "-bios", str(opensbi), "-dtb", str(tree), "-kernel", str(BUILD / "Image"),
                              "-append", f"panic=-1 {append}".strip(), "-d", "guest_errors,unimp", "-D", str(self.errors),
                              *extra])

    def clean(self):
        """Nothing was logged: all of it would be the kernel's doing."""
        assert self.errors.read_text() == ""


@pytest.fixture
def strict(emulated, request):  # noqa: F811
    return functools.partial(Strict, emulated, request.node.name)


def test_the_emulator_is_as_strict_as_it_says():
    opensbi, tree = firmware()
    done = subprocess.run([SOURCES / "selftest/selftest.sh", emulator(), opensbi, tree], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert len(re.findall(r"(?m)^ok ", done.stdout)) > 60


@pytest.mark.parametrize("hart,memory", ALL_HARTS if TEST_ALL else HARTS)
def test_a_session(strict, hart, memory):
    s = strict(hart=hart, memory=memory)
    m = s.machine.boot(120)
    assert re.search(rf"cpu: 4 usable, boot hart {hart}, timebase 4000000 Hz", m.text())
    assert re.search(rf"memory: {int(memory[0]) << 10} MiB", m.text())
    assert m.number("seq 1 1000 | grep 7 | sort -r | wc -l") == 271
    # Programs in pipes and in the background, at once; files made, copied, found again and removed.
    m.run("for i in 1 2 3 4; do (for j in $(seq 10); do seq $j | tac | tail -1; done > /tmp/out$i) & done; wait")
    assert m.run("cat /tmp/out? | sort | uniq -c").split() == ["40", "1"]
    m.run("mkdir /tmp/d && cp -r /etc /tmp/d/ && mv /tmp/d/etc /tmp/e")
    assert m.run("cd /tmp/e && find . | sort; cd") == m.run("cd /etc && find . | sort; cd")
    m.run("rm -r /tmp/e /tmp/d /tmp/out?")
    assert m.poweroff() == 0
    s.clean()


def test_the_emulator_counts_what_devices_store(emulated, request):  # noqa: F811
    """At U-Boot's prompt: its own code, written to the card and read back over itself."""
    board = card("visionfive2")
    errors = log_of(request.node.name)
    m = emulated(board.emulator(board.card) + ["-d", "guest_errors", "-D", str(errors)])
    m.interrupt_autoboot()
    for command, logged in (("mmc dev 1", False), ("mmc write 0xfff48000 0x2000 0x200", False),
                            ("mmc read 0xfff48000 0x2000 0x200", True)):
        before = errors.read_text()
        m.sendline(command)
        m.expect("StarFive # $", 30)
        assert ("was stored to since the last fence.i" in errors.read_text()[len(before):]) == logged, command


@pytest.mark.parametrize("hart", (1, 2, 3, 4) if TEST_ALL else (3,))
def test_behind_the_boot_loader(emulated, request, hart):  # noqa: F811
    """U-Boot loaded the image by DMA and leaves devices as it used them: still nothing to be logged."""
    board = card("visionfive2")
    complaints = Complaints(log_of(request.node.name), board.data["emulator"]["firmware-errors"])
    argv = board.emulator(board.card) + complaints.options
    argv[argv.index("-M") + 1] += f",boot-hart={hart}"
    m = emulated(argv)
    m.expect("Starting kernel", 120)
    complaints.kernel_starts()
    m.boot(120)
    m.run("forkstorm 100 && systorture", timeout=300)
    assert f"boot hart {hart}," in m.text()
    assert m.poweroff() == 0
    assert complaints.of_the_kernel() == ""


@pytest.mark.parametrize("append,extra", [("", ()), pytest.param("pti=off", (), marks=pytest.mark.full),
                                          pytest.param("pti=off", AHEAD, marks=pytest.mark.full)],
                         ids=["isolated", "shared", "shared-ahead"])
def test_programs(strict, append, extra):
    programs = ("-initrd", str(initramfs("visionfive2.cpio", STATIC))) if STATIC else ()
    s = strict(append=append, extra=(*programs, *extra))
    m = s.machine.boot(120)
    assert re.search(r"systorture: \d+ calls, \d+ errors, 0 wrong", m.run("systorture", timeout=300))
    assert "same" in m.run("forkstorm 300", timeout=300)
    for case in ("null-read", "null-exec", "kernel-read", "kernel-jump", "text-write", "exec-data", "exec-stack",
                 "stack-overflow"):
        assert m.run(f"faults {case}", status=None).count("killed by SIGSEGV") == 1
    assert m.run("faults illegal", status=None).count("killed by SIGILL") == 1
    for path in STATIC:
        assert "all good" in m.run(path, timeout=300)
    assert m.poweroff() == 0
    s.clean()


def test_new_code_in_old_frames(strict):
    """Files are overwritten in place and run again and again: each time their frames hold stored code."""
    s = strict()
    m = s.machine.boot(120)
    m.run("for i in $(seq 10); do cp /bin/nop /tmp/a && /tmp/a && dd if=/bin/nop of=/tmp/a conv=notrunc 2>/dev/null "
          "&& /tmp/a && cp /bin/busybox /tmp/sh && echo 'exit 3' | /tmp/sh; rm -f /tmp/sh; done", status=None)
    assert m.poweroff() == 0
    s.clean()


@pytest.mark.parametrize("name,extra", [("stress", ()), ("stress", AHEAD), ("tables", AHEAD), ("wx", ()), ("conserve", ()),
                                        ("shootdown", AHEAD), ("spaces", ())])
def test_selftest(strict, name, extra):
    s = strict(append=f"selftest={name}", hart=2, extra=extra)
    assert s.machine.expect(rf"selftest {name}: (pass|fail[^\n]*)", 240)[1] == b"pass"
    assert s.machine.exit_status() == 0
    s.clean()


@pytest.mark.parametrize("name,line", [("stack-overflow", "kernel stack overflow: stack of selftest"),
                                       ("stack-overflow@3", "kernel stack overflow: stack of selftest"),
                                       ("text-write", "store page fault in the kernel")])
def test_selftest_panics(strict, name, line):
    s = strict(append=f"selftest={name}")
    s.machine.expect(f"panic: {line}", 60)
    s.machine.exit_status()
    assert s.machine.text().count("panic: ") == 1
    s.clean()
