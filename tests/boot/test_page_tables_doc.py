# SPDX-License-Identifier: BSD-2-Clause
"""docs/page-tables.md: its sessions, typed again, and its pictures, drawn again from what a machine says now."""
import importlib
import re
import sys
import xml.etree.ElementTree as ElementTree

import pytest

from harness import TOP

sys.path.insert(0, str(TOP / "scripts"))
sessions = importlib.import_module("sessions")
parse = importlib.import_module("ptpicture_parse")
draw = importlib.import_module("ptpicture_draw")

PAGE = (TOP / "docs/page-tables.md").read_text()
BLOCKS = list(sessions.BLOCK.finditer(PAGE))
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def book():
    """The machine that the page speaks of."""
    machine = sessions.start("page-tables-doc")
    yield machine
    machine.close()


def test_there_is_a_session_for_each_question():
    chapters = re.split(r"(?m)^## ", PAGE)[1:]
    assert len(chapters) == 9
    assert [c.splitlines()[0] for c in chapters if not sessions.BLOCK.search(c)] == []


def name_of(block):
    return re.sub(r"[^a-z]+", "-", sessions.commands(block[2])[0][1].lower())[:40]


@pytest.mark.parametrize("block", BLOCKS, ids=name_of)
def test_session(book, block):
    for prompt, command, recorded in sessions.commands(block[2]):
        printed = sessions.run(book, prompt, command)
        assert sessions.same(recorded, printed, block[1]), f"{command}\n--- the page says\n{recorded}--- it prints\n{printed}"


def tables_in(picture):
    """[(level, frame, entries in use)] of a picture's tables, each with the cells that it shows."""
    groups = [g for g in ElementTree.fromstring(picture).iter(f"{SVG}g") if g.get("class") == "table"]
    return [(int(g.get("data-level")), int(g.get("data-at"), 16), int(g.get("data-used")), cells_of(g)) for g in groups]


def cells_of(group):
    """How many cells of a table are coloured, by their area."""
    rects = [r for r in group.findall(f"{SVG}rect") if r.find(f"{SVG}title") is not None]
    cell = min(float(r.get("height")) for r in rects)
    return round(sum(float(r.get("width")) * float(r.get("height")) for r in rects) / cell ** 2)


@pytest.mark.parametrize("pid", ["kernel", "self"])
def test_picture_shows_what_the_machine_says(book, pid):
    where = "" if pid == "kernel" else "self/"
    text = book.run(f"cat /proc/{where}pagetable" + ("" if pid == "kernel" else " /proc/self/maps"))
    drawn = tables_in(draw.draw(parse.parse(text)))
    said = [int(frame, 16) for frame in re.findall(r"table of level \d+ at ([0-9a-f]+)", text)]
    assert sorted(frame for _, frame, _, _ in drawn) == sorted(said)
    assert [used for _, _, used, _ in drawn] == [cells for _, _, _, cells in drawn]
    pages = sum(used << 9 * level for level, _, used, _ in drawn) - sum(1 << 9 * (level + 1) for level, *_ in drawn if level < 2)
    sizes = re.findall(r"[-g] +(\d+)([KMG]) by", text)
    assert pages == sum(int(n) * parse.UNITS[unit] for n, unit in sizes) // parse.PAGE


@pytest.mark.parametrize("name,pid", [("kernel", "kernel"), ("busybox", "self")])
def test_pictures_in_the_book_are_of_this_kernel(book, name, pid):
    """As many levels as now, the same areas and rights, and the pages that programs of now have."""
    stored = (TOP / f"docs/pictures/{name}.svg").read_text()
    files = "pagetable" if pid == "kernel" else "self/maps /proc/self/pagetable"
    now = draw.draw(parse.parse(book.run(f"cat /proc/{files}")))

    def labels(picture):
        words = {text.text.strip() for text in ElementTree.fromstring(picture).iter(f"{SVG}text")}
        return {re.sub(r"\b[0-9a-f]*\d[0-9a-f.]*\b|\bff+c?\b", "N", w) for w in words if not re.search(r"pages?\b|used|Level 0", w)}

    assert {level for level, *_ in tables_in(stored)} == {level for level, *_ in tables_in(now)}
    assert labels(stored) - {"root"} == labels(now) - {"root"}
