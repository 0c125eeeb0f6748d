# SPDX-License-Identifier: BSD-2-Clause
"""What depends on the core: floating-point state, and the ways that only errata and missing ASIDs take. The emulator's
cores have neither, but a core may be given the identity of one that has."""
import pytest

U74 = "rv64,mvendorid=0x489,marchid=0x8000000000000007,mimpid=0x20181004"


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
