# SPDX-License-Identifier: BSD-2-Clause
"""Cards read back: the partition table with a reader of our own, the FAT partition with mtools, the FIT with mkimage."""
import gzip
import hashlib
import re
import struct
import subprocess
import uuid
import zlib

import pytest

from emulators import boards, card
from harness import BUILD

SECTOR = 512
BASIC_DATA = "ebd0a0a2-b9e5-4433-87c0-68b6b72699c7"
SIFIVE_SPL = "5b193300-fc78-40cd-8002-e86c45580b47"
SIFIVE_UBOOT = STARFIVE_SPL = "2e54b353-1271-4842-806f-e436d6af6985"
STARFIVE_UBOOT = "bc13c2ff-59e6-4262-a352-b275fd6f7172"
SIFIVE = [(SIFIVE_SPL, 34, 2081), (SIFIVE_UBOOT, 2082, 10273), (BASIC_DATA, 16384, None)]
LAYOUT = {
    "virt": [(BASIC_DATA, 16384, None)],
    "hifive-unleashed": SIFIVE,
    "hifive-unmatched": SIFIVE,
    "visionfive2": [(STARFIVE_SPL, 4096, 8191), (STARFIVE_UBOOT, 8192, 16383), (BASIC_DATA, 16384, None)],
}
LEGACY_BOOT = 1 << 2


def table(data, at):
    """The GPT whose header is at a sector: its partitions as (type, first, last, attributes). Checks both sums."""
    header = data[at * SECTOR:(at + 1) * SECTOR]
    assert header[:8] == b"EFI PART"
    size, crc = struct.unpack_from("<II", header, 12)
    assert zlib.crc32(header[:16] + bytes(4) + header[20:size]) == crc
    first_usable = struct.unpack_from("<Q", header, 40)[0]
    entries_at, count, entry, entries_crc = struct.unpack_from("<QIII", header, 72)
    entries = data[entries_at * SECTOR:entries_at * SECTOR + count * entry]
    assert zlib.crc32(entries) == entries_crc
    found = []
    for i in range(count):
        kind, _, first, last, attributes = struct.unpack_from("<16s16sQQQ", entries, i * entry)
        if any(kind):
            assert first >= first_usable
            found.append((str(uuid.UUID(bytes_le=kind)), first, last, attributes))
    return found


def inside(board):
    """The paths of all files on the FAT partition, by mtools."""
    said = subprocess.run(["mdir", "-/", "-b", "-i", f"{board.card}@@8M", "::"], check=True, capture_output=True, text=True).stdout
    return {line.removeprefix("::/") for line in said.split() if not line.endswith("/")}


def on_card(board, name):
    fat = f"{board.card}@@8M"
    return subprocess.run(["mcopy", "-n", "-i", fat, f"::{name}", "-"], check=True, capture_output=True).stdout


@pytest.fixture(params=LAYOUT)
def made(request):
    return card(request.param)


def test_every_board_is_tested():
    assert boards.names() == sorted(LAYOUT)


def test_partitions(made):
    data = made.card.read_bytes()
    assert len(data) & (len(data) - 1) == 0, "emulators want a power of two"
    found = table(data, 1)
    assert found == table(data, len(data) // SECTOR - 1), "the backup differs"
    for (kind, first, last, attributes), (want, begin, end) in zip(found, LAYOUT[made.key], strict=True):
        assert (kind, first) == (want, begin)
        assert end is None or last == end
        assert bool(attributes & LEGACY_BOOT) == (kind == BASIC_DATA)


def test_nobody_takes_the_disk_for_an_empty_one(made):
    """The protective MBR (UEFI specification, 5.2.3): one partition of type 0xee from the second sector to the end."""
    sector = made.card.read_bytes()[:SECTOR]
    assert sector[510:] == b"\x55\xaa"
    kinds = [sector[446 + 16 * i + 4] for i in range(4)]
    first, count = struct.unpack_from("<II", sector, 446 + 8)
    assert kinds == [0xee, 0, 0, 0] and first == 1 and count in (made.card.stat().st_size // SECTOR - 1, 0xffffffff)


def test_files(made):
    """Nothing is missing, and nothing is there that nobody asked for."""
    want = {"Image", "initramfs.cpio", "extlinux/extlinux.conf", "boot.scr", "fit.scr", "quire.itb", "COMPONENTS.txt"}
    want |= {"board.dtb"} if "tree" in made.data else set()
    assert {name for name in inside(made) if not name.startswith("licenses/")} == want


def test_the_tree_is_that_of_the_boot_loader(made):
    if "tree" in made.data:
        tree = on_card(made, "board.dtb")
        assert tree == made.firmware("tree").read_bytes()
        size = struct.unpack_from(">I", tree, 4)[0]
        assert tree[:4] == b"\xd0\x0d\xfe\xed" and size <= len(tree)


def test_firmware_lies_where_the_board_looks(made):
    data = made.card.read_bytes()
    for key, (_, first, last) in zip(("spl", "u-boot"), LAYOUT[made.key][:-1]):
        piece = made.firmware(key).read_bytes()
        assert len(piece) <= (last - first + 1) * SECTOR
        assert data[first * SECTOR:first * SECTOR + len(piece)] == piece


def test_the_image_is_the_one_that_was_built(made):
    image = (BUILD / "Image").read_bytes()
    assert on_card(made, "Image") == image
    assert on_card(made, "initramfs.cpio") == (BUILD / "initramfs.cpio").read_bytes()


def test_extlinux_names_what_is_there(made):
    text = on_card(made, "extlinux/extlinux.conf").decode()
    named = dict(re.findall(r"^\s+(kernel|initrd|fdt|append) (.*)$", text, re.M))
    assert ("fdt" in named) == ("tree" in made.data)
    for key in named.keys() - {"append"}:
        assert on_card(made, named[key].lstrip("/"))
    assert named["append"] == made.data["bootargs"]


def fit(folder, node, name, kind="x"):
    """A property of the FIT image, whose addresses have two cells; the upper one is 0."""
    words = subprocess.run(["fdtget", "-t", kind, folder / "quire.itb", node, name], check=True, capture_output=True,
                           text=True).stdout.split()
    return words[-1]


def test_fit_hashes_and_addresses(made, tmp_path):
    (tmp_path / "quire.itb").write_bytes(on_card(made, "quire.itb"))
    listing = subprocess.run(["mkimage", "-l", tmp_path / "quire.itb"], check=True, capture_output=True, text=True).stdout
    parts = ["Image", "initramfs.cpio"] + (["board.dtb"] if "tree" in made.data else [])
    sums = re.findall(r"Hash algo: +sha256\n +Hash value: +([0-9a-f]{64})", listing)
    assert sums == [hashlib.sha256(on_card(made, p)).hexdigest() for p in parts]
    for i, part in enumerate(parts):
        subprocess.run(["dumpimage", "-T", "flat_dt", "-p", str(i), "-o", tmp_path / "piece", tmp_path / "quire.itb"],
                       check=True, capture_output=True)
        assert (tmp_path / "piece").read_bytes() == on_card(made, part)
    assert f"Load Address: {made.data['kernel']:#x}" in listing
    assert fit(tmp_path, "/images/kernel", "load") == fit(tmp_path, "/images/kernel", "entry") == hex(made.data["kernel"])[2:]
    parts = {"kernel": "kernel", "ramdisk": "ramdisk"} | ({"fdt": "fdt"} if "tree" in made.data else {})
    default = f"/configurations/{fit(tmp_path, '/configurations', 'default', 's')}"
    assert {p: fit(tmp_path, default, p, "s") for p in parts} == parts
    if "tree" in made.data:
        assert fit(tmp_path, "/images/fdt", "load") == hex(made.data["tree"]["load"])[2:]


def test_scripts_are_what_they_were_made_from(made):
    """A legacy image (U-Boot, include/image.h): header with two sums, then a list of sizes, then the text."""
    for name in ("boot", "fit"):
        data = on_card(made, f"{name}.scr")
        magic, head_crc, _, size, _, _, data_crc = struct.unpack_from(">7I", data)
        assert magic == 0x27051956 and size == len(data) - 64
        assert zlib.crc32(data[:4] + bytes(4) + data[8:64]) == head_crc and zlib.crc32(data[64:]) == data_crc
        assert b"Quire" in data[72:] and not re.search(rb"@[A-Z_]+@", data[72:])


def test_components_are_listed(made):
    text = on_card(made, "COMPONENTS.txt").decode()
    assert hashlib.sha256((BUILD / "Image").read_bytes()).hexdigest() in text
    assert re.search(r"^U-Boot \S+ .*\n    licence   GPL-2.0", text, re.M)
    if made.data.get("spl"):
        assert re.search(r"^opensbi \S+ ", text, re.M)
    assert "device tree board.dtb)" in text or "tree" not in made.data
    if b"BusyBox" in on_card(made, "Image"):
        assert re.search(r"^busybox \S+ ", text, re.M)
    named = set(re.findall(r"licenses/\w[\w.-]*\w", text))
    assert named == {name for name in inside(made) if name.startswith("licenses/")}
    for component, licence in re.findall(r"^(\S+) [^\n]*\n    licence   ([^\n]*)", text, re.M):
        words = {"Quire": b"SPDX|Redistribution", "U-Boot": b"GPL-2", "opensbi": b"Redistribution and use in source and binary",
                 "busybox": b"GPL-2", "glibc": b"GNU LESSER GENERAL PUBLIC LICENSE"}[component]
        texts = [on_card(made, name) for name in re.findall(r"licenses/\w[\w.-]*\w", licence)]
        assert texts and any(re.search(words, gzip.decompress(t) if t[:2] == b"\x1f\x8b" else t) for t in texts), component
        assert component == "Quire" or re.search(rf"^{component} \S+ [^\n]*\n[^\n]*\n    source    Debian source package \S+ \S+: ", text, re.M)


def test_a_tree_of_linux_is_listed_as_such():
    text = on_card(card("visionfive2", "linux"), "COMPONENTS.txt").decode()
    assert re.search(r"^board.dtb: Linux's .*v1.3b.dts\n    licence   GPL-2.0-only or MIT", text, re.M)
    assert "device tree board.dtb)" not in text


def test_equal_inputs_give_equal_cards():
    board = card("hifive-unmatched")
    before = board.card.read_bytes()
    card.__wrapped__("hifive-unmatched")
    assert board.card.read_bytes() == before


@pytest.mark.parametrize("tree", [None, "linux"])
@pytest.mark.parametrize("name", sorted(LAYOUT.keys() - {"virt"}))  # whose tree is the emulator's
def test_the_trees_of_the_cards_are_accepted(name, tree, tmp_path):
    """make dtcheck on the tree that the card carries: U-Boot's own, or Linux's."""
    made = card(name, tree)
    subprocess.run(["make", "-j1", "-f", "mk/boards.mk", f"BUILD={BUILD}", "dtcheck"], cwd=boards.TOP, check=True,
                   stdout=subprocess.DEVNULL)
    (tmp_path / "board.dtb").write_bytes(on_card(made, "board.dtb"))
    done = subprocess.run([BUILD / "dtcheck/dtcheck", tmp_path / "board.dtb"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert "0: left out" in done.stdout and "4: used" in done.stdout
