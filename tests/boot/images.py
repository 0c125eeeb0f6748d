# SPDX-License-Identifier: BSD-2-Clause
"""What the tests put into machines: archives, changed device trees, the shim, RAM full of noise. All lies under
$BUILD/tests, and is made anew only where making it is slow."""
import functools
import importlib
import os
import random
import re
import struct
import subprocess
import sys

import fdt
from harness import BUILD, CACHE, QEMU, TOP

SCRATCH = BUILD / "tests"
CROSS = os.environ.get("CROSS_COMPILE", "riscv64-unknown-elf-")
RAM = 0x80000000  # QEMU's machine "virt"
CACHE_BUSYBOX = CACHE / "busybox/usr/bin/busybox"
MIB = 1 << 20

sys.path.insert(0, str(TOP / "scripts"))
Archive = importlib.import_module("mkinitramfs").Archive


def scratch(name):
    SCRATCH.mkdir(parents=True, exist_ok=True)
    return SCRATCH / name


def write(name, data):
    path = scratch(name)
    path.write_bytes(data)
    return path


def mib(size):
    """"128M", "8G" in MiB."""
    return int(size[:-1]) * {"M": 1, "G": 1024}[size[-1]]


# Archives.

CPIO_HEADER = 110


def entries(archive):
    """(path, mode, device, contents) of each entry of a newc archive, the trailer excluded."""
    at = 0
    while True:
        field = [int(archive[at + 6 + 8 * i:at + 14 + 8 * i], 16) for i in range(13)]
        name = archive[at + CPIO_HEADER:at + CPIO_HEADER + field[11] - 1].decode()
        if name == "TRAILER!!!":
            return
        at = (at + CPIO_HEADER + field[11] + 3) & ~3
        yield name, field[1], (field[9], field[10]), archive[at:at + field[6]]
        at = (at + field[6] + 3) & ~3


def initramfs(name, files):
    """The default archive with more or other files: {"/path": contents or host path}, a mode of 755."""
    archive = Archive()
    for path, mode, device, data in entries((BUILD / "initramfs.cpio").read_bytes()):
        archive.put(path, mode, data, device)
    for path, source in files.items():
        data = source if isinstance(source, bytes) else source.read_bytes()
        archive.put(path, 0o100755, data)
    return write(name, archive.data())


def bare_archive(name, specs):
    """An archive of nothing but these entries (in mkinitramfs.py's words)."""
    archive = Archive()
    for spec in specs:
        archive.add(spec)
    return write(name, archive.data())


# Device trees.

def device_tree(smp=1, mem="128M", cpu=None, cmdline="panic=-1", more=()):
    """The tree that QEMU makes for a machine, to be changed."""
    path = scratch(f"virt-{os.getpid()}.dtb")
    argv = [QEMU, "-M", f"virt,dumpdtb={path}", "-smp", str(smp), "-m", mem, "-display", "none", *more]
    subprocess.run(argv + (["-cpu", cpu] if cpu else []), check=True, capture_output=True)
    tree = fdt.Tree.load(path)
    path.unlink()
    tree.node("/chosen")["props"]["bootargs"] = fdt.text(cmdline)
    return tree


def announce_firmware(tree, version):
    """Reserves the firmware's memory in the tree the way that OpenSBI of this version does."""
    node = tree.add("/", "reserved-memory",
                    {"#address-cells": fdt.u32(2), "#size-cells": fdt.u32(2), "ranges": b""})
    if version == "1.1":
        children = {"mmode_resv0@80000000": {"reg": fdt.u64(RAM, 512 << 10)}}
    else:
        children = {"mmode_resv1@80000000": {"reg": fdt.u64(RAM, 256 << 10), "no-map": b""},
                    "mmode_resv0@80040000": {"reg": fdt.u64(RAM + (256 << 10), 128 << 10), "no-map": b""}}
    for name, props in children.items():
        node["children"].append({"name": name, "props": props, "children": []})


def announce_initrd(tree, start, size, cell=fdt.u64):
    tree.node("/chosen")["props"].update({"linux,initrd-start": cell(start), "linux,initrd-end": cell(start + size)})


# The shim, and what QEMU puts into memory for it.

def shim(at, image, tree, hart=-1, seed=1, intruder=None):
    """The shim linked at an address, for one placement of image and tree. intruder: (hart, ticks), see shim.S."""
    name = f"shim-{at:x}-{image:x}-{tree:x}-{hart}-{seed}-{intruder}.elf"
    out, partial = scratch(name), scratch(f"{name}-{os.getpid()}")  # another worker may be about to load the same one
    more = [f"-DINTRUDER={intruder[0]}", f"-DINTRUDER_TICKS={intruder[1]}"] if intruder else []
    subprocess.run([CROSS + "gcc", "-march=rv64gc", "-mabi=lp64d", "-nostdlib", "-static",
                    f"-Wl,-Ttext={at:#x}", "-Wl,--build-id=none", "-Wl,-N",
                    f"-DIMAGE={image:#x}", f"-DTREE={tree:#x}", f"-DHART={hart}", f"-DSEED={seed}", *more,
                    str(TOP / "tests/boot/shim.S"), "-o", str(partial)], check=True, capture_output=True)
    partial.rename(out)
    return out


def loaded(path, address):
    """QEMU's arguments that put a file's bytes at an address."""
    return ["-device", f"loader,file={path},addr={address:#x},force-raw=on"]


def noisy_ram(mem):
    """QEMU's arguments for RAM full of random bytes (nothing is written back to the file)."""
    path = scratch(f"noise-{mem}.bin")
    if not path.exists() or path.stat().st_size != mib(mem) * MIB:
        partial = scratch(f"noise-{mem}-{os.getpid()}")
        source = random.Random(20)
        with open(partial, "wb") as f:
            for _ in range(mib(mem)):
                f.write(source.randbytes(MIB))
        partial.rename(path)
    return ["-object", f"memory-backend-file,id=ram,size={mem},mem-path={path},share=off"]


# Programs.

@functools.lru_cache(maxsize=None)
def image_header():
    """Fields of the Image's 64-byte header: text_offset, image_size, flags, version, magic2."""
    with open(BUILD / "Image", "rb") as f:
        head = f.read(64)
    names = ["code0", "code1", "text_offset", "image_size", "flags", "version", "res1", "res2", "magic", "magic2", "res3"]
    return dict(zip(names, struct.unpack("<IIQQQIIQ8sII", head), strict=True)) if len(head) == 64 else None


def symbols():
    """The kernel's symbols: {name: address}."""
    out = subprocess.run([CROSS + "nm", str(BUILD / "quire.elf")], check=True, capture_output=True, text=True).stdout
    return {m[2]: int(m[1], 16) for m in re.finditer(r"^([0-9a-f]+) \w (\S+)$", out, re.M)}
