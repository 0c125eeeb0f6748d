# SPDX-License-Identifier: BSD-2-Clause
"""What depends on the core: floating-point state, and the ways that only errata and missing ASIDs take. The emulator's
cores have neither, but a core may be given the identity of one that has."""
import re
import zlib

import pytest

import fdt
from images import MIB, RAM
from test_placement import Place, start

U74 = "rv64,mvendorid=0x489,marchid=0x8000000000000007,mimpid=0x20181004"
JH7110 = "rv64,mvendorid=0x489,marchid=0x8000000000000007,mimpid=0x4210427"
FACTS = r"(?m)^cpu: mvendorid (0x\w+) marchid (0x\w+) mimpid (0x\w+), ASID (\d+) bits, A/D (hardware|kernel)(?:, ((?!errata).*?))?(?:, errata (.*))?$"


def test_floating_point_registers_are_the_programs_own(shell):
    assert shell.run("fpu", timeout=120) == "fpu: all good\n"


@pytest.mark.parametrize("append", ["", "pti=off"])
def test_core_without_trusted_asids(machine, append):
    """Full fences, and in the trampoline too: the way of the HiFive boards."""
    m = machine(cpu=U74, smp=2, append=append).boot()
    assert "CIP-1200" in m.text()
    assert "same" in m.run("forkstorm 100", timeout=120)
    assert m.run("fpu", timeout=120) == "fpu: all good\n"
    assert m.run("seq 100 | sort -n | tail -n 1") == "100\n"
    assert m.poweroff() == 0


# What the kernel finds out about its cores, and says in one line.

def facts(m):
    return re.search(FACTS, m.text()).groups("")


@pytest.mark.parametrize("cpu, ids, errata", [
    (U74, ("0x489", "0x8000000000000007", "0x20181004"), "CIP-1200 CIP-453"),
    (JH7110, ("0x489", "0x8000000000000007", "0x4210427"), ""),
    ("rv64,mvendorid=0x489,marchid=0x1,mimpid=0x99999999", ("0x489", "0x1", "0x99999999"), "CIP-1200"),
    ("rv64,mvendorid=0x710,marchid=0x1,mimpid=0x1", ("0x710", "0x1", "0x1"), ""),
])
def test_identity_decides_on_errata(machine, cpu, ids, errata):
    m = machine(cpu=cpu).boot()
    found = facts(m)
    assert found[:3] == ids and found[6] == errata
    assert ("flush all\n" in m.text()) == ("CIP-1200" in errata)


def spelled(tree, isa=None, extensions=None):
    props = tree.node("/cpus/cpu")["props"]
    props.pop("riscv,isa")
    if isa:
        props["riscv,isa"] = fdt.text(isa)
    if extensions:
        props["riscv,isa-base"] = fdt.text("rv64i")
        props["riscv,isa-extensions"] = fdt.text(*extensions)


SIX = "Sstc Svpbmt Svinval Svnapot Zicboz Zicbom"


@pytest.mark.parametrize("isa, extensions, said", [
    ("rv64imafdc_zicbom_zicboz_sstc_svinval_svnapot_svpbmt", None, SIX),
    ("rv64imafdczicbom1p0_zicboz1p0_svinval1p0_svnapot1p0_svpbmt1p0", None, SIX.removeprefix("Sstc ")),
    (None, ["i", "m", "a", "f", "d", "c", "zicbom", "zicboz", "sstc", "svinval", "svnapot", "svpbmt"], SIX),
    ("rv64imafdc_svinval", ["i", "m", "a", "f", "d", "c", "svpbmt"], "Svpbmt"),  # the newer property is the one that counts
    ("rv64imafdc", None, ""),
], ids=["isa", "isa-with-versions", "extensions", "both", "none"])
def test_extensions_are_read_from_the_tree(machine, isa, extensions, said):
    place = Place(RAM + 8 * MIB, RAM + 90 * MIB)
    m = start(machine, f"isa-{zlib.crc32(repr((isa, extensions)).encode()):x}", place, noise=False, change=lambda t: spelled(t, isa, extensions)).boot()
    assert facts(m)[5] == said
    listed = m.run("sed -n 's/^isa\\t*: //p' /proc/cpuinfo").strip()
    assert listed == (isa or "rv64imafdc_" + "_".join(e for e in extensions if len(e) > 1))


def test_core_with_page_attributes_of_its_own(machine):
    """T-Head's C906 and C910: the kernel says why it stops, before it turns its tables on."""
    m = machine(cpu="rv64,mvendorid=0x5b7,marchid=0,mimpid=0")
    m.expect(r"(?m)^Quire: T-Head C9xx core with page attributes of its own [^\n]*; stopped\.")
    assert "\nQuire 0" not in m.text() and m.child.isalive()


def test_core_of_the_same_maker_without_them(machine):
    m = machine(cpu="rv64,mvendorid=0x5b7,marchid=0x8000000009140d00,mimpid=0").boot()
    assert facts(m)[0] == "0x5b7"
    assert m.poweroff() == 0
