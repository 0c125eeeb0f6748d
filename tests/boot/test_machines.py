# SPDX-License-Identifier: BSD-2-Clause
"""One image on many machines: sizes of RAM, numbers of harts, cores, firmwares, with isolation and without."""
import os
import pathlib
import re
import time

import pytest

import pairwise
from harness import DEBIAN13_FIRMWARE
from images import mib, noisy_ram


def online(m):
    """How many cpus the kernel says are running."""
    return m.number("grep -c ^processor /proc/cpuinfo")


def check_machine(m, mem, smp):
    m.boot()
    assert online(m) == smp
    total = m.number("awk '/MemTotal/{print $2}' /proc/meminfo")
    # What the kernel keeps for itself is at most 8 MiB and a 64th (struct page is 16 bytes in 4096).
    assert (mib(mem) << 10) * 63 // 64 - (8 << 10) < total <= mib(mem) << 10
    assert m.run("seq 100 | sort -n | tail -n 1") == "100\n"
    assert m.poweroff() == 0
    assert f"\ncpus: {smp} of {smp} run\n" in m.text()
    assert "panic:" not in m.text()


def on(machine, row):
    if row["bios"] == "debian13" and not DEBIAN13_FIRMWARE.exists():
        pytest.skip("Debian 13's firmware could not be had")
    append = "pti=off" if row["pti"] == "off" else ""
    m = machine(mem=row["mem"], smp=row["smp"], cpu=row["cpu"], bios=row["bios"], append=append)
    check_machine(m, row["mem"], row["smp"])


@pytest.mark.parametrize("row", pairwise.rows(), ids=pairwise.name)
def test_sampled(machine, row):
    on(machine, row)


@pytest.mark.full
@pytest.mark.parametrize("row", pairwise.product(), ids=pairwise.name)
def test_product(machine, row):
    on(machine, row)


def cpu_seconds(m):
    """What the emulator's process has used of the host's processors."""
    fields = pathlib.Path(f"/proc/{m.child.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_idle_harts_are_idle(machine):
    """At the prompt nothing runs: all harts wait for interrupts, and few come."""
    m = machine(smp=8).boot()
    time.sleep(1)
    before = cpu_seconds(m)
    time.sleep(2)
    assert cpu_seconds(m) - before < 0.5


@pytest.mark.full
@pytest.mark.parametrize("attempt", range(50))
@pytest.mark.parametrize("cpu", ["rv64", "sifive-u54"])
def test_again_and_again(machine, cpu, attempt):
    """What goes wrong once in many boots goes wrong where eight harts share two processors."""
    check_machine(machine(smp=8, cpu=cpu), "128M", 8)


@pytest.mark.smoke
def test_four_harts(machine):
    check_machine(machine(smp=4), "128M", 4)


@pytest.mark.parametrize("smp", [1, 8])
def test_12_mib_reach_the_shell(machine, smp):
    m = machine(mem="12M", smp=smp).boot()
    assert m.run("ls / | sort | head -n 1") == "bin\n"
    assert m.poweroff() == 0


@pytest.mark.parametrize("mem,smp,cpu", [("64M", 1, None), ("128M", 4, "sifive-u54"), ("256M", 8, None)])
def test_ram_full_of_random_bytes(machine, mem, smp, cpu):
    m = machine(mem=mem, smp=smp, cpu=cpu, machine="virt,memory-backend=ram", extra=noisy_ram(mem))
    check_machine(m, mem, smp)


def test_sifive_u(machine):
    """Another machine: hart 0 has no MMU and one interrupt context where the others have two, the console is SiFive's."""
    m = machine(machine="sifive_u", smp=5).boot()
    assert online(m) == 4
    assert m.run("seq 100 | sort -n | tail -n 1") == "100\n"
    assert "panic:" not in m.text()


def test_memory_is_given_out_clean(machine):
    """With RAM full of noise, what a program gets must be zeros: the rest of a file's last page, holes, anonymous."""
    m = machine(machine="virt,memory-backend=ram", extra=noisy_ram("128M")).boot()
    m.run("printf x >/tmp/f; dd if=/dev/null of=/tmp/f bs=1 seek=20000 2>/dev/null")
    assert m.run("od -An -v -tx1 /tmp/f | tr -d ' \\n' | sed 's/^78//' | tr -d 0 | wc -c").strip() == "0"
    assert re.fullmatch(r"\d+\n", m.run("wc -c </tmp/f"))


@pytest.mark.parametrize("bios", ["installed", "debian13"])
def test_firmware(machine, bios):
    if bios == "debian13" and not DEBIAN13_FIRMWARE.exists():
        pytest.skip("Debian 13's firmware could not be had")
    m = machine(bios=bios, smp=2).boot()
    version = re.search(r"OpenSBI v(\d+)\.(\d+)", m.text())
    assert bios == "installed" or int(version[2]) >= 6
    assert m.poweroff() == 0
