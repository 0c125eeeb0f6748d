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
from emulators import Complaints, Emulated, card
from harness import LOGS, TEST_ALL, Shared

MODULES = (test_session, test_faults, test_hostile, test_memory, test_cores)
# What takes long and asks the board nothing: in the long run only.
LONG = () if TEST_ALL else ("test_every_system_call_with_every_bad_pointer",)


def at_a_prompt():
    for module in MODULES:
        for name, test in inspect.getmembers(module, inspect.isfunction):
            if name.startswith("test_") and name not in LONG and "shell" in inspect.signature(test).parameters:
                yield name, test


globals().update(at_a_prompt())


def at_prompts_of(name):
    """Machines of a board, one at a time, each at its prompt, that start as a person would start them: U-Boot that missed
    its card is told once to look again. Before one is closed, nothing may be held against its kernel."""
    board = card(name)

    def start(number):
        log = f"session-on-{name}-{number}"
        complaints = Complaints(LOGS / f"{log}.errors", board.data["emulator"]["firmware-errors"])
        m = Emulated(log, board.emulator(board.card) + complaints.options)
        m.complaints = complaints
        if m.expect(r"Starting kernel|\n=> $", 180)[0] != b"Starting kernel":
            m.sendline(board.data["again"])
            m.expect("Starting kernel", 60)
        complaints.kernel_starts()
        return m.boot(120)

    def stop(m):
        assert m.complaints.of_the_kernel() == ""

    return Shared(start, stop)


@pytest.fixture(scope="module", params=["hifive-unleashed", "visionfive2"])
def shared(request):
    """One parameter after the other, so that one board is on at a time."""
    machines = at_prompts_of(request.param)
    yield machines
    machines.drop()


@pytest.fixture
def shell(request, shared):
    """As in tests/boot: a machine at its prompt that other tests use too."""
    yield from shared.lend(request)
