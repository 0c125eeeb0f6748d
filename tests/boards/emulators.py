# SPDX-License-Identifier: BSD-2-Clause
"""Boards in emulators: machines whose whole command line is the board's own description, and their cards."""
import functools
import os
import re
import shlex
import shutil
import subprocess
import sys

import pexpect
import pytest

import harness

sys.path.insert(0, str(harness.TOP / "scripts"))
os.environ["BUILD"], os.environ["CACHE"] = str(harness.BUILD), str(harness.CACHE)
import board as boards  # noqa: E402

TOOLS = ("genimage", "mkimage", "dumpimage", "mcopy", "mkfs.vfat", "dtc")


@functools.cache
def card(name, tree=None):
    """The board, with its card image freshly made: with its usual device tree, or with "linux", Linux's. Skips where tools
    or the firmware package cannot be had."""
    missing = [t for t in TOOLS if not shutil.which(t) and not shutil.which(t, path="/usr/sbin:/sbin")]
    if missing:
        pytest.skip(f"no {', '.join(missing)} to make cards with")
    # Workers side by side make their own.
    kind = "-".join(filter(None, ["card", name, tree, os.environ.get("PYTEST_XDIST_WORKER")]))
    board = boards.Board(name, harness.BUILD / "boards" / kind)
    done = subprocess.run(["/usr/bin/python3", harness.TOP / "scripts/sdcard.py", name, "--out", board.out,
                           *(["--dtb", tree] if tree else [])], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          check=False)
    if "could not be had" in done.stdout:
        pytest.skip(done.stdout.strip().splitlines()[-1])
    assert done.returncode == 0, done.stdout
    return board


def need_machine(emulator, machine):
    """Skips where an emulator is missing, or has not the machine: a prebuilt one may be anything."""
    if not shutil.which(emulator):
        pytest.skip(f"no emulator {os.path.basename(emulator)}")
    if machine not in subprocess.run([emulator, "-M", "help"], capture_output=True, text=True, check=True).stdout:
        pytest.skip(f"{emulator} has no {machine}")


class Complaints:
    """What an emulator writes down about its guest: misuse that hardware would punish, and parts that it has not.

    Firmware has its share, which is known by its words (`known`, a pattern) and by its time: all from kernel_starts() on is
    the kernel's, and is to be nothing."""

    def __init__(self, path, known="(?!)"):
        self.path, self.known, self.firmware = path, re.compile(known), 0
        path.write_bytes(b"")
        self.options = ["-d", "guest_errors,unimp", "-D", str(path)]

    def kernel_starts(self):
        self.firmware = self.path.stat().st_size

    def of_the_kernel(self):
        text = self.path.read_text(errors="replace")
        before, after = text[:self.firmware], text[self.firmware:]  # (it is all ASCII)
        return "".join(line for line in before.splitlines(True) if not self.known.match(line)) + after


class Emulated(harness.Machine):
    """A machine given by its whole command line; all else is as in tests/boot."""

    def __init__(self, name, argv):  # pylint: disable=super-init-not-called
        if not shutil.which(argv[0]):
            pytest.skip(f"no emulator {os.path.basename(argv[0])}")
        harness.LOGS.mkdir(parents=True, exist_ok=True)
        self.path = harness.LOGS / f"{name}.log"
        self.log = open(self.path, "wb")
        self.log.write(shlex.join(argv).encode() + b"\n")
        self.start = self.log.tell()
        self.marks = 0
        self.child = pexpect.spawn(argv[0], argv[1:], timeout=30 * harness.SCALE, maxread=65536, dimensions=(24, 200),
                                   preexec_fn=harness.plain_terminal)
        self.child.logfile_read = self.log
        self.child.delaybeforesend = None

    def interrupt_autoboot(self, timeout=90):
        """Stops U-Boot's countdown; it is at its prompt then."""
        self.expect("Hit any key to stop autoboot", timeout)
        self.send(" ")
        self.expect(r"(=>|StarFive #) $", 30)


@pytest.fixture
def emulated(request):
    """Makes machines: emulated(argv); they end with the test."""
    started = request.node.machines = []

    def start(argv):
        name = request.node.name.replace("/", "_")
        started.append(Emulated(f"board-{name}-{len(started)}", argv))
        return started[-1]

    yield start
    for m in started:
        m.close()
