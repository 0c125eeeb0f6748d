#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Writes a card image: sdcard.py BOARD [--dtb FILE] [--initrd FILE] [--out DIR]

The card is as boards/BOARD/genimage.cfg lays it out: firmware from Debian's package where the board looks for it, and a
FAT partition with the image that all boards share, a device tree, the initramfs, and three ways for U-Boot to boot
them: extlinux/extlinux.conf, boot.scr, and quire.itb with fit.scr. Nothing needs root, and equal inputs give equal
cards. --dtb replaces the tree (which is U-Boot's own otherwise): by a file, or, with the word `linux`, by the one that
Linux uses for the board. --initrd replaces the initramfs. --out is where to make it all (BUILD/boards/BOARD).
"""
import argparse
import gzip
import hashlib
import os
import pathlib
import re
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.dirname(__file__))
from board import BUILD, CACHE, TOP, Board  # noqa: E402

MIB = 1 << 20
CARD_LEAST = 64 * MIB  # QEMU wants powers of two
FAT_OFFSET = 8 * MIB
LINUX = pathlib.Path("linux")  # the word in place of a file
WHEN = int(os.environ.get("SOURCE_DATE_EPOCH", "1577836800"))


def run(words, **more):
    env = dict(os.environ, SOURCE_DATE_EPOCH=str(WHEN), TZ="UTC", MTOOLS_SKIP_CHECK="1")
    done = subprocess.run([str(w) for w in words], env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, errors="replace", check=False, **more)
    if done.returncode:
        sys.exit(f"sdcard.py: {words[0]} failed:\n{done.stdout}")


def filled(template, **values):
    """A file of boards/ with its @WORDS@ replaced; one that stays is a mistake."""
    text = pathlib.Path(template).read_text()
    for key, value in values.items():
        text = text.replace(f"@{key}@", str(value))
    if left := re.search(r"@[A-Z_]+@", text):
        sys.exit(f"sdcard.py: {template}: nothing to put in place of {left[0]}")
    return text


# --- the FAT partition ---

FDT_IMAGE = """        fdt {{
            description = "device tree";
            data = /incbin/("board.dtb");
            type = "flat_dt";
            arch = "riscv";
            compression = "none";
            load = <0 {load:#x}>;
            hash {{ algo = "sha256"; }};
        }};
"""


def script(board, stage, name):
    card, data = board.data["card"], board.data
    bootm = "bootm ${ramdisk_addr_r}" + ("" if "tree" in data else " ${ramdisk_addr_r} ${fdtcontroladdr}")
    source = board.out / f"{name}.cmd"
    source.write_text(filled(TOP / f"boards/{name}.cmd", BOARD=data["name"], DEVICE=card["device"], BOOTM=bootm,
                             NUMBER=card["number"], PARTITION=card["partition"], BOOTARGS=data["bootargs"]))
    run(["mkimage", "-A", "riscv", "-O", "linux", "-T", "script", "-C", "none", "-n", "Quire", "-d", source,
         stage / f"{name}.scr"])


def fit_image(board, stage):
    tree = board.data.get("tree")
    source = board.out / "quire.its"
    source.write_text(filled(TOP / "boards/quire.its", BOARD=board.data["name"], KERNEL=hex(board.data["kernel"]),
                             FDT_IMAGE=FDT_IMAGE.format(**tree) if tree else "",
                             FDT_CONFIG='            fdt = "fdt";\n' if tree else ""))
    run(["mkimage", "-D", f"-I dts -O dtb -i {stage}", "-f", source, stage / "quire.itb"])


def extlinux(board, stage):
    (stage / "extlinux").mkdir()
    fdt = "    fdt /board.dtb\n" if "tree" in board.data else ""
    text = filled(TOP / "boards/extlinux.conf", BOARD=board.data["name"], FDT=fdt, BOOTARGS=board.data["bootargs"])
    (stage / "extlinux/extlinux.conf").write_text(text)


# --- what is on the card, and whose it is ---

def sha256(path):
    return hashlib.sha256(pathlib.Path(path).read_bytes()).hexdigest()


LICENCES = {"opensbi": "BSD-2-Clause, see licenses/opensbi.txt.gz", "glibc": "LGPL-2.1-or-later, see licenses/LGPL-2.1.txt.gz"}
COMMON = ("GPL-2", "LGPL-2.1")  # Debian's packages refer to these texts instead of carrying them
COMMON_TEXTS = pathlib.Path("/usr/share/common-licenses")


def control(package):
    """Fields of a Debian package's description; none where an older tree has fetched it."""
    path = package / "control"
    return dict(re.findall(r"^([\w-]+): (.*)$", path.read_text(), re.M)) if path.exists() else {}


def component(name, version, where, licence, source=None, source_version=None):
    source, source_version = source or name, source_version or version
    return f"""{name} {version} ({where})
    licence   {licence}
    source    Debian source package {source} {source_version}: `apt-get source {source}={source_version}` with Debian 13's
              archive; older versions are kept in Debian's snapshot archive"""


def built_in(package, where):
    """What a package says that it holds of others."""
    fields = control(package)
    said = fields.get("Built-Using", "") + fields.get("Static-Built-Using", "")
    for name, version in re.findall(r"(\S+) \(= ([^)]+)\)", said):
        yield component(name, version, where, LICENCES.get(name, "see debian/copyright in its source"))


def firmware_components(board, replaced):
    fields = control(board.package)
    source = fields.get("Source", fields["Package"]).split()[0]
    what = "boot loader" + (", device tree board.dtb" if "tree" in board.data and "board.dtb" not in replaced else "")
    yield component("U-Boot", fields["Version"], what,
                    f"GPL-2.0-or-later and others, see licenses/{fields['Package']}.txt.gz and licenses/GPL-2.txt.gz", source)
    yield from built_in(board.package, "inside u-boot.itb")


def busybox_components(image):
    """The build without busybox is possible too. What follows a + is a rebuild of the same source."""
    found = re.search(rb"BusyBox v[\d.]+ \(Debian ([^)+]+(?:\+deb\w+)?)", image.read_bytes())
    if found:
        version = found[1].decode()
        yield component("busybox", version, "in the initramfs inside Image, and in initramfs.cpio unless that was given",
                        "GPL-2.0-only, see licenses/busybox.txt.gz and licenses/GPL-2.txt.gz", None, version.split(":")[-1])
        yield from built_in(CACHE / "busybox", "inside busybox")


def replaced_component(board, stage, name, given):
    """A file that the card has instead of its own: from Linux's sources, or nothing is known of it."""
    if name == "board.dtb" and given == LINUX:
        return f"""{name}: Linux's device tree of the board, {board.data["linux-tree"]}
    licence   GPL-2.0-only or MIT, as its source's first line says
    source    Debian source package u-boot {control(CACHE / "linux-trees")["Version"]}, folder dts/upstream"""
    return f"{name}: given by who made this card\n    sha256    {sha256(stage / name)}"


def components(board, stage, replaced):
    """COMPONENTS.txt and the licences it speaks of."""
    parts = [f"""Quire (Image, and its own programs in the initramfs)
    licence   BSD-2-Clause, see licenses/quire.txt
    sha256    {sha256(stage / "Image")}"""]
    parts += firmware_components(board, replaced)
    parts += busybox_components(stage / "Image")
    parts += [replaced_component(board, stage, name, given) for name, given in replaced.items()]
    (stage / "COMPONENTS.txt").write_text(f"What is on this card for {board.data['name']}.\n\n" + "\n\n".join(parts) + "\n")
    licences(board, stage / "licenses")


def licences(board, folder):
    folder.mkdir()
    shutil.copy(TOP / "LICENSE", folder / "quire.txt")
    texts = {"busybox" if "busybox" in path.parent.name else path.parent.name: path
             for package in [board.package, CACHE / "busybox"] + [CACHE / "opensbi"] * ("spl" in board.data)
             for path in package.glob("usr/share/doc/*/copyright")}
    texts |= {name: COMMON_TEXTS / name for name in COMMON if (COMMON_TEXTS / name).exists()}
    for name, path in texts.items():
        (folder / f"{name}.txt.gz").write_bytes(gzip.compress(path.read_bytes(), mtime=0))


# --- the card ---

def fill_stage(board, stage, dtb, initrd):
    shutil.copy(BUILD / "Image", stage / "Image")
    shutil.copy(initrd or BUILD / "initramfs.cpio", stage / "initramfs.cpio")
    if "tree" in board.data:
        shutil.copy(board.linux_tree() if dtb == LINUX else dtb or board.firmware("tree"), stage / "board.dtb")
    elif dtb:
        sys.exit(f"sdcard.py: {board.data['name']}: the tree is the emulator's, --dtb has no place here")
    extlinux(board, stage)
    script(board, stage, "boot")
    script(board, stage, "fit")
    fit_image(board, stage)
    components(board, stage, {n: given for n, given in (("board.dtb", dtb), ("initramfs.cpio", initrd)) if given})
    for path in stage.rglob("*"):
        os.utime(path, (WHEN, WHEN))


def card_size(stage):
    content = sum(p.stat().st_size + 65536 for p in stage.rglob("*"))
    size = CARD_LEAST
    while size < FAT_OFFSET + content + 2 * MIB:
        size *= 2
    return size


def make_card(board, stage):
    files, tmp = board.out / "firmware", board.out / "genimage"
    files.mkdir()
    for key in ("spl", "u-boot"):
        if path := board.firmware(key):
            shutil.copy(path, files)
    size = card_size(stage)
    config = board.out / "genimage.cfg"
    config.write_text(filled(board.folder / "genimage.cfg", CARD_SIZE=size, FAT_SIZE=size - FAT_OFFSET - MIB))
    run(["genimage", "--config", config, "--rootpath", stage, "--tmppath", tmp, "--inputpath", files,
         "--outputpath", board.out])
    shutil.rmtree(tmp, ignore_errors=True)  # newer genimage has taken it away itself
    (board.out / "boot.vfat").unlink()


def check_given(dtb, initrd):
    for path in (dtb, initrd):
        if path and path != LINUX and not path.is_file():
            sys.exit(f"sdcard.py: {path} is no file")
    if dtb and dtb != LINUX and dtb.read_bytes()[:4] != b"\xd0\x0d\xfe\xed":
        sys.exit(f"sdcard.py: {dtb} is no device tree (make dtcheck DTB={dtb} tells more of one that is)")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("board")
    parser.add_argument("--dtb", type=pathlib.Path)
    parser.add_argument("--initrd", type=pathlib.Path)
    parser.add_argument("--out", type=pathlib.Path)
    args = parser.parse_args()
    check_given(args.dtb, args.initrd)
    board = Board(args.board, args.out)
    board.fetch()
    shutil.rmtree(board.out, ignore_errors=True)
    stage = board.out / "boot"
    stage.mkdir(parents=True)
    fill_stage(board, stage, args.dtb, args.initrd)
    make_card(board, stage)
    print(f"{os.path.relpath(board.card)}: {board.card.stat().st_size // MIB} MiB for {board.data['name']}, "
          f"sha256 {sha256(board.card)}")


main()
