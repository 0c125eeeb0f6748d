# SPDX-License-Identifier: BSD-2-Clause
"""scripts/ptpicture on dumps made here: whatever the size and the shape, the picture is valid SVG and loses nothing silently."""
import importlib
import pathlib
import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree

import pytest

TOP = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TOP / "scripts"))
parse = importlib.import_module("ptpicture_parse")
draw = importlib.import_module("ptpicture_draw")

PAGE = 4096
SMALL = """~ # cat /proc/7/pagetable
table of level 2 at 803e5000
0000000000000000-000000003fffffff table of level 1 at 803e7000
  0000000000000000-00000000001fffff table of level 0 at 803e6000
    0000000000010000-000000000001ffff r-xu-    64K by 4K   scattered
random: a line of the log
    0000000000199000-000000000019cfff rw-u-    16K by 4K   at 80199000
  0000000000400000-00000000007fffff rw-u-     4M by 2M   at 80600000
~ # cat /proc/7/maps
00010000-00191000 r-xp 00000000 00:01 21                                 /bin/<busy>&box
00199000-001c4000 rw-p 00000000 00:00 0                                  [heap]
00400000-00800000 rw-p 00000000 00:00 0 
comm: cat
"""


def many(tables):
    """A dump with so many tables of level 0, of one page each."""
    lines = ["table of level 2 at 1000", "0000000000000000-000000003fffffff table of level 1 at 2000"]
    for i in range(tables):
        va = i << 21
        lines.append(f"  {va:016x}-{va + (1 << 21) - 1:016x} table of level 0 at {0x10000 + i * PAGE:x}")
        lines.append(f"    {va:016x}-{va + PAGE - 1:016x} rw-u-     4K by 4K   at {0x900000 + i * PAGE:x}")
    return "\n".join(lines)


def texts(picture):
    return " ".join(e.text or "" for e in ElementTree.fromstring(picture).iter("{http://www.w3.org/2000/svg}text"))


def test_what_is_read():
    dump = parse.parse(SMALL.replace("\n", "\r\n"))
    assert [(t.level, t.frame, t.used()) for t in dump.root.walk()] == [(2, 0x803e5000, 1), (1, 0x803e7000, 3), (0, 0x803e6000, 20)]
    assert [(r.start, r.end, r.rights, r.size, r.frame) for r in dump.root.all_leaves()] == [
        (0x10000, 0x20000, "r-xu-", PAGE, None), (0x199000, 0x19d000, "rw-u-", PAGE, 0x80199000),
        (0x400000, 0x800000, "rw-u-", 2 << 20, 0x80600000)]
    assert [(r.start, r.end, r.rights, r.name) for r in dump.regions] == [
        (0x10000, 0x191000, "r-xp", "/bin/<busy>&box"), (0x199000, 0x1c4000, "rw-p", "[heap]"), (0x400000, 0x800000, "rw-p", "")]
    assert not dump.kernel and dump.comm == "cat"


def test_of_several_tables_the_last_one_counts():
    dump = parse.parse(many(3) + "\n" + SMALL)
    assert dump.root.frame == 0x803e5000 and len(list(dump.root.walk())) == 3


def test_what_is_left_of_another_table_is_passed_over():
    lines = many(3).splitlines()
    assert parse.parse("\n".join(lines[2:] + [SMALL])).root.frame == 0x803e5000
    with pytest.raises(parse.BadDump):
        parse.parse("\n".join([lines[0], *lines[3:]]))  # a table is missing


@pytest.mark.parametrize("text", ["", "nothing of ours\n", "    0000000000010000-000000000001ffff r-xu-    64K by 4K   scattered\n"])
def test_no_table_is_an_error(text):
    with pytest.raises(parse.BadDump):
        parse.parse(text)


def test_the_words_are_there():
    picture = draw.draw(parse.parse(SMALL))
    said = texts(picture)
    for words in ("cat of /bin/<busy>&box", "3 tables of 4 KiB map 4.078 MiB: 20 × 4 KiB, 2 × 2 MiB", "16 of 385 pages", "4 of 43 pages",
                  "1024 of 1024 pages", "[heap]", "anonymous", "read, execute"):
        assert words in said, words
    assert "not drawn" not in said


@pytest.mark.parametrize("tables", [1, 2, 9, 13, 25, 512])
def test_tables_that_are_not_drawn_are_counted(tables):
    picture = draw.draw(parse.parse(many(tables)))
    drawn = picture.count('class="table"') - 2
    left_out = re.search(r"(\d+) more not drawn", texts(picture))
    assert 0 < drawn <= tables and drawn + (int(left_out[1]) if left_out else 0) == tables


def test_nothing_is_drawn_outside():
    for text in (SMALL, many(9), many(512)):
        root = ElementTree.fromstring(draw.draw(parse.parse(text)))
        width, height = float(root.get("width")), float(root.get("height"))
        for rect in root.iter("{http://www.w3.org/2000/svg}rect"):
            x, y, w, h = (float(rect.get(name, 0)) for name in ("x", "y", "width", "height"))
            assert 0 <= x and x + w <= width and 0 <= y and y + h <= height, rect.attrib


def test_bars_are_to_scale():
    assert draw.magnification(PAGE, PAGE) == 1
    assert draw.magnification(PAGE, 8 * PAGE) == 1
    assert draw.magnification(PAGE, 9 * PAGE) == 8
    assert draw.magnification(PAGE, 1000 * PAGE) == 512


def test_areas_are_the_kernels():
    """The names of the kernel's parts stand where its header puts them."""
    header = (TOP / "arch/riscv/include/asm/mmu.h").read_text()
    for name, (start, _) in parse.AREAS.items():
        found = re.search(rf"#define {name} +0x([0-9a-f]+)ul", header)
        assert found and int(found[1], 16) == start, name


def test_the_command(tmp_path):
    saved, out = tmp_path / "saved.log", tmp_path / "out.svg"
    saved.write_text(SMALL)
    subprocess.run([TOP / "scripts/ptpicture", saved, "-o", out], check=True)
    assert out.read_text() == draw.draw(parse.parse(SMALL))
    piped = subprocess.run([TOP / "scripts/ptpicture", "-"], input=SMALL, text=True, capture_output=True, check=True)
    assert piped.stdout == out.read_text()
    saved.write_text("nothing")
    failed = subprocess.run([TOP / "scripts/ptpicture", saved], text=True, capture_output=True, check=False)
    assert failed.returncode == 1 and failed.stderr.startswith("ptpicture: no page table")
