# SPDX-License-Identifier: BSD-2-Clause
"""A fault in a program kills that program alone, with one line that says what happened; and the line is right."""
import re

import pytest

# case of user/faults -> (signal, words of which one names the cause, address or None, words of which one says what
# lies there or None)
CASES = {
    "null-read": (11, "read|load", 0, "nothing|null|no mapping|not mapped"),
    "null-write": (11, "writ|store", None, "nothing|null|no mapping|not mapped"),
    "null-exec": (11, "instruction|exec|fetch", 0, "nothing|null|no mapping|not mapped"),
    "wild": (11, "read|load|writ|store", None, "nothing|no mapping|not mapped|not canonical|no address"),
    "kernel-read": (11, "read|load", None, "kernel"),
    "kernel-write": (11, "writ|store", None, "kernel"),
    "kernel-jump": (11, "instruction|exec|fetch", None, "kernel"),
    "text-write": (11, "writ|store", None, "text|faults"),
    "exec-data": (11, "instruction|exec|fetch", None, "data|bss|heap|faults|anonymous"),
    "exec-stack": (11, "instruction|exec|fetch", None, "stack"),
    "illegal": (4, "illegal", None, None),
    "ebreak": (5, "break", None, None),
    "stack-overflow": (11, "writ|store", None, "stack|guard"),
}


def die(shell, case):
    """Runs one case; (pid, status, the lines that the kernel printed)."""
    output = shell.run(f"sh -c 'echo pid $$; exec faults {case}'; echo status $?", status=None)
    assert "survived" not in output, output
    pid = int(re.search(r"pid (\d+)", output)[1])
    status = int(re.search(r"status (\d+)", output)[1])
    lines = [line for line in output.splitlines() if re.search(rf"\bfaults\b.*\b{pid}\b", line)]
    return pid, status, lines


@pytest.mark.parametrize("case", CASES)
def test_fault_kills_one_program_with_the_right_line(shell, case):
    signal, cause, address, there = CASES[case]
    _, status, lines = die(shell, case)
    assert status == 128 + signal
    assert len(lines) == 1, lines
    line = lines[0]
    assert re.search(cause, line), line
    assert re.search(r"pc (=|is )?(0x)?[0-9a-f]+", line), line
    if address is not None:
        assert re.search(rf"\b0x0*{address:x}\b", line), line
    if there:
        assert re.search(there, line), line
    assert shell.run("echo alive") == "alive\n"


def test_the_line_of_a_null_read_to_the_letter(shell):
    """Every part of one line, with the program counter where the program's own symbols have it."""
    pid, _, lines = die(shell, "null-read")
    m = re.fullmatch(r"faults \(pid (\d+)\): killed by SIGSEGV: load page fault at address (0x[0-9a-f]+), "
                     r"pc (0x[0-9a-f]+): null page", lines[0])
    assert m and int(m[1]) == pid and int(m[2], 16) < 4096
    assert 0x10000 <= int(m[3], 16) < 0x20000


def test_misaligned_access_works_or_is_reported(shell):
    """The machine decides: done by hardware or firmware, or SIGBUS with its line."""
    output = shell.run("faults misaligned; echo status $?", status=None)
    assert re.search(r"status (0|135)\b", output), output


def test_a_fault_in_a_pipeline_leaves_the_others(shell):
    assert "7\n" in shell.run("(faults wild; echo 7) | cat", status=None)


def test_many_faults_leave_no_memory_behind(shell):
    # The first round fills caches; what each later round loses would add up.
    crash = "for i in $(seq 50); do faults null-write; faults exec-stack; done >/dev/null 2>&1"
    shell.run(crash, status=None, timeout=120)
    before = shell.holdings()
    shell.run(crash, status=None, timeout=120)
    shell.assert_holds(before)
