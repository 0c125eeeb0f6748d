# SPDX-License-Identifier: BSD-2-Clause
"""Programs on all harts of the VisionFive 2's emulator: no ASIDs, stale translations behind a satp write, code that is
logged where it runs on a hart that has made no fence.i since it was stored."""
import re

import pytest

from emulators import emulated  # noqa: F401
from harness import TEST_ALL
from test_visionfive2_emulator import strict  # noqa: F401

HARTS = (1, 2, 3, 4) if TEST_ALL else (2,)
OPERATIONS = 200_000 if TEST_ALL else 300
LOAD = "mixed -t 60" if TEST_ALL else "mixed -t 3 spawn pipes signals files token"


@pytest.mark.parametrize("append", ["", "pti=off"])
@pytest.mark.parametrize("hart", HARTS)
def test_torture_and_mixed_load(strict, hart, append):  # noqa: F811
    s = strict(append=f"selftest=tables@end {append}", hart=hart, memory="2G")
    m = s.machine.boot(120)
    assert m.number("nproc") == 4
    assert "all good" in m.run(f"torture -n {OPERATIONS}", timeout=600 + OPERATIONS // 20)
    assert m.run(LOAD, timeout=600).endswith("mixed: all good\n")
    m.sendline("poweroff")
    assert m.expect(r"selftest tables: (pass|fail[^\n]*)", 120)[1] == b"pass"
    assert m.exit_status() == 0
    assert not re.search("panic:|WRONG", m.text())
    s.clean()
