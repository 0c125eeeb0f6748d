#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""The rules of the house that a machine can check. layers.py [--objects BUILD]

    includes   a file includes headers of its own layer and of lower ones
    words      what only a RISC-V machine knows is named under arch/riscv alone
    boards     no board and no address of a board's in C, but in a driver's `compatible` strings
    licences   every source names its licence in the first lines
    calls      an object refers to functions of its own layer and of lower ones  (needs the objects)
    circles    no two files refer to each other, directly or through others      (needs the objects)

Layers: lib <- kernel/base <- mm <- kernel <- fs, drivers <- net <- kernel/abi. arch/riscv stands beside kernel/base: it may
use lib and base, and everything from base upwards may use what include/arch promises. The ABI's numbers and structures
(include/abi/linux) are data, and everybody's.
"""
import argparse
import os
import re
import subprocess
import sys

ORDER = {"lib": 0, "base": 1, "arch": 1, "mm": 2, "kernel": 3, "fs": 4, "drivers": 4, "net": 5, "abi": 6}

# A lower layer may call these and nothing else above itself: the header beside each tells what they must do.
UPCALLS = {
    # include/base/wait.h: to sleep and to wake is the scheduler's
    "sched_prepare", "sched_block", "sched_unprepare", "sched_wake", "sched_preempt",
    # include/arch/trap.h: what the machine reports
    "trap_syscall", "trap_user_fault", "trap_timer", "trap_external", "trap_ipi", "trap_user_work", "trap_pending",
    "trap_kernel_fault",
    # include/arch/boot.h, include/arch/smp.h: where a cpu enters the portable kernel
    "kernel_main", "smp_secondary_main",
}

MACHINE_WORDS = re.compile(r"\b(satp|sfence\w*|[sm](status|cause|tval|epc|tvec|scratch)|senvcfg|[sm]counteren|stimecmp|"
                           r"hartid\w*|harts?|sret|fence_i|csr[rwsc]\w*|SBI\w*|sbi_\w+|PTE_[A-Z]\w*|MXR|SUM)\b")
# Hardware that only RISC-V machines have: its own documents speak of harts.
MACHINE_HARDWARE = ("drivers/irqchip/", "include/drivers/irqchip")
BOARD_NAMES = re.compile(r"qemu|hifive|unleashed|unmatched|visionfive|jh7110|fu[57]40|\bk1\b|th1520|pioneer", re.I)
BOARD_ADDRESSES = re.compile(r"\b0x(80200000|40200000|0?c000000|100[01][01]000)[uUlL]*\b")
STRING = re.compile(r'"(?:\\.|[^"\\\n])*"')  # a message may say hart
COMPATIBLE = re.compile(r'"[a-z0-9-]+,[^"]*"')


def layer_of(path):
    """The layer of a source or header by where it lies, or None for what stands outside the kernel."""
    parts = path.split("/")
    if path.startswith("arch/riscv/vdso/"):
        return None  # programs run it, and it is linked by itself
    if parts[0] == "include":
        return "free" if path.startswith("include/abi/linux/") else parts[1] if parts[1] in ORDER else None
    if parts[0] == "kernel":
        return {"base": "base", "abi": "abi"}.get(parts[1], "kernel")
    return parts[0] if parts[0] in ORDER else None


def may_use(user, used):
    if used == "free" or user == used:
        return True
    if user == "arch":
        return used in ("lib", "base")
    if used == "arch":
        return ORDER[user] >= ORDER["base"]
    return ORDER[user] >= ORDER[used]


def sources():
    for top in ("arch", "lib", "kernel", "mm", "fs", "drivers", "net", "include"):
        for folder, _, names in sorted(os.walk(top)):
            for name in sorted(names):
                if name.endswith((".c", ".h", ".S")):
                    yield f"{folder}/{name}"


def read(path):
    with open(path, encoding="utf-8") as f:
        return f.read()


def without_comments(text):
    """Comments blanked, lines and strings kept."""
    def blank(match):
        found = match[0]
        return found if found[0] in "\"'" else re.sub(r"[^\n]", " ", found)
    return re.sub(r'"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'|/\*.*?\*/|//[^\n]*', blank, text, flags=re.S)


def lines_with(pattern, text):
    for number, line in enumerate(text.split("\n"), 1):
        if m := pattern.search(line):
            yield number, m[0]


def check_includes():
    for path in sources():
        layer = layer_of(path)
        for number, line in enumerate(read(path).split("\n"), 1):
            m = re.match(r'\s*#\s*include\s+[<"]([^>"]+)[>"]', line)
            if not m or layer in (None, "free"):
                continue
            used = layer_of("include/" + m[1])
            if m[1].startswith("asm/"):
                if layer != "arch":
                    yield f"{path}:{number}: <{m[1]}> belongs to arch; include the <arch/...> that promises it"
            elif used and not may_use(layer, used):
                yield f"{path}:{number}: {layer} may not include <{m[1]}>"


def check_words():
    for path in sources():
        if layer_of(path) in (None, "arch", "free") or path.startswith(MACHINE_HARDWARE):
            continue
        for number, word in lines_with(MACHINE_WORDS, STRING.sub('""', without_comments(read(path)))):
            yield f"{path}:{number}: {word}"


def check_boards():
    for path in sources():
        if layer_of(path) == "free" or not path.endswith((".c", ".h")):
            continue
        text = without_comments(read(path))
        if path.startswith(("drivers/", "arch/riscv/")):
            text = COMPATIBLE.sub('""', text)
        for pattern in (BOARD_NAMES, BOARD_ADDRESSES):
            for number, word in lines_with(pattern, text):
                yield f"{path}:{number}: {word}"


# The emulator is QEMU's, changed, and so under QEMU's licence (boards/visionfive2/emulator/LICENSE).
LICENCES = {"boards/visionfive2/emulator/": "GPL-2.0-or-later"}


def check_licences():
    status = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], capture_output=True, text=True, check=False)
    names = status.stdout.split("\n") if status.returncode == 0 else list(sources())
    for path in names:
        wanted = path.endswith((".c", ".h", ".S", ".py", ".sh", ".mk", ".dts", ".gdb", "Makefile", ".def"))
        licence = next((l for folder, l in LICENCES.items() if path.startswith(folder)), "BSD-2-Clause")
        if wanted and os.path.isfile(path) and f"SPDX-License-Identifier: {licence}" not in read(path)[:200]:
            yield f"{path}: no licence line"


def symbols(build, nm):
    """({function: file that defines it}, {file: functions it refers to}) of the kernel's objects."""
    defined, used = {}, {}
    for path in sources():
        stem = f"{build}/{os.path.splitext(path)[0]}.o"
        if path.endswith(".h") or not os.path.exists(stem):
            continue
        listing = subprocess.run([nm, stem], capture_output=True, text=True, check=True).stdout
        for line in listing.split("\n"):
            fields = line.split()
            if len(fields) == 3 and fields[1] in "TW":
                defined[fields[2]] = path
            elif len(fields) == 2 and fields[0] == "U":
                used.setdefault(path, set()).add(fields[1])
    return defined, used


def references(build, nm):
    """{file: {other file: a function it refers to there}}, without the upcalls."""
    defined, used = symbols(build, nm)
    edges = {}
    for path, names in used.items():
        edges[path] = {defined[n]: n for n in sorted(names, reverse=True)
                       if n in defined and defined[n] != path and n not in UPCALLS}
    return edges


def check_calls(edges):
    for path, others in sorted(edges.items()):
        for other, name in sorted(others.items()):
            if not may_use(layer_of(path), layer_of(other)):
                yield f"{path}: calls {name} in {other}"


def circles(edges):
    """Strongly connected files (Tarjan), those of more than one."""
    index, low, stack, found = {}, {}, [], []

    def visit(file):
        index[file] = low[file] = len(index)
        stack.append(file)
        for other in edges.get(file, ()):
            if other not in index:
                visit(other)
                low[file] = min(low[file], low[other])
            elif other in stack:
                low[file] = min(low[file], index[other])
        if low[file] == index[file]:
            at = stack.index(file)
            found.append(stack[at:])
            del stack[at:]

    for file in sorted(edges):
        if file not in index:
            visit(file)
    return [c for c in found if len(c) > 1]


def check_circles(edges):
    for circle in circles(edges):
        for file in sorted(circle):
            for other in sorted(set(edges.get(file, ())) & set(circle)):
                yield f"{file} -> {other} ({edges[file][other]})"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--objects", metavar="BUILD", help="where the kernel's objects are")
    parser.add_argument("--nm", default=os.environ.get("CROSS_COMPILE", "riscv64-unknown-elf-") + "nm")
    args = parser.parse_args()
    sys.setrecursionlimit(10000)
    checks = {"includes": check_includes(), "words": check_words(), "boards": check_boards(),
              "licences": check_licences()}
    if args.objects:
        edges = references(args.objects, args.nm)
        if not edges:
            sys.exit(f"layers.py: no objects under {args.objects}")
        checks |= {"calls": check_calls(edges), "circles": check_circles(edges)}
    bad = False
    for name, wrong in checks.items():
        wrong = list(wrong)
        bad |= bool(wrong)
        for line in wrong:
            print(f"    {line}")
        print(f"{name}: {f'{len(wrong)} wrong' if wrong else 'ok'}")
    sys.exit(1 if bad else 0)


main()
