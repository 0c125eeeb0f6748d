# SPDX-License-Identifier: BSD-2-Clause
"""Namespaces, and threads with descriptors and a directory of their own (user/libc/namespaces.c)."""
import pytest

from libc_programs import NAMESPACES, run_twice


@pytest.mark.parametrize("libc, smp", [("glibc", 4), ("musl", 1)])
def test_namespaces(machine, libc, smp):
    m = run_twice(machine, libc, NAMESPACES, smp)
    assert "churn" not in m.run("cat /proc/mounts")
    assert m.run("hostname").strip() == "quire"
    assert m.poweroff() == 0
