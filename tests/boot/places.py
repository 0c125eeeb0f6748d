# SPDX-License-Identifier: BSD-2-Clause
"""The machines that tests at a prompt run on: QEMU's "virt" with 1, 2, 4 and 8 harts, its SiFive board (harts 1 to 4 run,
hart 0 has no MMU), and the VisionFive 2's emulator, started on any of its harts. `make test-all` runs each such test on each
of them, `make test` each test on one, chosen by the test's name: of a file with some tests, on all of them.
"""
import sys
import zlib

import harness

HARTS = [1, 2, 4, 8]
VIRT = {f"virt{n}": {"smp": n} for n in HARTS}
# OpenSBI 1.1 turns in circles on hart 0, which it does not use, and so takes one of the host's processors from the tests.
NEWER = {"bios": "debian13"} if harness.DEBIAN13_FIRMWARE.exists() else {}
# What `make test` draws from: emulators that everybody has.
SAMPLED = {**VIRT, "sifive_u": {"machine": "sifive_u", "smp": 5, **NEWER}}
BOARDS = [f"visionfive2-hart{n}" for n in (1, 2, 3, 4)]
ALL = [*SAMPLED, *BOARDS]


def sample(name, values):
    """One of the values, always the same for a test of this name."""
    return values[zlib.crc32(name.encode()) % len(values)]


def start(place, name):
    """A machine of that kind, on its way to the prompt."""
    if place in SAMPLED:
        return harness.Machine(name, **SAMPLED[place])
    return start_visionfive2(int(place[-1]), name)


def start_visionfive2(hart, name):
    """The emulator's own way to be started belongs to its tests. Skips where it is not built."""
    sys.path.insert(0, str(harness.TOP / "tests/boards"))
    from emulators import Emulated  # pylint: disable=import-outside-toplevel
    from test_visionfive2_emulator import Strict  # pylint: disable=import-outside-toplevel
    strict = Strict(lambda argv: Emulated(name, argv), name, hart=hart, memory="2G")
    strict.machine.clean = strict.clean
    return strict.machine
