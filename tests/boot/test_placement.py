# SPDX-License-Identifier: BSD-2-Clause
"""Image, device tree and initrd anywhere in RAM, any boot hart, registers and CSRs full of noise: what shim.S is for."""
import zlib

import pytest

import fdt
import images
from harness import BUILD, DEBIAN13_FIRMWARE
from images import MIB, RAM

HIGH = 0x100000000  # the first address behind 4 GiB


class Place:
    def __init__(self, image, tree, initrd=None, *, shim=RAM + 4 * MIB, smp=1, hart=-1, mem="128M", cpu=None,
                 firmware=None, cell=fdt.u64, drop=(), bios=None, intruder=None):
        self.image, self.tree, self.initrd, self.shim = image, tree, initrd, shim
        self.smp, self.hart, self.mem, self.cpu, self.bios = smp, hart, mem, cpu, bios
        self.firmware, self.cell, self.drop, self.intruder = firmware, cell, drop, intruder


PLACES = {
    # The tree below the kernel, where firmware that announces nothing lives, and only 8-byte aligned.
    "tree-low": Place(RAM + 8 * MIB, RAM + MIB + 8),
    "initrd-below-image": Place(RAM + 64 * MIB, RAM + 127 * MIB + 0x7f8, RAM + 6 * MIB + 4, firmware="1.1"),
    "image-at-the-top": Place(RAM + 112 * MIB, RAM + 100 * MIB + 0xff8, RAM + 2 * MIB, shim=RAM + 108 * MIB),
    "all-touching": Place(RAM + 2 * MIB, RAM + 40 * MIB + 8, RAM + 41 * MIB, shim=RAM + 60 * MIB,
                          firmware="1.6", bios="debian13", cell=fdt.u32),
    "boot-hart-3": Place(RAM + 6 * MIB, RAM + 90 * MIB, smp=4, hart=3, firmware="1.1", shim=RAM + 100 * MIB),
    "boot-hart-2-of-u54": Place(RAM + 2 * MIB, RAM + 90 * MIB + 0x238, RAM + 92 * MIB, smp=4, hart=2,
                                cpu="sifive-u54", shim=RAM + 100 * MIB),
    "hart-0-without-mmu": Place(RAM + 34 * MIB, RAM + 96 * MIB, smp=4, hart=1, drop=("mmu", 0)),
    "hart-2-disabled": Place(RAM + 34 * MIB, RAM + 96 * MIB, smp=4, hart=3, drop=("status", 2)),
    "behind-4-gib": Place(HIGH + 256 * MIB, HIGH + 1000 * MIB + 8, HIGH + 2 * MIB, mem="8G",
                          shim=RAM + 60 * MIB, firmware="1.6", bios="debian13"),
    "image-low-rest-high": Place(RAM + 2 * MIB, HIGH + 8 * MIB + 0x3f8, HIGH + 1500 * MIB + 0x10, mem="8G", smp=2,
                                 hart=1, shim=RAM + 60 * MIB),
}


def drop_hart(tree, how, hart):
    props = tree.node(f"/cpus/cpu@{hart}")["props"]
    if how == "mmu":
        props.pop("mmu-type")
    else:
        props["status"] = fdt.text("disabled")


def start(machine, name, place, noise=True, change=None):
    """Starts a machine with everything in its place; change(tree) may do more to the device tree."""
    if place.bios == "debian13" and not DEBIAN13_FIRMWARE.exists():
        pytest.skip("Debian 13's firmware could not be had")
    tree = images.device_tree(place.smp, place.mem, place.cpu)
    if change:
        change(tree)
    if place.firmware:
        images.announce_firmware(tree, place.firmware)
    if place.drop:
        drop_hart(tree, *place.drop)
    extra = images.loaded(BUILD / "Image", place.image)
    if place.initrd:
        initrd = images.initramfs(f"{name}.cpio", {"/etc/handed-over": b"yes\n"})
        images.announce_initrd(tree, place.initrd, initrd.stat().st_size, place.cell)
        extra += images.loaded(initrd, place.initrd)
    extra += images.loaded(images.write(f"{name}.dtb", tree.data()), place.tree)
    options = {}
    if noise and images.mib(place.mem) <= 256:
        options["machine"] = "virt,memory-backend=ram"
        extra += images.noisy_ram(place.mem)
    shim = images.shim(place.shim, place.image, place.tree, place.hart, seed=zlib.crc32(name.encode()) | 1,
                        intruder=place.intruder)
    return machine(kernel=shim, cmdline="", smp=place.smp, mem=place.mem, cpu=place.cpu, bios=place.bios, extra=extra,
                   **options)


@pytest.mark.parametrize("name", PLACES)
def test_placed(machine, name):
    place = PLACES[name]
    m = start(machine, name, place).boot()
    cpus = place.smp - (1 if place.drop else 0)
    assert m.number("grep -c ^processor /proc/cpuinfo") == cpus
    assert f"\ncpus: {cpus} of {cpus} run\n" in m.text()
    m.run("cat /etc/handed-over", status=0 if place.initrd else 1)
    assert m.run("seq 100 | sort -n | tail -n 1") == "100\n"
    assert m.poweroff() == 0


def test_second_hart_at_the_front_door(machine):
    """A hart that firmware sends to the image's entry once more (OpenSBI 1.1 can, under load) does no harm."""
    place = Place(RAM + 8 * MIB, RAM + 100 * MIB, smp=2, hart=0, shim=RAM + 120 * MIB, intruder=(1, 15_000_000))
    m = start(machine, "intruder", place).boot()
    m.run("sleep 3")
    assert m.run("seq 100 | sort -n | tail -n 1") == "100\n"
    assert m.text().count("\nQuire ") == 1
    assert m.poweroff() == 0


@pytest.mark.full
@pytest.mark.parametrize("offset", range(4, 124, 6))
def test_each_boundary(machine, offset):
    """Every third 2 MiB boundary in 128 MiB that leaves room."""
    if RAM + offset * MIB + images.image_header()["image_size"] > RAM + 127 * MIB:
        pytest.skip("no room for the image")
    shim = RAM + (90 if offset < 60 else 2) * MIB
    tree = RAM + (100 if offset < 60 else 30) * MIB + 8
    m = start(machine, f"boundary-{offset}", Place(RAM + offset * MIB, tree, shim=shim)).boot()
    assert m.poweroff() == 0
