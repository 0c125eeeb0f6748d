# SPDX-License-Identifier: BSD-2-Clause
"""make boardtest, with emulators in the place of boards: their serial lines are ptys, their power switch is `cont`."""
import hashlib
import os
import pty
import re
import select
import shutil
import subprocess
import sys
import threading
import tty

import pytest

import harness
from emulators import boards, card


class Powered:
    """An emulated board that is off until it is switched on; its console is a pty."""

    def __init__(self, board):
        argv = board.emulator(board.card)
        if not shutil.which(argv[0]):
            pytest.skip(f"no emulator {argv[0]}")
        at = argv.index("-nographic")
        argv[at:at + 1] = ["-display", "none", "-serial", "pty", "-monitor", "stdio", "-S"]
        self.process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        while not (m := re.search(r"redirected to (/dev/\S+)", line := self.process.stdout.readline())):
            assert line, "the emulator ended"
        self.tty = m[1]

    def tell(self, command):
        self.process.stdin.write(command + "\n")
        self.process.stdin.flush()

    def close(self):
        self.process.kill()
        self.process.wait()


class Cable(threading.Thread):
    """A bad serial cable to a machine: noise when the power comes, and `trouble` once something certain is typed."""

    def __init__(self, machine, noise=b"", typed=None, trouble="silence"):
        super().__init__(daemon=True)
        self.machine, self.noise, self.typed, self.trouble = machine, noise, typed, trouble
        self.board = os.open(machine.tty, os.O_RDWR | os.O_NOCTTY)
        self.near, self.plug = pty.openpty()
        tty.setraw(self.board)
        tty.setraw(self.plug)
        self.tty = os.ttyname(self.plug)
        self.seen, self.done = b"", False
        self.start()

    def tell(self, command):
        os.write(self.near, self.noise)
        self.machine.tell(command)

    def pass_on(self, data):
        """From the person's side to the board's; what was typed may be what the trouble waits for."""
        self.seen = (self.seen + data)[-200:]
        if not self.typed or self.typed not in self.seen:
            os.write(self.board, data)
        elif self.trouble == "a byte less":
            self.typed = None
            os.write(self.board, data[:len(data) // 2] + data[len(data) // 2 + 1:])
        else:
            self.done = True

    def carry(self):
        for end in select.select([self.near, self.board], [], [])[0]:
            data = os.read(end, 4096)
            if not data:  # the machine is off
                self.done, self.trouble = True, "unplugged"
            elif end == self.near:
                self.pass_on(data)
            else:
                os.write(self.near, data)

    def run(self):
        while not self.done:
            self.carry()
        if self.trouble == "unplugged":
            os.close(self.plug)
            os.close(self.near)


@pytest.fixture
def powered(request):
    machine = Powered(card(request.param))
    yield request.param, machine
    machine.close()


def boardtest(name, machine, build=harness.BUILD, scale=harness.SCALE):
    """Runs the program as a person would: starts it, then switches the board on. (Its status, its words, its report.)"""
    program = subprocess.Popen([sys.executable, boards.TOP / "scripts/boardtest.py", name, machine.tty,
                                "--scale", str(scale)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                               env=dict(os.environ, BUILD=str(build)))
    said = program.stdout.readline()
    assert "Switch the board on" in said
    machine.tell("cont")
    said += program.communicate(timeout=900 * harness.SCALE)[0]
    return program.returncode, said, (build / "boards" / name / "report.md").read_text()


@pytest.mark.parametrize("powered", ["virt", "hifive-unleashed", "visionfive2"], indirect=True)
def test_the_whole_session(powered):
    name, machine = powered
    status, said, report = boardtest(name, machine)
    assert status == 0, said
    assert re.search(r"(\d+) passed, 0 failed", report)[1] == "11"
    assert report.startswith(f"# Quire on {boards.Board(name).data['name']}\n")
    image = hashlib.sha256((harness.BUILD / "Image").read_bytes()).hexdigest()
    assert f"Image sha256 {image}; the kernel that ran is this one." in report
    assert re.search(r"(?m)^- firmware, as the kernel sees it: OpenSBI \d", report)
    assert re.search(r"(?m)^- kernel: Quire \d", report)
    assert "    U-Boot 2" in report.split("## Log")[1]
    assert "| fast typing | passed |" in report and "- U-Boot: 2" in report and "- memory: " in report
    if name != "hifive-unleashed":  # whose firmware cannot switch it off
        assert machine.process.wait(timeout=60) == 0


@pytest.mark.parametrize("powered", ["virt"], indirect=True)
def test_a_board_that_never_starts(powered):
    """Without being switched on, with a short patience: a failure with a report, not an endless wait."""
    name, machine = powered
    program = subprocess.run([sys.executable, boards.TOP / "scripts/boardtest.py", name, machine.tty, "--scale", "0.01"],
                             capture_output=True, text=True, check=False, timeout=120)
    assert program.returncode == 1 and "FAILED  power-on to the prompt" in program.stdout
    assert "not one character came: is the board on" in program.stdout
    assert "0 passed" in (boards.Board(name).out / "report.md").read_text()


@pytest.mark.parametrize("powered", ["virt"], indirect=True)
def test_another_kernel_is_noticed(powered, tmp_path):
    """The card holds one image, the tree has another: whatever passes, the report says so."""
    name, machine = powered
    (tmp_path / "Image").write_bytes(bytes(1 << 20))
    status, said, report = boardtest(name, machine, tmp_path)
    assert status == 1 and "build id is another one" in said and "is NOT this one" in report


def test_no_line_at_all():
    done = subprocess.run([sys.executable, boards.TOP / "scripts/boardtest.py", "virt", "/dev/not-there"],
                          capture_output=True, text=True, check=False)
    assert done.returncode == 1 and "/dev/not-there" in done.stderr


# Lines that are not what they should be.

NOISE = bytes(range(256)) * 3 + b"\n=> \xff# \x1b[7m\x9b2J``` | \n"


@pytest.mark.parametrize("powered", ["virt"], indirect=True)
def test_noise_when_the_power_comes(powered):
    name, machine = powered
    status, said, report = boardtest(name, Cable(machine, NOISE))
    assert status == 0, said
    assert "11 passed, 0 failed" in report
    assert re.fullmatch(r"[\n\t -~]*", report), "only text"


@pytest.mark.parametrize("powered", ["virt"], indirect=True)
def test_one_byte_that_is_lost(powered):
    """The step that typed it fails, alone: the next ones start from a prompt again."""
    name, machine = powered
    status, said, report = boardtest(name, Cable(machine, typed=b"quick brown fox", trouble="a byte less"))
    assert status == 1 and "FAILED  fast typing" in said
    assert "10 passed, 1 failed" in report
    assert re.search(r"(?m)^\| fast typing \| `echo 'The quick [^|]* \\\| md5sum` printed '[0-9a-f]{32} -' \|$", report)


@pytest.mark.parametrize("powered", ["virt"], indirect=True)
@pytest.mark.parametrize("trouble,words", [("silence", "nothing like"), ("unplugged", "the serial line is gone")])
def test_a_line_that_breaks(powered, trouble, words):
    name, machine = powered
    status, said, report = boardtest(name, Cable(machine, typed=b"seq 1 1000", trouble=trouble), scale=0.2 * harness.SCALE)
    assert status == 1 and f"FAILED  pipelines: {words}" in said
    assert "FAILED  the shell after that: does not answer any more" in said
    assert "1 passed, 2 failed" in report and "Traceback" not in said


@pytest.mark.parametrize("powered", ["virt"], indirect=True)
def test_another_speed(powered):
    """Bytes come, but no text: the report says where to look."""
    name, machine = powered
    cable = Cable(machine, bytes([0, 0x80, 0xf8, 0xff, 0x1c]) * 100, typed=b"never")
    machine.tell = lambda _: None  # it stays off
    status, said, _ = boardtest(name, cable, scale=0.02)
    assert status == 1 and "is the line at 115200 baud" in said
