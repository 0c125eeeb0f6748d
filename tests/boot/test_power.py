# SPDX-License-Identifier: BSD-2-Clause
"""Ways to switch off, down to none: firmware that can say that it cannot, firmware that cannot be asked, registers that
the device tree names. And that the kernel runs on firmware from before everything that it would like to have."""
import os
import pathlib
import re
import subprocess
import time

import pytest

import fdt
import images
from harness import TOP

NOTHING = r"(?m)^power: nothing here can do that; the cpus stop, and the power may be cut"


def old_firmware(off):
    out = images.scratch(f"old-firmware-{off}.elf")
    subprocess.run([images.CROSS + "gcc", "-march=rv64gc", "-mabi=lp64d", "-nostdlib", "-static",
                    "-Wl,-Ttext=0x80000000", "-Wl,--build-id=none", "-Wl,-N", f"-DOFF={off}",
                    str(TOP / "tests/boot/old_firmware.S"), "-o", str(out)], check=True, capture_output=True)
    return out


def as_it_is(_tree, _path):
    pass


def taken_away(tree, path):
    tree.remove(path)


def below_the_controller(tree, path):
    """Newer trees: the controller is the parent, and has the register's place in `reg`."""
    node = tree.node(path)
    tree.remove(path)
    controller = next(n for _, n in tree.walk() if n["props"].get("phandle") == node["props"]["regmap"])
    controller["props"].update({"#address-cells": fdt.u32(1), "#size-cells": fdt.u32(1)})
    offset = node["props"].pop("offset")
    node["props"].pop("regmap")
    node["props"]["reg"] = offset + fdt.u32(4)
    controller["children"].append(node)


def by_a_mask_alone(tree, path):
    """Old trees."""
    props = tree.node(path)["props"]
    props["mask"] = props.pop("value")


def start(machine, off, change):
    """A machine on old firmware; `change` is done to what its tree says of registers for power."""
    tree = images.device_tree()
    for path, node in list(tree.walk()):
        if node["props"].get("compatible", b"").startswith((b"syscon-poweroff", b"syscon-reboot")):
            change(tree, path)
    dtb = images.write(f"old-firmware-{os.getpid()}.dtb", tree.data())
    m = machine(smp=1, bios=str(old_firmware(off)), extra=["-dtb", dtb])
    m.boot()
    assert m.run("seq 100 | sort -n | tail -n 1") == "100\n"
    return m


def cpu_seconds(m, but=()):
    """Of the emulator's threads: debug-threads=on names those of the harts."""
    ticks = 0
    for stat in pathlib.Path(f"/proc/{m.child.pid}/task").glob("*/stat"):
        name, _, rest = stat.read_text().partition("(")[2].rpartition(")")
        ticks += 0 if name in but else sum(int(n) for n in rest.split()[11:13])
    return ticks / os.sysconf("SC_CLK_TCK")


def stays_and_waits(m, but=()):
    """The machine is still on, says nothing more, and waits for interrupts instead of turning in circles."""
    said, before = m.text(), cpu_seconds(m, but)
    time.sleep(2)
    assert m.child.isalive() and m.text() == said
    assert cpu_seconds(m, but) - before < 1


def test_old_firmware_switches_off(machine):
    m = start(machine, 1, taken_away)
    assert m.poweroff() == 0
    assert "\npower: old firmware is asked; " in m.text()


@pytest.mark.parametrize("change", [as_it_is, below_the_controller, by_a_mask_alone])
def test_registers_come_before_old_firmware(machine, change):
    m = start(machine, 0, change)
    assert m.poweroff() == 0
    assert "old firmware" not in m.text()


@pytest.mark.parametrize("command, asked", [("poweroff", True), ("reboot", False)])
def test_neither_firmware_nor_registers(machine, command, asked):
    m = start(machine, 0, taken_away)
    assert re.search(r"(?m)^firmware: unknown", m.text()) and "Sstc (closed by firmware)" in m.text()
    m.sendline(command)
    m.expect(NOTHING)
    assert ("\npower: old firmware is asked; " in m.text()) == asked
    stays_and_waits(m)


@pytest.mark.parametrize("smp", [2, 5])
def test_firmware_that_can_only_reset(machine, smp):
    """The HiFive Unleashed's, and its emulator's: asked, it says so, and is not asked in a way that it never returns from."""
    m = machine(machine="sifive_u", smp=smp, extra=["-name", "quire,debug-threads=on"]).boot()
    m.sendline("poweroff")
    m.expect(NOTHING)
    assert "old firmware" not in m.text()
    stays_and_waits(m, but=["CPU 0/TCG"])  # OpenSBI 1.1's own: it turns in circles where it waits on hart 0
