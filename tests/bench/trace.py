#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Where the instructions of one operation go: single-steps the guest and counts by function.

    trace.py WORD [--library] [--skip N] [--from FUNCTION] [--steps N] [--calls]

Boots the image with user/ubench as pid 1, which measures the operation WORD (as ubench names it; --library: callbench); after N calls
(default 200: warm) of FUNCTION (default trap_syscall) it steps until the program runs again, and prints how many
instructions each kernel function took, in the order of first appearance. --calls prints each entry into a function
instead. For finding out why a figure of `make bench` is what it is.
"""
import argparse
import bisect
import pathlib
import subprocess
import sys
import tempfile

TOP = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TOP / "tests/boot"))
import run  # noqa: E402
from harness import BUILD, QEMU  # noqa: E402
from rsp import Remote  # noqa: E402

USER_TOP = 1 << 38
ENTRY_AREA = 0xFFFFFFFFC0000000
PC = 32


def symbols():
    lines = subprocess.run(["riscv64-unknown-elf-nm", "-n", str(BUILD / "quire.elf")], capture_output=True, text=True,
                           check=True).stdout.split("\n")
    rows = [line.split() for line in lines if len(line.split()) == 3]
    return [(int(a, 16), name) for a, kind, name in rows if kind in "tT"]


def name_of(table, addresses, pc):
    if pc < USER_TOP:
        return "(user)"
    if pc >= ENTRY_AREA:
        return "(trampoline)"
    return table[bisect.bisect_right(addresses, pc) - 1][1]


def step(remote):
    """One instruction; returns the pc, which follows the 32 registers in the stub's answer."""
    remote.ask("s")
    registers = bytes.fromhex(remote.ask("g")[:16 * (PC + 1)])
    return int.from_bytes(registers[8 * PC:], "little")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("word")
    parser.add_argument("--skip", type=int, default=200)
    parser.add_argument("--from", dest="start", default="trap_syscall")
    parser.add_argument("--steps", type=int, default=200_000)
    parser.add_argument("--library", action="store_true", help="WORD is callbench's, not ubench's")
    parser.add_argument("--calls", action="store_true")
    args = parser.parse_args()
    table = symbols()
    addresses = [a for a, _ in table]
    start = next(a for a, name in table if name == args.start)
    archive = run.library_archive() if args.library else run.small_archive()
    with tempfile.TemporaryDirectory() as folder:
        gate = pathlib.Path(folder) / "gdb"
        machine = subprocess.Popen(
            [QEMU, "-M", "virt", "-smp", "1", "-m", "256M", "-nographic", "-no-reboot", "-icount", "shift=0,align=off,sleep=on",
             "-kernel", str(BUILD / "Image"), "-initrd", str(archive), "-append", f"panic=-1 quiet norandmaps -- {args.word}",
             "-S", "-gdb", f"unix:{gate},server=on,wait=off"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        remote = Remote(gate)
        try:
            report(remote, table, addresses, start, args)
        finally:
            remote.close()
            machine.wait()


def report(remote, table, addresses, start, args):
    assert remote.ask(f"Z0,{start:x},2") == "OK"
    for _ in range(args.skip):
        step(remote)  # off the breakpoint
        assert remote.ask("c").startswith("T05")
    remote.ask(f"z0,{start:x},2")
    counts, total, pc, last = {}, 0, start, None
    while pc >= USER_TOP and total < args.steps:
        name = name_of(table, addresses, pc)
        if args.calls and name != last:
            print(f"{total:6} {name}")
        last = name
        counts[name] = counts.get(name, 0) + 1
        total += 1
        pc = step(remote)
    for name, n in counts.items():
        print(f"{n:6} {name}")
    print(f"{total:6} in all")


main()
