# SPDX-License-Identifier: BSD-2-Clause
"""Promises about the image and its command line that belong to no other file."""
import os
import re
import subprocess
import time

import pytest

import fdt
import images
from harness import BUILD
from test_placement import Place, start
from images import MIB, RAM


# One image (scripts/test.py builds it a second time elsewhere and compares).

def test_image_header():
    head = images.image_header()
    assert head["magic"] == b"RISCV\0\0\0" and head["magic2"] == 0x05435352
    assert head["text_offset"] == 0x200000
    assert head["image_size"] >= (BUILD / "Image").stat().st_size
    assert head["flags"] & 1 == 0  # little-endian


def test_banner_names_the_build(machine):
    notes = subprocess.run([images.CROSS + "readelf", "-n", str(BUILD / "quire.elf")], check=True, capture_output=True,
                           text=True).stdout
    build_id = re.search(r"Build ID: ([0-9a-f]+)", notes)[1]
    m = machine()
    banner = m.expect(r"Quire (\S+) \(([0-9a-f]+)[^)\n]*\)")
    assert build_id.startswith(banner[2].decode()) and len(banner[2]) >= 8


# What the log says.

def test_log_states_the_facts(machine):
    m = machine(smp=4).boot()
    text = m.text()
    log = text[text.index("Quire "):]
    assert re.search(r"W\^X|writ\w+ and exec", log), "what was checked of the kernel's tables"
    assert re.search(r"guard", log)
    assert re.search(r"4 cpus|cpus?:? 4|4 of 4", log)
    for reason in ("kernel", "device tree", "firmware|first 2 MiB|mmode_resv"):
        assert re.search(reason, log), f"the table of regions does not give the reason {reason}"


def test_quiet_silences_all_but_warnings(machine):
    m = machine(append="quiet").boot()
    text = m.text()
    after = text[text.rindex("Boot HART MEDELEG"):].split("\n", 1)[1] if "Boot HART" in text else text
    assert "Quire " not in after
    assert len([line for line in after.splitlines() if line.strip()]) < 12
    assert m.run("echo $((6 * 7))") == "42\n"


def test_isolation_can_be_switched_off(machine):
    on = machine().boot()
    off = machine(append="pti=off").boot()
    for m in (on, off):
        assert m.run("seq 10 | tail -n 1") == "10\n"
    tables = [m.run("cat /proc/self/pagetable").replace("_", "").lower() for m in (on, off)]
    assert "ffffffff80" not in tables[0], "kernel text in a user's table"
    assert "fffffffff" in tables[0], "the trampoline"
    assert "ffffffff80" in tables[1]


def test_unknown_system_calls_are_named_once_with_debug(machine):
    m = machine(append="debug").boot()
    m.run("systorture unknown", status=None)
    assert m.run("echo alive") == "alive\n"


# Panic's word.

@pytest.mark.parametrize("seconds", [2])
def test_panic_waits_before_it_resets(machine, seconds):
    m = machine(cmdline=f"panic={seconds} selftest=null")
    m.expect("panic: ")
    began = time.monotonic()
    m.exit_status()
    assert seconds * 0.8 < time.monotonic() - began


def test_panic_stays_by_default(machine):
    m = machine(cmdline="selftest=null")
    m.expect("panic: ")
    time.sleep(3)
    assert m.child.isalive()


# The seed of random numbers.

def reserve_the_tree(tree):
    node = tree.add("/", "reserved-memory", {"#address-cells": fdt.u32(2), "#size-cells": fdt.u32(2), "ranges": b""})
    node["children"].append({"name": "tree@85a00000", "props": {"reg": fdt.u64(RAM + 90 * MIB, 64 << 10)}, "children": []})


@pytest.mark.parametrize("change", [None, reserve_the_tree], ids=["given-back", "reserved"])
def test_seed_is_erased_where_it_was_found(machine, change):
    """Nothing of the seed is left in memory: the emulator's monitor looks at the tree that firmware handed over. Memory
    that is given back may be cleared by who gets it; memory that is reserved never is."""
    place = Place(RAM + 8 * MIB, RAM + 90 * MIB + 8)
    m = start(machine, "seed", place, noise=False, change=change).boot()
    tree = images.scratch("seed.dtb").read_bytes()
    seed = images.fdt.Tree.parse(tree).node("/chosen")["props"]["rng-seed"]
    dump = images.scratch(f"seed-{os.getpid()}.ram")
    m.send("\x01c")
    m.expect(r"\(qemu\) ")
    m.sendline(f"pmemsave {RAM:#x} {128 * MIB:#x} \"{dump}\"")
    m.expect(r"\(qemu\) $")
    memory = dump.read_bytes()
    dump.unlink()
    assert b"rng-seed" in memory, "the dump holds the tree"
    assert seed not in memory


def test_a_tree_without_seed_is_warned_of(machine):
    m = start(machine, "no-seed", Place(RAM + 8 * MIB, RAM + 90 * MIB + 8),
              change=lambda tree: tree.node("/chosen")["props"].pop("rng-seed"))
    m.boot()
    assert re.search(r"(?m)^rng: no seed from firmware", m.text())
    assert len(m.run("head -c 8 /dev/urandom | od -An -tx1").split()) == 8
    silent = machine().boot()
    assert "no seed" not in silent.text()


def test_two_boots_give_different_random_numbers(machine):
    numbers = {machine().boot().run("head -c 16 /dev/urandom | od -An -tx1") for _ in range(2)}
    assert len(numbers) == 2
