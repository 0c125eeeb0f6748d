# SPDX-License-Identifier: BSD-2-Clause
"""Which harts run, and that nothing interrupts one that is better left alone."""
import re

import fdt
import images
from images import MIB, RAM
from harness import BUILD

IMAGE, TREE, SHIM = RAM + 8 * MIB, RAM + 80 * MIB, RAM + 4 * MIB


def test_hart_that_does_not_start_is_left_out(machine):
    """The tree tells of a hart 9 between the two that there are."""
    tree = images.device_tree(smp=2)
    cpus = tree.node("/cpus")["children"]
    real = [n for n in cpus if n["name"].startswith("cpu@")]
    ghost = {"name": "cpu@9", "props": {**real[0]["props"], "reg": fdt.u32(9)}, "children": []}
    ghost["props"].pop("phandle", None)
    cpus.insert(1, ghost)
    extra = images.loaded(BUILD / "Image", IMAGE) + images.loaded(images.write("ghost.dtb", tree.data()), TREE)
    m = machine(smp=2, kernel=images.shim(SHIM, IMAGE, TREE, seed=5), cmdline="", extra=extra).boot()
    assert re.search(r"cpu \d \(hart 9\): does not start, error \d+: left out", m.text())
    assert "cpus: 2 of 3 run" in m.text()
    assert m.number("nproc") == 2
    assert m.number("grep -c ^processor /proc/cpuinfo") == 2
    m.run("forkstorm 30")
    assert m.poweroff() == 0


def column(m, name):
    """Of /proc/cpustat: a value for each cpu."""
    rows = [line.split() for line in m.run("cat /proc/cpustat").splitlines()]
    return [int(row[rows[0].index(name)]) for row in rows[1:]]


def test_computing_alone_is_not_interrupted(machine):
    """Three seconds: 60 interrupts if somebody looked 20 times a second. Some are left for what init may do."""
    m = machine(smp=2).boot()
    m.run("taskset -c 1 sh -c 'while :; do :; done' & sleep 1")
    before = column(m, "ticks")[1]
    user = m.run("grep cpu1 /proc/stat").split()[1]
    m.run("taskset -c 0 sleep 3")
    assert column(m, "ticks")[1] - before <= 5
    assert int(m.run("grep cpu1 /proc/stat").split()[1]) - int(user) >= 250, "its time counts all the same"
    m.run("kill $!")


def test_idle_harts_are_not_interrupted(machine):
    m = machine(smp=4).boot()
    before = sum(column(m, "ticks"))
    m.run("sleep 4")
    # The load average asks for one every five seconds, the sleep for one, and the shell runs for moments.
    assert sum(column(m, "ticks")) - before <= 20


def test_cpu_time_ends_at_its_limit(machine):
    """By a loop that makes no call, and by one that does little else."""
    m = machine(smp=2).boot()
    for loop in ("while :; do :; done", "while :; do read x </proc/uptime; done"):
        said = m.run(f"(ulimit -t 1; {loop}) & wait $!; echo ended $?")
        assert "ended 137" in said
