# SPDX-License-Identifier: BSD-2-Clause
"""A device tree that cannot be used: a message on the console (whatever console there is) and a stop."""
import os
import struct
import time

import pytest

import fdt
import images
import places
from images import MIB, RAM
from harness import BUILD, DEBIAN13_FIRMWARE

IMAGE, TREE, SHIM = RAM + 8 * MIB, RAM + 80 * MIB, RAM + 4 * MIB


def patched(blob, at, *words):
    return blob[:at] + fdt.u32(*words) + blob[at + 4 * len(words):]


def field(blob, at):
    return struct.unpack_from(">I", blob, at)[0]


def no_memory(tree):
    tree.remove("/memory")
    return tree.data()


def memory_of_no_size(tree):
    tree.node("/memory")["props"]["reg"] = fdt.u64(RAM, 0)
    return tree.data()


def memory_elsewhere(tree):
    tree.node("/memory")["props"]["reg"] = fdt.u64(RAM + (1 << 36), 128 * MIB)
    return tree.data()


def wrong_magic(tree):
    return patched(tree.data(), 0, 0xFEEDFACE)


def truncated(tree):
    blob = tree.data()
    return blob[:len(blob) // 2] + bytes(4096)


def cut_header(tree):
    return tree.data()[:12] + bytes(4096)


def total_size_too_small(tree):
    return patched(tree.data(), 4, 64)


def total_size_huge(tree):
    return patched(tree.data(), 4, 0xFFFFFFF8)


def structure_outside(tree):
    return patched(tree.data(), 8, 0xFFFFF000)


def strings_outside(tree):
    return patched(tree.data(), 12, 0xFFFFF000)


def no_end(tree):
    """The structure block stops in the middle of the root node."""
    blob = tree.data()
    return patched(blob, 36, field(blob, 36) // 2 & ~3)


def property_without_end(tree):
    body = fdt.u32(fdt.BEGIN_NODE, 0, fdt.PROP, 0xFFFFFFF0, 0) + bytes(64)
    return tree.data(body=body)


def property_back_to_itself(tree):
    """A length that, added without care, comes back to the same token for ever."""
    body = fdt.u32(fdt.BEGIN_NODE, 0, fdt.PROP, 0xFFFFFFF4, 0, fdt.END_NODE, fdt.END)
    return tree.data(body=body)


def endless_depth(tree):
    body = fdt.u32(fdt.BEGIN_NODE, 0x61000000) * 100000
    return tree.data(body=body)


def nothing_but_nops(tree):
    return tree.data(body=fdt.u32(fdt.NOP) * 50000)


def too_many_ends(tree):
    return tree.data(body=fdt.u32(fdt.BEGIN_NODE, 0) + fdt.u32(fdt.END_NODE) * 5 + fdt.u32(fdt.END))


def version_of_the_future(tree):
    return patched(tree.data(), 20, 99, 99)


BAD = [no_memory, memory_of_no_size, memory_elsewhere, wrong_magic, truncated, cut_header, total_size_too_small,
       total_size_huge, structure_outside, strings_outside, no_end, property_without_end, property_back_to_itself,
       endless_depth, nothing_but_nops, too_many_ends, version_of_the_future]


@pytest.fixture
def tree(place):
    """Of the very machine that the test gets: any of its harts may be the one that boots."""
    return images.device_tree(**places.VIRT[place])


def start(machine, name, blob, **options):
    dtb = images.write(f"bad-{name}-{os.getpid()}.dtb", blob)
    extra = images.loaded(BUILD / "Image", IMAGE) + images.loaded(dtb, TREE)
    return machine(kernel=images.shim(SHIM, IMAGE, TREE, seed=5), cmdline="", extra=extra, **options)


@pytest.mark.parametrize("spoil", BAD, ids=lambda f: f.__name__)
def test_unusable(machine, tree, spoil):
    m = start(machine, spoil.__name__, spoil(tree))
    m.expect(r"panic: [^\n]*(device tree|memory)", timeout=30)
    time.sleep(1)
    said = m.text()
    assert said.count("panic: ") == 1
    time.sleep(1)
    assert m.text() == said, "it goes on"


def test_unusable_with_a_newer_firmware(machine, tree):
    """The same over the debug console of newer firmware instead of the legacy call."""
    if not DEBIAN13_FIRMWARE.exists():
        pytest.skip("Debian 13's firmware could not be had")
    m = start(machine, "newer", wrong_magic(tree), bios="debian13")
    m.expect(r"panic: [^\n]*device tree", timeout=30)


def test_no_tree_at_all(machine):
    """a1 points at zeros."""
    m = start(machine, "zeros", bytes(4096))
    m.expect(r"panic: [^\n]*device tree", timeout=30)


def interrupt_parents_in_a_circle(tree):
    a = tree.add("/soc", "circle@0", {"phandle": fdt.u32(0x100), "interrupt-controller": b"",
                                      "#interrupt-cells": fdt.u32(1), "interrupt-parent": fdt.u32(0x101)})
    b = tree.add("/soc", "circle@1", {"phandle": fdt.u32(0x101), "interrupt-controller": b"",
                                      "#interrupt-cells": fdt.u32(1), "interrupt-parent": fdt.u32(0x100)})
    for node in (a, b):
        node["props"]["interrupts"] = fdt.u32(1)


def serial_port_in_the_circle(tree):
    interrupt_parents_in_a_circle(tree)
    tree.node("/soc/serial")["props"]["interrupt-parent"] = fdt.u32(0x100)


def no_stdout(tree):
    tree.node("/chosen")["props"].pop("stdout-path")


def stdout_nowhere(tree):
    tree.node("/chosen")["props"]["stdout-path"] = fdt.text("/soc/nothing@0:115200n8")


def unterminated_strings(tree):
    tree.node("/soc/rtc")["props"]["compatible"] = b"no end"


def short_reg(tree):
    tree.node("/soc/rtc")["props"]["reg"] = b"\0\0\0"


def reserved_everywhere(tree):
    """Reservations that overlap one another, the kernel, and the end of RAM."""
    node = tree.add("/", "reserved-memory",
                    {"#address-cells": fdt.u32(2), "#size-cells": fdt.u32(2), "ranges": b""})
    for i in range(200):
        node["children"].append({"name": f"r{i}@0", "props": {"reg": fdt.u64(RAM + (16 + i % 50) * MIB, 3 << 18)},
                                 "children": []})
    node["children"].append({"name": "over@0", "props": {"reg": fdt.u64(RAM + 120 * MIB, 1 << 40), "no-map": b""},
                             "children": []})
    node["children"].append({"name": "dynamic", "props": {"size": fdt.u64(MIB)}, "children": []})
    tree.reserved = [(RAM + 100 * MIB + 1, 5), (0, 0x1000)]


def extensions_by_name(tree):
    """The newer way to say what a cpu can do."""
    for path, node in tree.walk():
        if node["props"].pop("riscv,isa", None):
            node["props"]["riscv,isa-base"] = fdt.text("rv64i")
            node["props"]["riscv,isa-extensions"] = fdt.text("i", "m", "a", "f", "d", "c", "zicsr", "zifencei", "zicntr")


def no_serial_port(tree):
    """The console is firmware's then, with input that nothing announces."""
    tree.remove("/soc/serial")


def no_interrupt_controller(tree):
    tree.remove("/soc/plic")


def two_banks(tree):
    """The memory has a hole, and each bank a node of its own."""
    tree.node("/memory")["props"]["reg"] = fdt.u64(RAM, 90 * MIB)
    tree.add("/", "memory@86000000", {"device_type": fdt.text("memory"), "reg": fdt.u64(RAM + 96 * MIB, 32 * MIB)})


ODD = [extensions_by_name, no_serial_port, no_interrupt_controller, two_banks, interrupt_parents_in_a_circle,
       serial_port_in_the_circle, no_stdout, stdout_nowhere, unterminated_strings, short_reg, reserved_everywhere]


@pytest.mark.parametrize("change", ODD, ids=lambda f: f.__name__)
def test_odd_but_usable(machine, tree, change):
    """What a kernel can do without, it does without: it reaches the shell all the same."""
    change(tree)
    m = start(machine, change.__name__, tree.data()).boot()
    assert m.run("echo $((6 * 7))") == "42\n"
    assert m.poweroff() == 0
    assert "panic:" not in m.text()


def test_console_of_newer_firmware(machine, tree):
    """No serial port in the tree, and firmware with a debug console."""
    if not DEBIAN13_FIRMWARE.exists():
        pytest.skip("Debian 13's firmware could not be had")
    no_serial_port(tree)
    m = start(machine, "newer-console", tree.data(), bios="debian13").boot()
    assert m.run("echo $((6 * 7))") == "42\n"
    assert m.poweroff() == 0


def test_hole_in_memory_is_not_used(machine, tree):
    two_banks(tree)
    m = start(machine, "hole", tree.data()).boot()
    total = m.number("awk '/MemTotal/{print $2}' /proc/meminfo")
    assert 114 << 10 < total <= 122 << 10
    m.run("dd if=/dev/zero of=/tmp/x bs=1M count=100 && rm /tmp/x")
