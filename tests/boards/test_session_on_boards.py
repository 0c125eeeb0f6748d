# SPDX-License-Identifier: BSD-2-Clause
"""The tests of tests/boot that need no more than a prompt, on boards in their emulators: from the card, through the
board's own firmware, over the board's own UART. They are the same functions, run with other machines; each board is
booted once for all of them (and again after a test that failed)."""
import inspect

import pytest

import test_cores
import test_faults
import test_hostile
import test_memory
import test_session
from emulators import Emulated, card, need_card_reader
from harness import LOGS, Shared

MODULES = (test_session, test_faults, test_hostile, test_memory, test_cores)


def at_a_prompt():
    for module in MODULES:
        for name, test in inspect.getmembers(module, inspect.isfunction):
            if name.startswith("test_") and "shell" in inspect.signature(test).parameters:
                yield name, test


globals().update(at_a_prompt())


def boot(board, number, more=()):
    """From power-on to the prompt, as a person would: U-Boot that missed its card is told once to look again."""
    m = Emulated(f"session-on-{board.key}-{number}", board.emulator(board.card) + list(more))
    if m.expect(r"Starting kernel|\n=> $", 180)[0] != b"Starting kernel":
        m.sendline(board.data["again"])
        m.expect("Starting kernel", 60)
    return m


class Complaints:
    """What the emulator writes down that hardware would punish: from the kernel's start on, nothing."""

    def __init__(self, board):
        self.path = LOGS / f"session-on-{board.key}.errors"
        self.arguments = ["-d", "guest_errors,unimp", "-D", str(self.path)]
        self.firmware = b""

    def from_here_on(self):
        self.firmware = self.path.read_bytes()

    def check(self, _machine):
        assert self.path.read_bytes()[len(self.firmware):] == b""


@pytest.fixture(scope="module")
def hifive_unleashed():
    board = card("hifive-unleashed")
    need_card_reader("hifive-unleashed")
    shared = Shared(lambda n: boot(board, n).boot(120))
    yield shared
    shared.drop()


@pytest.fixture(scope="module")
def visionfive2():
    board = card("visionfive2")
    complaints = Complaints(board)

    def start(number):
        m = boot(board, number, complaints.arguments)
        complaints.from_here_on()
        return m.boot(120)

    shared = Shared(start, complaints.check)
    yield shared
    shared.drop()


@pytest.fixture(params=["hifive_unleashed", "visionfive2"])
def shell(request):
    """As in tests/boot: a machine at its prompt that other tests use too."""
    shared = request.getfixturevalue(request.param)
    machine = shared.get()
    request.node.machines = [machine]
    yield machine
    if getattr(request.node, "failed", False):
        shared.drop()
