#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Turns `nm -n` of the kernel (stdin) into the assembly of its symbol table (stdout).

symtab_count (u32), symtab_offsets (u32 each, ascending, from __text_start), symtab_name_offsets (u32 each, into
symtab_names), symtab_names (NUL-terminated strings). An empty input gives an empty table, for the first link.
"""
import re
import sys


def functions(lines):
    """(address, name) of each function, one name per address: the first global one, else the first."""
    base, found = None, {}
    for line in lines:
        fields = line.split()
        if len(fields) != 3:
            continue
        address, kind, name = int(fields[0], 16), fields[1], fields[2]
        if name == "__text_start":
            base = address
        elif kind in "tTwW" and re.fullmatch(r"[A-Za-z_][\w.]*", name):
            if address not in found or (kind in "TW" and found[address][0] == "t"):
                found[address] = (kind, name)
    if base is None:
        return 0, []
    return base, [(a, n) for a, (_, n) in sorted(found.items()) if a >= base]


def main():
    base, table = functions(sys.stdin)
    out = ['.section .rodata.symtab, "a"', ".balign 4",
           ".globl symtab_count, symtab_offsets, symtab_name_offsets, symtab_names",
           "symtab_count:", f"    .word {len(table)}", "symtab_offsets:"]
    out += [f"    .word {a - base:#x}" for a, _ in table]
    out += ["symtab_name_offsets:"]
    at = 0
    for _, name in table:
        out.append(f"    .word {at}")
        at += len(name) + 1
    out += ["symtab_names:"] + [f'    .asciz "{n}"' for _, n in table]
    out += ["    .balign 4"]
    print("\n".join(out))


main()
