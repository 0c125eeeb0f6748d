# SPDX-License-Identifier: BSD-2-Clause
"""Programs that ask for harm by calls that are all allowed (user/hostile.c): they may die, the machine goes on."""
import re

import pytest

from harness import cpu_without_fpu


@pytest.mark.parametrize("case", ["alarms", "frames", "endless", "clones", "robust"])
def test_kernel_lives_through(shell, case):
    output = shell.run(f"hostile {case}", timeout=60)
    said = [line for line in output.splitlines() if not re.match(r"hostile \(pid \d+\): killed by SIGSEGV: ", line)]
    assert said == [f"hostile {case}: done"]
    assert shell.run("echo alive") == "alive\n"


def test_without_fpu_an_illegal_instruction_is_the_programs_own_end(machine):
    """Loading floating-point registers that are not there would trap in the kernel."""
    m = machine(cpu=cpu_without_fpu(), append="init=/bin/faults -- illegal")
    m.expect(r"faults \(pid 1\): killed by SIGILL: illegal instruction")
    m.exit_status()
