#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Turns `nm -n` of the kernel (stdin) into the assembly of its symbol table (stdout), as lib/symtab.h describes it.

The names, each with the NUL behind it, are one text, which byte pairs make less than half as long: as long as there are
codes left, the pair of codes that occurs most becomes a code of its own. The NUL is a letter like the others, so that
pairs may hold the end of one name and the beginning of the next. An empty input gives an empty table, for the first link.

Suffixes that the compiler adds (.constprop.0, .isra.0, .part.0) stay: what has one is a function with a beginning of its
own, and an offset into it, under the name of the function it was made from, would send the reader to the wrong
instruction. There are few of them, and their letters are soon one code.
"""
import re
import sys
from collections import Counter

CODES = 256
NEST_MOST = 8      # SYMTAB_NEST_MOST
NAME_MOST = 255    # SYMTAB_NAME_MOST
WORTH = 3          # a pair costs two bytes: it must occur more often than that


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
        elif kind in "tTwW" and re.fullmatch(r"[A-Za-z_][\w.]*", name, re.ASCII):
            if address not in found or (kind in "TW" and found[address][0] == "t"):
                found[address] = (kind, name)
    if base is None:
        return 0, []
    return base, [(a, n) for a, (_, n) in sorted(found.items()) if a >= base]


def number(value):
    """Seven bits a byte, the lowest first, the top bit set on all but the last."""
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7f | 0x80)
        value >>= 7
    return bytes(out + bytes([value]))


def gaps(base, addresses):
    """From each function's beginning to the next one's, in halfwords, the smallest instructions."""
    before = [base] + addresses[:-1]
    if any(a % 2 for a in [base] + addresses):
        sys.exit("symtab.py: a function at an odd address")
    return b"".join(number((a - b) // 2) for b, a in zip(before, addresses))


def best_pair(text, nest):
    """The pair of codes that occurs most, the lowest of several: the same input must give the same table."""
    counts = Counter(zip(text, text[1:]))
    allowed = [(-n, pair) for pair, n in counts.items() if n >= WORTH and max(nest[c] for c in pair) < NEST_MOST]
    return bytes(min(allowed)[1]) if allowed else None


def compress(text):
    """The letters of the text, the pairs, and the text in codes: first a code for each letter, then one for each pair."""
    letters = bytes(sorted(set(text)))
    text = bytes(map(letters.index, text))
    nest, pairs = [0] * len(letters), []
    while len(nest) < CODES and (pair := best_pair(text, nest)):
        text = text.replace(pair, bytes([len(nest)]))
        nest.append(1 + max(nest[c] for c in pair))
        pairs.append(pair)
    return letters, b"".join(pairs), text


def assembly(label, data):
    rows = [data[i:i + 32] for i in range(0, len(data), 32)]
    return [f".globl {label}", f"{label}:"] + ["    .byte " + ",".join(map(str, row)) for row in rows]


def main():
    base, table = functions(sys.stdin)
    letters, pairs, names = compress("".join(n[:NAME_MOST] + "\0" for _, n in table).encode())
    parts = {"letters": letters, "pairs": pairs, "gaps": gaps(base, [a for a, _ in table]), "names": names, "end": b""}
    print('.section .rodata.symtab, "a"')
    for label, data in parts.items():
        print("\n".join(assembly("symtab_" + label, data)))


main()
