# SPDX-License-Identifier: BSD-2-Clause
"""The list of machines leaves no pair out, and its check would notice."""
import pairwise


def test_every_pair_of_values_meets():
    assert not pairwise.missing(pairwise.rows())


def test_a_missing_pair_is_noticed():
    table = [row for row in pairwise.rows() if (row["mem"], row["smp"]) != ("8G", 8)]
    assert ("mem", "8G", "smp", 8) in pairwise.missing(table)
