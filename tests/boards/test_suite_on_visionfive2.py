# SPDX-License-Identifier: BSD-2-Clause
"""The tests of tests/boot that start machines of their own, in the VisionFive 2's emulator with all its strictness:
cached invalid and pointer entries, no flush with satp, no A and D from hardware, no ASIDs, code without fence.i logged.
They are the same functions; OpenSBI starts the image directly. What needs only a prompt runs in
test_session_on_boards.py.

Skipped where there is no emulator: `make emulator` builds it, QEMU_VISIONFIVE2 names one.
"""
import re

import pytest

import test_memory
import test_promises
import test_selftest
import test_start
from emulators import Complaints, Emulated
from harness import BUILD, LOGS, TEST_ALL
from test_visionfive2_emulator import emulator, firmware

SUITE = {
    test_selftest: ("test_passes", "test_stress_on_8_harts", "test_no_cpu_reaches_what_another_has_unmapped",
                    "test_stack_overflow_names_the_stacks_owner", "test_bad_access_panics", "test_double_free_panics"),
    test_memory: ("test_out_of_memory", "test_out_of_memory_leaves_no_memory_behind", "test_file_that_fills_memory",
                  "test_failalloc_word"),
    test_promises: ("test_isolation_can_be_switched_off",),
    test_start: ("test_exit_of_pid_1_is_reported_and_powers_off", "test_death_of_pid_1_by_a_signal_is_reported"),
}
globals().update({name: getattr(module, name) for module, names in SUITE.items() for name in names})


class Strict(Emulated):
    """A VisionFive 2 with the smallest memory that there is, and the log of what real hardware would punish."""

    def __init__(self, name, append="", initrd=None, **_not_the_boards):
        opensbi, tree = firmware()
        LOGS.mkdir(parents=True, exist_ok=True)
        self.complaints = Complaints(LOGS / f"board-{name}.errors")
        super().__init__(name, [emulator(), "-M", "visionfive2,boot-hart=1", "-m", "1G", "-nographic", "-no-reboot",
                                "-bios", str(opensbi), "-dtb", str(tree), "-kernel", str(BUILD / "Image"),
                                "-append", f"panic=-1 {append}".strip(), *(("-initrd", str(initrd)) if initrd else ()),
                                *self.complaints.options])

    def close(self):
        super().close()
        assert self.complaints.of_the_kernel() == ""


@pytest.fixture
def machine(request):
    """As in tests/boot; harts, memory and firmware are the board's, whatever a test asks for."""
    started = request.node.machines = []
    name = "strict-" + re.sub(r"[^\w.-]+", "_", request.node.name)

    def start(**options):
        started.append(Strict(f"{name}-{len(started)}", **options))
        return started[-1]

    yield start
    for m in started:
        m.close()


@pytest.fixture(scope="module")
def small():
    m = Strict("strict-small").boot()
    yield m
    m.close()


@pytest.mark.parametrize("libc", ["glibc", "musl", "musl-pie"] if TEST_ALL else ["musl-pie"])
def test_static_programs(machine, libc):
    test_memory.test_static_programs(machine, libc)
