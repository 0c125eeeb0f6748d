# SPDX-License-Identifier: BSD-2-Clause
"""The machines that the default run boots on: a fixed list in which each pair of values of any two axes occurs.

The product of all axes is for `make test-all`. The list is written by rule, not by hand: it has a row for each pair of
the two longest axes, and the shorter axes turn at speeds that differ, so that they meet all others;
test_pairwise.py proves it.
"""
import itertools

AXES = {
    "mem": ["64M", "128M", "1G", "8G"],
    "smp": [1, 2, 3, 4, 5, 6, 7, 8],
    "cpu": ["rv64", "sifive-u54"],
    "bios": ["installed", "debian13"],
    "pti": ["on", "off"],
}


def product():
    return [dict(zip(AXES, row)) for row in itertools.product(*AXES.values())]


def rows():
    table = []
    for i, mem in enumerate(AXES["mem"]):
        for j, smp in enumerate(AXES["smp"]):
            table.append({"mem": mem, "smp": smp,
                          "cpu": AXES["cpu"][(i + j) % 2],
                          "bios": AXES["bios"][(i // 2 + j) % 2],
                          "pti": AXES["pti"][(i + j // 2) % 2]})
    return table


def missing(table):
    """The pairs of values that no row of the table holds."""
    lacking = []
    for a, b in itertools.combinations(AXES, 2):
        seen = {(row[a], row[b]) for row in table}
        lacking += [(a, x, b, y) for x in AXES[a] for y in AXES[b] if (x, y) not in seen]
    return lacking


def name(row):
    return "-".join(str(row[axis]) if axis not in ("smp", "pti") else f"{axis}{row[axis]}" for axis in row)
