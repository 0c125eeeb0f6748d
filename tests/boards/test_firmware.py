# SPDX-License-Identifier: BSD-2-Clause
"""From power-on to the shell and out again, through each board's real firmware and from its card alone."""
import hashlib
import itertools
import re

import pytest

from emulators import Complaints, boards, card, emulated, need_machine  # noqa: F401
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


@pytest.fixture
def boot(emulated, tmp_path):  # noqa: F811
    """Starts an emulator: boot(board, board.emulator(...)); what it complains about is in m.complaints."""
    def start(board, argv):
        complaints = Complaints(tmp_path / "complaints", board.data["emulator"]["firmware-errors"])
        m = emulated(argv + complaints.options)
        m.complaints = complaints
        return m
    return start


def kernel_starts(m, timeout=120):
    """Firmware's part is over: what is complained about from here on is the kernel's doing."""
    m.expect("Starting kernel", timeout)
    m.complaints.kernel_starts()
    m.expect(BANNER, 120)


# virt: OpenSBI, Debian's U-Boot, a virtio disk.

@pytest.fixture
def virt(boot):
    board = card("virt")
    return board, boot(board, board.emulator(board.card))


def the_sources_that_qemu_forgets(complaints):
    """QEMU 7.2's PLIC ends before the last of the sources that its tree promises, whose enable bits the kernel clears."""
    return re.sub(r"sifive_plic_write: Invalid enable write 0x2[0-9]8c\n", "", complaints)


def test_virt_by_extlinux(virt):
    m = virt[1]
    m.expect("Found /extlinux/extlinux.conf", 60)
    kernel_starts(m)
    session(m)
    assert m.poweroff() == 0
    assert the_sources_that_qemu_forgets(m.complaints.of_the_kernel()) == ""


@pytest.mark.parametrize("name, said", [("boot", "Quire: boot.scr on virtio 0:1"), ("fit", r"sha256\+ OK")])
def test_virt_by_script(virt, name, said):
    board, m = virt
    script(m, board, name)
    m.expect(said, 30)
    kernel_starts(m)
    session(m)
    assert m.poweroff() == 0
    assert the_sources_that_qemu_forgets(m.complaints.of_the_kernel()) == ""


# HiFive Unleashed: SPL, OpenSBI, U-Boot, all from the card.

def past_the_second_card_initialisation(m):
    """Under QEMU 7.2 U-Boot's first look at the card fails, and one has to ask again."""
    if not m.expect(r"(?P<found>Found /extlinux)|\n=> $", 180)["found"]:
        m.sendline("run bootcmd_mmc0; run bootcmd_mmc0")


@pytest.mark.parametrize("qemu", ["qemu-sifive", "qemu-visionfive2"])
def test_hifive_unleashed(boot, qemu):
    """In the system's emulator, and unattended in the one that is built here (where the system's reads no card, in this
    one both times)."""
    board = card("hifive-unleashed")
    argv = board.emulator(board.card)
    if qemu == "qemu-visionfive2":
        argv[0] = boards.built_emulator()
        need_machine(argv[0], "sifive_u")
    m = boot(board, argv)
    m.expect("U-Boot SPL ", 60)
    m.expect("U-Boot [0-9]", 60)
    if argv[0] != boards.built_emulator():
        past_the_second_card_initialisation(m)
    kernel_starts(m)
    session(m)
    said = m.text()
    assert re.search(r"cpu: 4 usable, boot hart [1-4], timebase 1000000 Hz", said)
    assert re.search(r"serial: ttyS0 is SiFive, console", said)
    # This board cannot be switched off by its firmware: it stops and says that it is done.
    m.sendline("poweroff")
    m.expect("power: off", 60)
    assert m.complaints.of_the_kernel() == ""


# VisionFive 2: OpenSBI and U-Boot, in the emulator of the board, with all its strictness.

HARTS, MEMORY, TREES = (1, 2, 3, 4), ("2G", "4G", "8G"), (None, "linux")  # None: U-Boot's own tree
PRODUCT = list(itertools.product(HARTS, MEMORY, TREES))
# Half of it has every two values together.
PAIRS = [(hart, memory, TREES[(i + j) % 2]) for i, hart in enumerate(HARTS) for j, memory in enumerate(MEMORY)]


def visionfive2(boot, hart=1, memory="4G", tree=None):
    board = card("visionfive2", tree)
    argv = board.emulator(board.card)
    argv[argv.index("-M") + 1] += f",boot-hart={hart}"
    argv[argv.index("-m") + 1] = memory
    return board, boot(board, argv)


def test_the_sample_has_all_pairs():
    for first, second in ((0, 1), (0, 2), (1, 2)):
        assert {(c[first], c[second]) for c in PAIRS} == {(c[first], c[second]) for c in PRODUCT}


@pytest.mark.parametrize("hart, memory, tree", PRODUCT if TEST_ALL else PAIRS)
def test_visionfive2(boot, hart, memory, tree):
    """The emulator writes down what the hardware would punish: nothing of that may be the kernel's."""
    _, m = visionfive2(boot, hart, memory, tree)
    m.expect("with extlinux", 120)
    kernel_starts(m)
    session(m)
    said = m.text()
    assert re.search(rf"cpu: 4 usable, boot hart {hart}, timebase 4000000 Hz", said)
    assert re.search(rf"memory: {int(memory[0]) << 10} MiB", said)
    assert m.poweroff() == 0
    assert m.complaints.firmware > 0, "not even firmware's own: nothing was written down at all"
    assert m.complaints.of_the_kernel() == ""


@pytest.mark.parametrize("tree", TREES)
@pytest.mark.parametrize("name, said", [("boot", "boot.scr on mmc 1:3"), ("fit", r"sha256\+ OK")])
def test_visionfive2_by_script(boot, name, said, tree):
    board, m = visionfive2(boot, tree=tree)
    script(m, board, name)
    m.expect(said, 60)
    kernel_starts(m)
    session(m)
    assert m.poweroff() == 0
    assert m.complaints.of_the_kernel() == ""


def test_all_boards_carry_the_same_image():
    built = hashlib.sha256((BUILD / "Image").read_bytes()).hexdigest()
    for name in ("virt", "hifive-unleashed", "hifive-unmatched", "visionfive2"):
        assert hashlib.sha256((card(name).out / "boot/Image").read_bytes()).hexdigest() == built
