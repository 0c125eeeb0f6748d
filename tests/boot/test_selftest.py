# SPDX-License-Identifier: BSD-2-Clause
"""selftest= words: the kernel shows on itself that its checks hold, or panics as it should."""
import re

import pytest

from harness import DEBIAN13_FIRMWARE

REGISTERS = ["pc", "ra", "sp", "gp", "tp"] + [f"t{i}" for i in range(7)] + [f"s{i}" for i in range(12)] + \
            [f"a{i}" for i in range(8)]


def passes(m, name, timeout=120):
    m.expect(rf"selftest {name}: (pass|fail[^\n]*)", timeout)
    assert m.child.match[1] == b"pass", m.child.match[0].decode()
    assert m.exit_status() == 0


def panics(m):
    """Waits for a panic; (its line, all that was printed from there on)."""
    line = m.expect(r"(?m)^[^\n]*(panic: [^\n]*)\n", timeout=60)[1].decode().strip()
    m.exit_status()
    text = m.text()
    assert text.count("panic: ") == 1
    return line, text[text.index("panic: "):]


def check_report(text, cpu, functions, registers=REGISTERS):
    """Registers, a backtrace with function names, the hart, what ran."""
    for register in registers:
        assert re.search(rf"\b{register}(/fp)? +0x[0-9a-f]{{16}}\b", text), f"{register} is missing"
    assert f"\non cpu {cpu}, running kernel thread selftest\n" in text
    for function in functions:
        assert re.search(rf"#\d+ 0x[0-9a-f]{{16}} {function}[.\w]*\+0x", text), f"{function} is not in the backtrace"


@pytest.mark.parametrize("name", ["wx", "tables", "conserve"])
@pytest.mark.parametrize("smp,append", [(1, ""), (4, ""), (2, "pti=off")], ids=["one", "four", "pti-off"])
def test_passes(machine, name, smp, append):
    passes(machine(smp=smp, append=f"selftest={name} {append}"), name)


@pytest.mark.smoke
def test_stress_on_8_harts(machine):
    passes(machine(smp=8, append="selftest=stress"), "stress", timeout=240)


@pytest.mark.parametrize("append", ["", "pti=off"])
def test_no_cpu_reaches_what_another_has_unmapped(machine, append):
    passes(machine(smp=4, append=f"selftest=shootdown {append}"), "shootdown")


@pytest.mark.parametrize("append", ["", "pti=off"])
@pytest.mark.parametrize("smp", [1, 2, 4])
def test_cpus_that_do_not_run_a_space_are_left_alone(machine, smp, append):
    """Those that run it fence at once, the others when they come back, and only if it has changed meanwhile."""
    passes(machine(smp=smp, append=f"selftest=spaces {append}"), "spaces")


@pytest.mark.parametrize("cpu", [0, 1, 3])
def test_stack_overflow_names_the_stacks_owner(machine, cpu):
    """On the boot hart and on others, in a thread's stack: never a hang, never silent corruption."""
    where = f"@{cpu}" if cpu else ""
    line, text = panics(machine(smp=4, append=f"selftest=stack-overflow{where}"))
    assert re.search(r"stack overflow", line), line
    assert re.search(r"selftest|stack-overflow", line), line
    check_report(text, cpu, ["overflow_the_stack"])
    assert len(re.findall(r"#\d+ 0x[0-9a-f]{16} overflow_the_stack", text)) >= 10


@pytest.mark.parametrize("name,cause", [("null", "read|load|writ|store"), ("wild", "read|load|writ|store"),
                                        ("text-write", "writ|store"), ("data-exec", "exec|fetch|instruction")])
@pytest.mark.parametrize("cpu", [0, 1])
def test_bad_access_panics(machine, name, cause, cpu):
    where = f"@{cpu}" if cpu else ""
    line, text = panics(machine(smp=2, append=f"selftest={name}{where}"))
    assert re.search(cause, line), line
    if name == "null":
        assert re.search(r"\b(0x)?0+\b|null", line), line
    check_report(text, cpu, [f"selftest_{name.replace('-', '_')}"])


def test_double_free_panics(machine):
    line, text = panics(machine(append="selftest=double-free"))
    assert re.search(r"free", line), line
    check_report(text, 0, ["selftest_double_free"], ["sp"])


def test_unknown_name_is_reported(machine):
    m = machine(append="selftest=nonsense")
    m.expect(r"selftest nonsense: fail[^\n]*")
    assert m.exit_status() == 0


@pytest.mark.parametrize("bios", ["installed", "debian13"])
def test_panic_resets_at_once(machine, bios):
    """panic=-1 and -no-reboot: the emulator ends, with each firmware's way to reset."""
    if bios == "debian13" and not DEBIAN13_FIRMWARE.exists():
        pytest.skip("Debian 13's firmware could not be had")
    line, _ = panics(machine(append="selftest=null", bios=bios))
    assert line


def test_every_name_in_the_list_does_what_it_says(machine):
    """A list that this file does not know of would be a self-test that nobody runs."""
    m = machine(append="selftest=list")
    m.expect(r"selftest [^\n]*:")
    m.exit_status()
    names = set(re.findall(r"[a-z][a-z-]+", m.text().split("selftest", 1)[1]))
    assert {"stack-overflow", "null", "wild", "text-write", "data-exec", "double-free", "wx", "tables", "conserve",
            "shootdown", "stress"} <= names
