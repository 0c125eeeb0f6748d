# SPDX-License-Identifier: BSD-2-Clause
"""make dtcheck against device trees as the device tree compiler's own tools read them (fdtget, fdtdump's library)."""
import json
import os
import pathlib
import random
import re
import shutil
import subprocess

import pytest

import fdt
from emulators import card
from harness import BUILD, QEMU, TOP

MIB, GIB = 1 << 20, 1 << 30
PAGE, DIRECT_MAP = 4096, 252 * GIB
FIRMWARE = 2 * MIB
DRIVERS = ("ns16550a", "ns16550", "snps,dw-apb-uart", "sifive,uart0")
PLICS = ("sifive,plic-1.0.0", "riscv,plic0")

pytestmark = pytest.mark.skipif(not shutil.which("fdtget"), reason="no fdtget to compare with")


@pytest.fixture(scope="module")
def dtcheck():
    """Runs the program on a file: (exit status, standard output, standard error)."""
    env = dict(os.environ, QUIRE_SETUP="no")
    subprocess.run(["make", "-j1", "-f", "mk/boards.mk", f"BUILD={BUILD}", "dtcheck"], cwd=TOP, check=True, env=env,
                   stdout=subprocess.DEVNULL)

    def run(path, *words):
        done = subprocess.run([BUILD / "dtcheck/dtcheck", *words, path], capture_output=True, text=True, check=False,
                              timeout=60)
        return done.returncode, done.stdout, done.stderr
    return run


# The tree by fdtget, which rests on libfdt.

class Tree:
    """A tree that fdtget reads: one process for each question, so ask little."""

    def __init__(self, path):
        self.path = path

    def ask(self, *words):
        done = subprocess.run(["fdtget", *words[:-1], self.path, *words[-1]], capture_output=True, text=True, check=False)
        return done.stdout.split() if done.returncode == 0 else None

    def children(self, node):
        return self.ask("-l", [node]) or []

    def text(self, node, name):
        return self.ask("-t", "s", [node, name])

    def cells(self, node, name):
        words = self.ask("-t", "x", [node, name])
        return None if words is None else [int(w, 16) for w in words]

    def number(self, node, name, missing=None):
        cells = self.cells(node, name)
        return missing if cells is None else sum(c << 32 * i for i, c in enumerate(reversed(cells)))

    def pairs(self, node, bus):
        """reg as [start, size] pairs."""
        a, s = self.number(bus, "#address-cells", 2), self.number(bus, "#size-cells", 1)
        cells = self.cells(node, "reg") or []
        join = lambda part: sum(c << 32 * i for i, c in enumerate(reversed(part)))  # noqa: E731
        return [[join(cells[i:i + a]), join(cells[i + a:i + a + s])] for i in range(0, len(cells), a + s)]

    def okay(self, node):
        return (self.text(node, "status") or ["okay"])[0] in ("okay", "ok")

    def walk(self, node="/"):
        yield node
        for child in self.children(node):
            yield from self.walk(node.rstrip("/") + "/" + child)

    def below_soc(self):
        """The devices: on the machines whose whole reports are compared all hang on one bus, with addresses as the cpu's."""
        return [f"/soc/{c}" for c in self.children("/soc")]


def memory_of(tree):
    nodes = [f"/{c}" for c in tree.children("/")]
    return [r for n in nodes if tree.text(n, "device_type") == ["memory"] and tree.okay(n) for r in tree.pairs(n, "/")]


def reserved_of(tree):
    parent = "/reserved-memory"
    return [r for c in tree.children(parent) if tree.okay(f"{parent}/{c}") for r in tree.pairs(f"{parent}/{c}", parent)]


def memreserve_of(tree):
    source = subprocess.run(["dtc", "-q", "-q", "-I", "dtb", "-O", "dts", tree.path], capture_output=True, text=True, check=True)
    return [[int(a, 16), int(n, 16)] for a, n in re.findall(r"^/memreserve/\s+(\w+)\s+(\w+);", source.stdout, re.M)]


def harts_of(tree):
    """{id: usable}: with an MMU, enabled, and with the letters of the others."""
    found = {}
    for child in tree.children("/cpus"):
        node = f"/cpus/{child}"
        if tree.text(node, "device_type") == ["cpu"]:
            mmu = (tree.text(node, "mmu-type") or ["riscv,none"])[0]
            isa = "".join(tree.text(node, "riscv,isa")).split("_")[0]
            found[tree.number(node, "reg")] = tree.okay(node) and mmu != "riscv,none" and "d" in isa
    return found


def contexts_of(tree, node, hart_of):
    cells = tree.cells(node, "interrupts-extended")
    pairs = zip(cells[::2], cells[1::2])  # a hart's controller takes one cell
    return {str(hart_of[phandle]): i for i, (phandle, cause) in enumerate(pairs) if cause == 9}


def plics_of(tree):
    hart_of = {}
    for child in tree.children("/cpus"):
        for intc in tree.children(f"/cpus/{child}"):
            phandle = tree.number(f"/cpus/{child}/{intc}", "phandle")
            hart_of[phandle] = tree.number(f"/cpus/{child}", "reg")
    return [{"reg": tree.pairs(n, "/soc")[0], "contexts": contexts_of(tree, n, hart_of)}
            for n in tree.below_soc() if set(tree.text(n, "compatible") or []) & set(PLICS)]


def console_of(tree):
    path = (tree.text("/chosen", "stdout-path") or [None])[0]
    if path is None:
        return None
    path = path.split(":")[0]
    if not path.startswith("/"):
        path = tree.text("/aliases", path)[0]
    return {"path": path, "compatible": next(c for c in tree.text(path, "compatible") if c in DRIVERS),
            "reg": tree.pairs(path, "/soc")[0], "reg_shift": tree.number(path, "reg-shift", 0),
            "reg_io_width": tree.number(path, "reg-io-width", 1)}


def subtract(ranges, hole):
    for start, end in ranges:
        for a, b in ((start, min(end, hole[0])), (max(start, hole[1]), end)):
            if a < b:
                yield a, b


def usable_of(tree):
    """Banks rounded in, below the direct map's end, less what is reserved, less firmware that announces nothing."""
    banks = sorted((-(-s // PAGE) * PAGE, min((s + n) // PAGE * PAGE, DIRECT_MAP)) for s, n in memory_of(tree))
    holes = [(s // PAGE * PAGE, -(-(s + n) // PAGE) * PAGE) for s, n in reserved_of(tree)]
    low = banks[0][0]
    reserved = [(s // PAGE * PAGE, -(-(s + n) // PAGE) * PAGE) for s, n in memreserve_of(tree)]
    if not any(s < low + FIRMWARE and e > low for s, e in holes):
        holes.append((low, low + FIRMWARE))
    for hole in holes + reserved:
        banks = sorted(subtract(banks, hole))
    merged = []
    for start, end in banks:
        if merged and merged[-1][1] >= start:
            merged[-1][1] = max(end, merged[-1][1])
        else:
            merged.append([start, end])
    return [[s, e - s] for s, e in merged]


def agrees(dtcheck, path):
    """The whole JSON report against the reference; the report."""
    tree = Tree(path)
    status, out, err = dtcheck(path, "--json")
    assert err == ""
    said = json.loads(out)
    assert said["memory"] == memory_of(tree)
    assert said["reserved"] == reserved_of(tree)
    assert said["memreserve"] == memreserve_of(tree)
    assert said["usable"] == usable_of(tree)
    assert {h["id"]: h["usable"] for h in said["harts"]} == harts_of(tree)
    assert all(bool(h["reason"]) != h["usable"] for h in said["harts"])
    assert said["timebase"] == tree.number("/cpus", "timebase-frequency")
    assert said["console"] == console_of(tree)
    assert said["plics"] == plics_of(tree)
    assert (status, said["boots"]) == (0, True), said["why"]
    return said


def dumped(tmp_path, machine, *words):
    path = tmp_path / "dumped.dtb"
    subprocess.run([QEMU, "-M", f"{machine},dumpdtb={path}", "-nographic", "-bios", "none", *words], check=True,
                   capture_output=True, timeout=60)
    return path


def compiled(tmp_path, source):
    path = tmp_path / "compiled.dtb"
    subprocess.run(["dtc", "-q", "-q", "-I", "dts", "-O", "dtb", "-o", path, "-"], input=source, text=True, check=True)
    return path


@pytest.mark.parametrize("memory", ["64M", "512M", "3G", "8G", "64G"])
@pytest.mark.parametrize("harts", range(1, 9))
def test_virt(dtcheck, tmp_path, harts, memory):
    # A file with holes: no host needs to have that much memory.
    backend = f"memory-backend-file,id=ram,size={memory},mem-path={tmp_path}/ram,share=on"
    said = agrees(dtcheck, dumped(tmp_path, "virt,memory-backend=ram", "-smp", str(harts), "-m", memory, "-object", backend))
    (tmp_path / "ram").unlink()
    assert len(said["harts"]) == harts
    assert said["usable"][0][0] == 0x80200000


def test_virt_with_two_nodes(dtcheck, tmp_path):
    words = ["-smp", "4", "-m", "512M"]
    for node, cpus in ("0", "0-1"), ("1", "2-3"):
        words += ["-object", f"memory-backend-ram,id=m{node},size=256M", "-numa", f"node,nodeid={node},cpus={cpus},memdev=m{node}"]
    said = agrees(dtcheck, dumped(tmp_path, "virt", *words))
    assert len(said["plics"]) == 2 and len(said["memory"]) == 2 and len(said["usable"]) == 1


def test_sifive_u(dtcheck, tmp_path):
    said = agrees(dtcheck, dumped(tmp_path, "sifive_u", "-smp", "5", "-m", "1G"))
    assert [h["id"] for h in said["harts"] if h["usable"]] == [1, 2, 3, 4]
    assert said["console"]["compatible"] == "sifive,uart0"


if TREES := sorted(pathlib.Path(os.environ.get("QUIRE_TREES") or os.devnull).glob("*.dtb")):
    @pytest.mark.parametrize("path", TREES, ids=lambda path: path.name)
    def test_trees_of_boards(dtcheck, path):
        """The trees in a folder that the variable QUIRE_TREES names, of boards that Quire boots on."""
        agrees(dtcheck, path)


@pytest.mark.parametrize("board", ["hifive-unleashed", "hifive-unmatched", "visionfive2"])
def test_trees_that_the_cards_carry(dtcheck, board):
    """U-Boot's own, which know nothing yet of what firmware disables."""
    said = agrees(dtcheck, card(board).out / "boot/board.dtb")
    assert [h["id"] for h in said["harts"] if h["usable"]] == [1, 2, 3, 4]


def test_a_tree_of_ours_for_a_board(dtcheck, tmp_path):
    path = compiled(tmp_path, (TOP / "dts/test/board.dts").read_text())
    said = json.loads(dtcheck(path, "--json")[1])
    tree = Tree(path)
    assert said["memory"] == memory_of(tree) and said["usable"] == usable_of(tree)
    assert {h["id"]: h["usable"] for h in said["harts"]} == harts_of(tree)


# What only a hand-written tree has.

HAND = """/dts-v1/;
%s
/ { #address-cells = <2>; #size-cells = <2>; compatible = "x"; model = "by hand";
    chosen { %s };
    memory@80000000 { device_type = "memory"; reg = <0 0x80000000 0 0x40000000>; };
    reserved-memory { #address-cells = <2>; #size-cells = <2>; ranges;
        a@88000100 { reg = <0 0x88000100 0 0x10>; };
        off@89000000 { reg = <0 0x89000000 0 0x1000>; status = "disabled"; };
        asks { size = <0 0x100000>; };
        %s
    };
    cpus { #address-cells = <1>; #size-cells = <0>; timebase-frequency = <%s>;
        cpu@0 { device_type = "cpu"; reg = <0>; compatible = "sifive,u74-mc"; riscv,isa = "rv64imac"; mmu-type = "%s"; };
        cpu@7 { device_type = "cpu"; reg = <7>; compatible = "%s"; riscv,isa = "rv64imafdc"; mmu-type = "riscv,sv39"; };
    };
};
"""


def by_hand(dtcheck, tmp_path, reserve="", chosen="", child="", timebase="1000000", mmu0="riscv,sv39", cpu="riscv"):
    path = compiled(tmp_path, HAND % (reserve, chosen, child, timebase, mmu0, cpu))
    status, out, _ = dtcheck(path, "--json")
    said = json.loads(out)
    assert status == (0 if said["boots"] else 1)
    return said


def test_reservations(dtcheck, tmp_path):
    said = by_hand(dtcheck, tmp_path, reserve="/memreserve/ 0x90000ff0 0x20;")
    assert said["reserved"] == [[0x88000100, 0x10]]
    assert said["memreserve"] == [[0x90000ff0, 0x20]]
    assert said["usable"] == [[0x80200000, 0x7e00000], [0x88001000, 0x7fff000], [0x90002000, 0x2fffe000]]
    assert said["boots"]


def test_firmware_that_announces_itself_gives_back_the_rest(dtcheck, tmp_path):
    said = by_hand(dtcheck, tmp_path, child="mmode_resv0@80000000 { reg = <0 0x80000000 0 0x80000>; };")
    assert said["usable"][0][0] == 0x80080000


@pytest.mark.parametrize("child, first", [
    ("opensbi@80000000 { reg = <0 0x80000000 0 0x80000>; no-map; };", 0x80080000),
    ("late@801ff000 { reg = <0 0x801ff000 0 0x1000>; };", 0x80000000),      # one child is enough to be believed
    ("off@80000000 { reg = <0 0x80000000 0 0x1000>; status = \"disabled\"; };", 0x80200000),
    ("asks@80000000 { size = <0 0x1000>; no-map; };", 0x80200000),
    ("empty@80000000 { reg = <0 0x80000000 0 0>; };", 0x80200000),
    ("behind@80200000 { reg = <0 0x80800000 0 0x1000>; };", 0x80200000),
])
def test_the_first_2_mib(dtcheck, tmp_path, child, first):
    """They are firmware's that announces nothing, unless an enabled child with a place lies there."""
    assert by_hand(dtcheck, tmp_path, child=child)["usable"][0][0] == first


def test_the_reservation_block_announces_no_firmware(dtcheck, tmp_path):
    said = by_hand(dtcheck, tmp_path, reserve="/memreserve/ 0x80000000 0x80000;")
    assert said["memreserve"] == [[0x80000000, 0x80000]] and said["usable"][0][0] == 0x80200000


BANKS = """/dts-v1/;
/ { #address-cells = <2>; #size-cells = <2>; compatible = "x"; model = "banks";
    chosen { };
    %s
    cpus { #address-cells = <1>; #size-cells = <0>; timebase-frequency = <1000000>;
        cpu@3 { device_type = "cpu"; reg = <3>; riscv,isa-base = "rv64i"; mmu-type = "riscv,sv57";
                riscv,isa-extensions = "i", "m", "a", "f", "d", "c"; };
    };
};
"""
MEMORY = 'memory@%x { device_type = "memory"; reg = <%s>; };'


@pytest.mark.parametrize("banks, usable", [
    # The lowest bank is the kernel's, wherever it stands in the tree; banks that touch are one.
    ([(0x100000000, 0x40000000), (0x80000000, 0x80000000)], [[0x80200000, 0xbfe00000]]),
    # Overlapping banks; a bank that begins and ends inside pages.
    ([(0x80000000, 0x8000000), (0x84000000, 0x8000000), (0xa0000800, 0x10001000)],
     [[0x80200000, 0xbe00000], [0xa0001000, 0x10000000]]),
    # RAM from address 0 on, and around the end of the direct map.
    ([(0, 0x20000000), (DIRECT_MAP - MIB, 2 * MIB), (1 << 40, GIB)], [[0x200000, 0x1fe00000], [DIRECT_MAP - MIB, MIB]]),
    ([(0x80000000, 1 << 38)], [[0x80200000, DIRECT_MAP - 0x80200000]]),
])
def test_banks(dtcheck, tmp_path, banks, usable):
    cells = lambda s, n: f"{s >> 32:#x} {s & 0xffffffff:#x} {n >> 32:#x} {n & 0xffffffff:#x}"  # noqa: E731
    path = compiled(tmp_path, BANKS % "".join(MEMORY % (s, cells(s, n)) for s, n in banks))
    status, out, _ = dtcheck(path, "--json")
    said = json.loads(out)
    assert said["memory"] == [list(b) for b in banks] == memory_of(Tree(path))
    assert said["usable"] == usable == usable_of(Tree(path))
    assert (status, said["boots"]) == (0, True) and said["harts"] == [{"id": 3, "usable": True, "reason": ""}]


def random_tree(rng):
    """Banks, reserved children and entries of the header's map at places that like to touch, and to begin and end inside
    pages. Banks may touch, but do not overlap: which one is the kernel's would be anybody's guess."""
    starts = [0, 0x80000000, 0x80000000 + 256 * MIB, 0x100000000, 0x1000000000, DIRECT_MAP - 128 * MIB, DIRECT_MAP]

    def odd(most):
        return rng.randrange(64) * rng.choice([1, 0x800, PAGE, most // 64])

    def place():
        return rng.choice(starts) + odd(128 * MIB)

    def bank(start):
        start += rng.choice([0, odd(MIB)])
        return start, rng.choice([64 * MIB + odd(128 * MIB), 256 * MIB - start % (256 * MIB)])

    def size():
        return 1 + odd(64 * MIB)

    props = {"#address-cells": fdt.u32(2), "#size-cells": fdt.u32(2)}
    root = {"name": "", "props": dict(props), "children": []}
    tree = fdt.Tree(root, [(place(), size()) for _ in range(rng.randrange(3))])
    banks = [bank(start) for start in rng.sample(starts, rng.randrange(1, 5))]
    for i, some in enumerate((banks[:2], banks[2:])):
        tree.add("/", f"memory@{i}", {"device_type": fdt.text("memory"), "reg": b"".join(fdt.u64(*b) for b in some)})
    tree.add("/", "reserved-memory", dict(props, ranges=b""))
    for i in range(rng.randrange(4)):
        more = rng.choice([{}, {}, {"no-map": b""}, {"status": fdt.text("disabled")}, {"reusable": b""}])
        tree.add("/reserved-memory", f"{rng.choice(['a', 'mmode_resv', 'opensbi'])}{i}@{i}", {"reg": fdt.u64(place(), size()), **more})
    tree.add("/", "cpus", {"#address-cells": fdt.u32(1), "#size-cells": fdt.u32(0), "timebase-frequency": fdt.u32(1000000)})
    return tree


def test_memory_of_random_trees(dtcheck, tmp_path):
    """What is used is the same by two ways that share no code; the seed says which tree it was."""
    path = tmp_path / "random.dtb"
    for seed in range(60):
        path.write_bytes(random_tree(random.Random(seed)).data())
        tree, said = Tree(path), json.loads(dtcheck(path, "--json")[1])
        assert said["memory"] == memory_of(tree), seed
        assert said["reserved"] == reserved_of(tree), seed
        assert said["memreserve"] == memreserve_of(tree), seed
        assert said["usable"] == usable_of(tree), seed


PLIC_TREE = """/dts-v1/;
/ { #address-cells = <1>; #size-cells = <1>; compatible = "x"; model = "controllers";
    chosen { stdout-path = "/bus@10000000/uart@8"; };
    memory@80000000 { device_type = "memory"; reg = <0x80000000 0x40000000>; };
    cpus { #address-cells = <2>; #size-cells = <0>; timebase-frequency = <0 24000000>;
        cpu@5 { device_type = "cpu"; reg = <0 5>; riscv,isa = "rv64imafdc"; mmu-type = "riscv,sv48";
            five: interrupt-controller { compatible = "riscv,cpu-intc"; interrupt-controller; #interrupt-cells = <1>; }; };
        cpu@100000002 { device_type = "cpu"; reg = <1 2>; riscv,isa = "rv64imafdc"; mmu-type = "riscv,sv39";
            far: interrupt-controller { compatible = "riscv,cpu-intc"; interrupt-controller; #interrupt-cells = <1>; }; };
        cpu@9 { device_type = "cpu"; reg = <0 9>; riscv,isa = "rv64imafdc"; mmu-type = "riscv,sv39"; status = "disabled";
            nine: interrupt-controller { compatible = "riscv,cpu-intc"; interrupt-controller; #interrupt-cells = <1>; }; };
        cpu-map { };
    };
    a: plic@c000000 { compatible = "vendor,plic", "riscv,plic0"; reg = <0xc000000 0x4000000>; riscv,ndev = <31>;
        interrupt-controller; #interrupt-cells = <1>;
        interrupts-extended = <&far 9>, <&five 0xffffffff>, <0>, <&nine 9>, <&five 9>, <&far 11>; };
    plic@10000000 { compatible = "thead,c900-plic"; reg = <0x20000000 0x4000000>; riscv,ndev = <63>;
        interrupt-controller; #interrupt-cells = <2>; interrupts-extended = <&five 11>, <&five 9>; };
    off@30000000 { compatible = "sifive,plic-1.0.0"; reg = <0x30000000 0x4000000>; riscv,ndev = <63>; status = "disabled";
        interrupts-extended = <&five 9>; };
    bus@10000000 { #address-cells = <1>; #size-cells = <1>; ranges = <0 0x10000000 0x10000>; compatible = "simple-bus";
        uart@8 { compatible = "own,uart", "ns16550a"; reg = <0x800 0x100>; interrupt-parent = <&a>; interrupts = <7>;
            reg-shift = <2>; reg-io-width = <4>; };
        watchdog@9000 { compatible = "starfive,jh7110-wdt"; reg = <0x9000 0x1000>; };
    };
};
"""


def test_contexts_in_any_order(dtcheck, tmp_path):
    """Two controllers, harts in no order and with gaps, places that nobody has, M mode in both spellings, a translated bus."""
    path = compiled(tmp_path, PLIC_TREE)
    status, out, _ = dtcheck(path, "--json")
    said = json.loads(out)
    assert (status, said["timebase"]) == (0, 24000000)
    assert [(h["id"], h["usable"]) for h in said["harts"]] == [(5, True), (1 << 32 | 2, True), (9, False)]
    assert said["plics"] == [{"reg": [0xc000000, 0x4000000], "contexts": {"4294967298": 0, "9": 3, "5": 4}},
                             {"reg": [0x20000000, 0x4000000], "contexts": {"5": 1}}]
    assert said["console"] == {"path": "/bus@10000000/uart@8", "compatible": "ns16550a", "reg": [0x10000800, 0x100],
                               "reg_shift": 2, "reg_io_width": 4}
    words = dtcheck(path)[1]
    assert "interrupt 7" in words and "starfive_watchdog /bus@10000000/watchdog@9000 (starfive,jh7110-wdt)" in words


def test_cores_with_page_attributes_of_their_own(dtcheck, tmp_path):
    for cpu, isa, boots in (("thead,c906", "rv64imafdc", False), ("thead,c920", "rv64imafdc", False),
                            ("thead,c920", "rv64imafdc_svpbmt", True), ("thead,c908", "rv64imafdc", True)):
        path = compiled(tmp_path, (HAND % ("", "", "", "1000000", "riscv,sv39", cpu)).replace("rv64imafdc", isa))
        status, out, _ = dtcheck(path, "--json")
        assert (status, json.loads(out)["boots"]) == (0 if boots else 1, boots), (cpu, isa)
        assert boots or "T-Head" in json.loads(out)["why"]


def test_an_initrd_is_no_reservation(dtcheck, tmp_path):
    said = by_hand(dtcheck, tmp_path, chosen="linux,initrd-start = <0x84000000>; linux,initrd-end = <0x84100000>;")
    assert said["usable"][0] == [0x80200000, 0x7e00000]


def test_the_small_core_of_an_old_tree_is_seen_through(dtcheck, tmp_path):
    said = by_hand(dtcheck, tmp_path)
    assert [(h["id"], h["usable"]) for h in said["harts"]] == [(0, False), (7, True)]
    assert "isa" in said["harts"][0]["reason"]


def test_no_console_is_no_obstacle(dtcheck, tmp_path):
    said = by_hand(dtcheck, tmp_path)
    assert said["console"] is None and said["plics"] == [] and said["boots"]


@pytest.mark.parametrize("change, why", [
    ({"timebase": "0"}, "timebase"),
    ({"cpu": "thead,c910"}, "T-Head"),
    ({"child": "k@80300000 { reg = <0 0x80300000 0 0x1000>; };"}, "kernel's place"),
    ({"child": "all@80800000 { reg = <0 0x80800000 0 0x40000000>; };"}, "12 MiB"),
])
def test_what_keeps_a_board_from_booting(dtcheck, tmp_path, change, why):
    said = by_hand(dtcheck, tmp_path, **change)
    assert not said["boots"] and why in said["why"]


def test_no_memory(dtcheck, tmp_path):
    path = compiled(tmp_path, (TOP / "dts/test/no-memory.dts").read_text())
    status, out, _ = dtcheck(path, "--json")
    said = json.loads(out)
    assert status == 1 and said["memory"] == said["usable"] == [] and "memory" in said["why"]


@pytest.mark.parametrize("data", [b"", b"x" * 100, b"\xd0\x0d\xfe\xed" + bytes(60)], ids=["empty", "text", "header"])
def test_garbage(dtcheck, tmp_path, data):
    path = tmp_path / "garbage"
    path.write_bytes(data)
    status, out, err = dtcheck(path, "--json")
    assert (status, out, len(err.splitlines())) == (2, "", 1)


def test_a_tree_that_is_cut_short(dtcheck, tmp_path):
    """At every 97th byte: never anything but status 2, one line, and nothing on standard output."""
    whole = compiled(tmp_path, PLIC_TREE).read_bytes()
    for size in range(0, len(whole), 97):
        (tmp_path / "cut").write_bytes(whole[:size])
        status, out, err = dtcheck(tmp_path / "cut", "--json")
        assert (status, out, len(err.splitlines())) == (2, "", 1), size


def test_what_is_no_file(dtcheck, tmp_path):
    for path in (tmp_path / "nothing", tmp_path):
        status, out, err = dtcheck(path)
        assert (status, out, len(err.splitlines())) == (2, "", 1)


def test_report_in_words(dtcheck, tmp_path):
    status, out, _ = dtcheck(dumped(tmp_path, "sifive_u", "-smp", "3", "-m", "256M"))
    assert status == 0
    for words in ("firmware (announces nothing)", "0: left out, it has no 64-bit MMU", "1: used", "timebase 1000000 Hz",
                  "sifive,uart0, registers at 0x10010000", "hart 2: context 4", "Quire would boot here."):
        assert words in out, words
