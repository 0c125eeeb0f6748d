# SPDX-License-Identifier: BSD-2-Clause
"""Reads what /proc/<pid>/pagetable, /proc/<pid>/maps and /proc/<pid>/comm print, out of whatever was on a terminal.

Lines that are none of theirs (prompts, echoes, the kernel's log) are passed over, so a saved session will do. Where it
holds several tables, the last one counts.
"""
import dataclasses
import re

PAGE = 4096
ENTRIES = 512
HEX = r"([0-9a-f]+)"
ROOT = re.compile(rf"table of level (\d+) at {HEX}$")
TABLE = re.compile(rf" *{HEX}-{HEX} table of level (\d+) at {HEX}$")
LEAVES = re.compile(rf" *{HEX}-{HEX} ([r-][w-][x-][u-][g-]) +\d+[KMG] by +(\d+)([KMG]) +(?:at {HEX}|scattered)$")
REGION = re.compile(rf"{HEX}-{HEX} ([r-][w-][x-][ps]) [0-9a-f]+ [0-9a-f]+:[0-9a-f]+ \d+ *(.*)$")
UNITS = {"K": 1 << 10, "M": 1 << 20, "G": 1 << 30}

# Where the kernel's parts lie: arch/riscv/include/asm/mmu.h, which a test compares with this.
AREAS = {
    "DIRECT_BASE": (0xffffffc000000000, "direct map of RAM"),
    "DEVICE_BASE": (0xffffffff00000000, "device registers"),
    "KSTACK_BASE": (0xffffffff40000000, "kernel stacks"),
    "IMAGE_BASE": (0xffffffff80000000, "kernel image"),
    "ENTRY_BASE": (0xffffffffc0000000, "entry pages"),
    "TRAMPOLINE_VA": (0xfffffffffffff000, "trampoline"),
}


class BadDump(Exception):
    """There is no whole page table in the text."""


@dataclasses.dataclass
class Leaves:
    """Neighbouring entries of one table with like rights."""
    start: int
    end: int  # exclusive, as everywhere here
    rights: str  # "rwxug", with - for what is not
    size: int  # bytes that one entry maps
    frame: int | None  # physical address of the first one; None: they are scattered


@dataclasses.dataclass
class Table:
    level: int
    base: int  # the lowest address that it maps
    frame: int
    leaves: list
    tables: list

    def entry_size(self):
        return PAGE * ENTRIES ** self.level

    def index(self, address):
        return address // self.entry_size() % ENTRIES

    def used(self):
        """Entries that are not empty."""
        return len(self.tables) + sum((run.end - run.start) // self.entry_size() for run in self.leaves)

    def walk(self):
        """This table and all below it, in the order of their addresses."""
        yield self
        for table in self.tables:
            yield from table.walk()

    def all_leaves(self):
        return sorted((run for table in self.walk() for run in table.leaves), key=lambda run: run.start)


@dataclasses.dataclass
class Region:
    """What a process was promised (a line of maps), or an area of the kernel."""
    start: int
    end: int
    rights: str
    name: str


@dataclasses.dataclass
class Dump:
    root: Table
    regions: list
    kernel: bool
    comm: str = ""


def add(tables, line_level, item, into):
    """Hangs an entry into the table of its level that was printed last; `tables` holds those by level. Before the first root
    there is none: that is what is left of another table."""
    if not tables:
        return
    if line_level not in tables:
        raise BadDump(f"an entry of level {line_level} comes before its table: are lines missing?")
    getattr(tables[line_level], into).append(item)


def level_of(size):
    level = 0
    while PAGE * ENTRIES ** level < size:
        level += 1
    return level


def parse_line(line, tables):
    """Takes a line of a page table in; False: it is none."""
    if found := ROOT.match(line):
        tables.clear()
        tables["root"] = tables[int(found[1])] = Table(int(found[1]), 0, int(found[2], 16), [], [])
    elif found := TABLE.match(line):
        level = int(found[3])
        table = Table(level, int(found[1], 16), int(found[4], 16), [], [])
        add(tables, level + 1, table, "tables")
        if tables:
            tables[level] = table
    elif found := LEAVES.match(line):
        size = int(found[4]) * UNITS[found[5]]
        run = Leaves(int(found[1], 16), int(found[2], 16) + 1, found[3], size, int(found[6], 16) if found[6] else None)
        add(tables, level_of(size), run, "leaves")
    else:
        return False
    return True


def kernel_areas(root):
    """The kernel's areas that hold anything, each from its first to its last mapped byte."""
    starts = sorted(AREAS.values())
    areas = []
    for (start, name), end in zip(starts, [s for s, _ in starts[1:]] + [1 << 64]):
        inside = [run for run in root.all_leaves() if start <= run.start < end]
        if inside:
            areas.append(Region(inside[0].start, inside[-1].end, "", name))
    return areas


def parse(text):
    """A Dump, or BadDump."""
    tables, regions, comm = {}, [], ""
    for line in text.replace("\r", "").splitlines():
        if parse_line(line.rstrip(), tables):
            continue
        if found := REGION.match(line):
            region = Region(int(found[1], 16), int(found[2], 16), found[3], found[4])
            if regions and region.start < regions[-1].end:
                regions = []  # another process's maps
            regions.append(region)
        elif line.startswith("comm: "):
            comm = line[6:].strip()
    if "root" not in tables:
        raise BadDump("no page table in it: it begins with the line `table of level N at ADDRESS`")
    root = tables["root"]
    areas = kernel_areas(root)
    kernel = not any(run.start < AREAS["DIRECT_BASE"][0] for run in root.all_leaves())
    return Dump(root, areas if kernel else regions + areas, kernel, comm)
