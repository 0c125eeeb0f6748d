# SPDX-License-Identifier: BSD-2-Clause
"""From power-on to the shell and out again, through each board's real firmware and from its card alone."""
import hashlib
import re

import pytest

from emulators import card, emulated, need_card_reader  # noqa: F401
from harness import BUILD, TEST_ALL

BANNER = r"Quire \d\S* \(([0-9a-f]+)\)"


def session(m):
    """A short one: everything that a line can do is tested in tests/boot."""
    m.boot(180)
    assert m.number("seq 1 1000 | grep 7 | wc -l") == 271
    assert m.run("n=0; for i in $(seq 20); do n=$((n+$(echo 1))); done; echo $n", timeout=120) == "20\n"
    # Typed at full speed, nothing is lost.
    line = "echo " + "abcdefghijklmnopqrstuvwxyz0123456789" * 12
    assert m.run(line + " | md5sum").split()[0] == hashlib.md5(f"{line[5:]}\n".encode()).hexdigest()
    assert "panic:" not in m.text()


def script(m, board, name):
    """Boots by a script of the card, at U-Boot's prompt."""
    c = board.data["card"]
    m.interrupt_autoboot()
    m.sendline(f"load {c['device']} {c['number']}:{c['partition']} ${{scriptaddr}} {name}.scr; source ${{scriptaddr}}")


# virt: OpenSBI, Debian's U-Boot, a virtio disk.

@pytest.fixture
def virt(emulated):  # noqa: F811
    board = card("virt")
    return board, emulated(board.emulator(board.card))


def test_virt_by_extlinux(virt):
    m = virt[1]
    m.expect("Found /extlinux/extlinux.conf", 60)
    m.expect(BANNER, 60)
    session(m)
    assert m.poweroff() == 0


def test_virt_by_boot_script(virt):
    board, m = virt
    script(m, board, "boot")
    m.expect("Quire: boot.scr on virtio 0:1", 30)
    m.expect(BANNER, 60)
    session(m)
    assert m.poweroff() == 0


def test_virt_by_fit(virt):
    board, m = virt
    script(m, board, "fit")
    m.expect("sha256\\+ OK", 30)
    m.expect(BANNER, 60)
    session(m)
    assert m.poweroff() == 0


# HiFive Unleashed: SPL, OpenSBI, U-Boot, all from the card.

def past_the_second_card_initialisation(m):
    """U-Boot boots by itself; under QEMU 7.2 its first look at the card fails, and one has to ask again."""
    if m.expect(r"Starting kernel|\n=> $", 180)[0] != b"Starting kernel":
        m.sendline("run bootcmd_mmc0; run bootcmd_mmc0")
        m.expect("Starting kernel", 60)


def test_hifive_unleashed(emulated):  # noqa: F811
    board = card("hifive-unleashed")
    need_card_reader("hifive-unleashed")
    m = emulated(board.emulator(board.card))
    m.expect("U-Boot SPL ", 60)
    m.expect("U-Boot [0-9]", 60)
    past_the_second_card_initialisation(m)
    m.expect(BANNER, 60)
    session(m)
    said = m.text()
    assert re.search(r"cpu: 4 usable, boot hart [1-4], timebase 1000000 Hz", said)
    assert re.search(r"serial: ttyS0 is SiFive, console", said)
    # This board cannot be switched off by its firmware: it stops and says that it is done.
    m.sendline("poweroff")
    m.expect("power: off", 60)


# VisionFive 2: OpenSBI and U-Boot, in the emulator of the board.

def visionfive2(emulated, hart=1, memory="4G", more=()):  # noqa: F811
    board = card("visionfive2")
    argv = board.emulator(board.card) + list(more)
    argv[argv.index("-M") + 1] += f",boot-hart={hart}"
    argv[argv.index("-m") + 1] = memory
    return board, emulated(argv)


@pytest.mark.parametrize("hart, memory", [(1, "4G"), (4, "8G")] + ([(2, "2G"), (3, "4G")] if TEST_ALL else []))
def test_visionfive2(emulated, hart, memory, tmp_path):  # noqa: F811
    """The emulator writes down what the hardware would punish: nothing of that may be the kernel's."""
    complaints = tmp_path / "complaints"
    _, m = visionfive2(emulated, hart, memory, ["-d", "guest_errors,unimp", "-D", str(complaints)])
    m.expect("with extlinux", 120)
    m.expect("Starting kernel", 120)
    firmware = complaints.stat().st_size
    m.expect(BANNER, 120)
    session(m)
    said = m.text()
    assert re.search(rf"cpu: 4 usable, boot hart {hart}, timebase 4000000 Hz", said)
    assert re.search(rf"memory: {int(memory[0]) << 10} MiB", said)
    assert m.poweroff() == 0
    assert firmware > 0, "not even firmware's own: nothing was written down at all"
    assert complaints.read_bytes()[firmware:] == b""


@pytest.mark.parametrize("name, said", [("boot", "boot.scr on mmc 1:3"), ("fit", r"sha256\+ OK")])
def test_visionfive2_by_script(emulated, name, said):  # noqa: F811
    board, m = visionfive2(emulated)
    script(m, board, name)
    m.expect(said, 60)
    m.expect(BANNER, 120)
    session(m)
    assert m.poweroff() == 0


def test_all_boards_carry_the_same_image():
    built = hashlib.sha256((BUILD / "Image").read_bytes()).hexdigest()
    for name in ("virt", "hifive-unleashed", "hifive-unmatched", "visionfive2"):
        assert hashlib.sha256((card(name).out / "boot/Image").read_bytes()).hexdigest() == built
