# SPDX-License-Identifier: BSD-2-Clause
"""Several interrupt controllers: QEMU gives each NUMA node its own, with contexts for its own harts only. The console hangs
on the first node's, so typing shows whether its interrupts reach somebody."""
import pytest

import fdt
import images
from images import MIB, RAM
from test_placement import Place, start

NODES = []
for node, cpus in ("0", "0-1"), ("1", "2-3"):
    NODES += ["-object", f"memory-backend-ram,id=node{node},size=128M", "-numa",
              f"node,nodeid={node},cpus={cpus},memdev=node{node}"]


def session(m):
    m.boot()
    assert m.text().count("\nplic: 96 sources, ") + m.text().count("\nplic: 95 sources, ") == 2
    assert "polled" not in m.text() and "\ncpus: 4 of 4 run\n" in m.text()
    assert m.run("seq 100 | sort -n | tail -n 1") == "100\n"
    line = "echo " + "0123456789abcdef" * 20
    assert m.run(line) == line[5:] + "\n"
    assert m.poweroff() == 0


@pytest.mark.parametrize("hart", [0, 3])
def test_one_controller_for_each_node(machine, hart):
    """Booted on a hart of the controller that the console hangs on, and on one of the other."""
    session(machine(kernel=images.shim(RAM + 100 * MIB, RAM + 8 * MIB, RAM + 90 * MIB, hart, seed=11), cmdline="", smp=4,
                    mem="256M", extra=NODES + images.loaded(images.BUILD / "Image", RAM + 8 * MIB) +
                    images.loaded(two_nodes(), RAM + 90 * MIB)))


def two_nodes():
    return images.write("two-nodes.dtb", images.device_tree(4, "256M", more=NODES).data())


@pytest.mark.parametrize("names", [["riscv,plic0"], ["vendor,own-plic", "thead,c900-plic"], ["andestech,nceplic100"]],
                         ids=lambda names: names[-1])
def test_spellings(machine, names):
    m = start(machine, "plic-" + names[-1].replace(",", "-"), Place(RAM + 8 * MIB, RAM + 90 * MIB), noise=False,
              change=lambda tree: tree.node("/soc/plic")["props"].update(compatible=fdt.text(*names))).boot()
    assert "\nplic: " in m.text() and "polled" not in m.text()
    assert m.run("echo $((6 * 7))") == "42\n"
    assert m.poweroff() == 0
