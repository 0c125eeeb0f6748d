# SPDX-License-Identifier: BSD-2-Clause
"""Boards in emulators: machines whose whole command line is the board's own description, and their cards."""
import functools
import os
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
def card(name):
    """The board, with its card image freshly made. Skips where tools or the firmware package cannot be had."""
    missing = [t for t in TOOLS if not shutil.which(t) and not shutil.which(t, path="/usr/sbin:/sbin")]
    if missing:
        pytest.skip(f"no {', '.join(missing)} to make cards with")
    done = subprocess.run(["/usr/bin/python3", harness.TOP / "scripts/sdcard.py", name], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False)
    if "could not be had" in done.stdout:
        pytest.skip(done.stdout.strip().splitlines()[-1])
    assert done.returncode == 0, done.stdout
    return boards.Board(name)


@functools.cache
def spl_reads_cards(name):
    """Whether the emulator's card answers the board's own first stage; QEMU 10.0's of the Unleashed does not."""
    board = card(name)
    argv = board.emulator(board.card)
    if not shutil.which(argv[0]):
        pytest.skip(f"no emulator {os.path.basename(argv[0])}")
    child = pexpect.spawn(argv[0], argv[1:], timeout=60 * harness.SCALE)
    try:
        return child.expect([r"U-Boot [0-9]", r"spl: mmc init failed"]) == 0
    finally:
        child.close(force=True)


def need_card_reader(name):
    if not spl_reads_cards(name):
        pytest.skip(f"{name}: this QEMU's card does not answer U-Boot's SPL")


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
