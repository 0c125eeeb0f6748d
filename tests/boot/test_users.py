# SPDX-License-Identifier: BSD-2-Clause
"""Users: what one becomes, may no longer do, and gets back; busybox's programs for them."""
import pytest

from libc_programs import USERS, run_twice


@pytest.mark.parametrize("libc, smp", [("glibc", 4), pytest.param("musl", 1, marks=pytest.mark.full)])
def test_users_and_groups(machine, libc, smp):
    assert run_twice(machine, libc, USERS, smp).poweroff() == 0


def test_becoming_another_user_at_the_shell(machine):
    m = machine().boot()
    assert m.run("id -u") == "0\n"
    assert m.run("su user -c 'id -u; id -g; umask 077; echo mine > /tmp/mine'") == "1000\n1000\n"
    assert m.run("stat -c '%u %g %a' /tmp/mine") == "1000 1000 600\n"
    assert "Permission denied" in m.run("su user -c 'echo no > /etc/motd'", status=None)
    assert "Permission denied" in m.run("chown root /tmp/mine; su user -c 'cat /tmp/mine'", status=None)
    assert "not permitted" in m.run("su user -c 'kill 1'", status=None)
    assert "Permission denied" in m.run("su user -c 'cat /proc/1/maps'", status=None)
    assert m.run("su user -c 'readlink /proc/1/exe'", status=1) == ""
    assert "[stack]" in m.run("su user -c 'cat /proc/self/maps'")
    assert m.poweroff() == 0
