# SPDX-License-Identifier: BSD-2-Clause
"""A watchdog that the boot loader has left running, on the one board whose emulator has a watchdog: the VisionFive 2."""
import re

from emulators import emulated  # noqa: F401
from test_firmware import boot, kernel_starts, visionfive2  # noqa: F401

CRG, WATCHDOG = 0x13020000, 0x13070000
CLOCKS = (122, 123)
RESET_WORD, RESET_LINES = CRG + 0x304, 3 << 13
HZ, SECONDS = 24_000_000, 12  # it counts down twice before it resets


def u_boot(m, line):
    m.sendline(line)
    m.expect(r"StarFive # $", 30)
    return m.before


def start_watchdog(m):
    """What a boot loader does that wants to be watched. Returns what CONTROL reads then."""
    for clock in CLOCKS:
        u_boot(m, f"mw.l {CRG + 4 * clock:x} 80000000")
    held = int(re.search(r": ([0-9a-f]{8})", u_boot(m, f"md.l {RESET_WORD:x} 1"))[1], 16)
    u_boot(m, f"mw.l {RESET_WORD:x} {held & ~RESET_LINES:x}")
    for offset, value in ((0xc00, 0x1acce551), (0, HZ * SECONDS), (8, 3), (0xc00, 0)):
        u_boot(m, f"mw.l {WATCHDOG + offset:x} {value:x}")
    return int(re.search(r": ([0-9a-f]{8})", u_boot(m, f"md.l {WATCHDOG + 8:x} 1"))[1], 16)


def test_a_running_watchdog_is_stopped(boot):  # noqa: F811
    board, m = visionfive2(boot)
    m.interrupt_autoboot()
    assert start_watchdog(m) == 3
    m.sendline(board.data["again"])
    kernel_starts(m)
    m.boot(180)
    assert "\nwatchdog: left running by firmware, stopped\n" in m.text()
    m.run(f"sleep {2 * SECONDS + 2}", timeout=120)
    assert m.run("echo $((6 * 7))") == "42\n"
    assert m.text().count("\nQuire 0") == 1
    assert m.poweroff() == 0
    assert m.complaints.of_the_kernel() == ""


def test_a_watchdog_that_stands_is_not_spoken_of(boot):  # noqa: F811
    _, m = visionfive2(boot)
    kernel_starts(m)
    m.boot(180)
    said = m.text()
    assert "watchdog" not in said[said.index("\nQuire 0"):]
    assert re.search(r"(?m)^cpu: mvendorid [^\n]*, ASID 0 bits, A/D kernel$", said)
    assert m.poweroff() == 0
    assert m.complaints.of_the_kernel() == ""
