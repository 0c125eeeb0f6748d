# SPDX-License-Identifier: BSD-2-Clause
"""make boardtest, with emulators in the place of boards: their serial lines are ptys, their power switch is `cont`."""
import os
import re
import shutil
import subprocess
import sys

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


@pytest.fixture
def powered(request):
    machine = Powered(card(request.param))
    yield request.param, machine
    machine.close()


def boardtest(name, machine, build=harness.BUILD):
    """Runs the program as a person would: starts it, then switches the board on."""
    program = subprocess.Popen([sys.executable, boards.TOP / "scripts/boardtest.py", name, machine.tty,
                                "--scale", str(harness.SCALE)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
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
    assert "the kernel that ran is this one" in report
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
