# SPDX-License-Identifier: BSD-2-Clause
"""Draws a page table as SVG: above, each table of the tree as the 512 entries that it is, joined to the entry that points
to it; below, the address space, region by region, with what of it is in the table.

Colours are rights, the same in both. The shape is a slide's: 1600 wide, and about as high as 900 for three levels.
"""
import bisect
from xml.sax.saxutils import escape, quoteattr

from ptpicture_parse import AREAS, ENTRIES, PAGE

WIDTH, MARGIN = 1600, 30
INNER = WIDTH - 2 * MARGIN
COLUMNS = 32  # of a table's grid; the root's is twice as wide
ROWS_MOST = 2  # of tables of one level; more are counted, not drawn
REGIONS_MOST = 26
MAGNIFY_BELOW = 8  # a bar that would be this much shorter than the longest is magnified

# Colours that can be told apart by people who do not see red or green (Okabe and Ito's).
COLOURS = {
    "r--": ("#56b4e9", "read"),
    "rw-": ("#e69f00", "read, write"),
    "r-x": ("#009e73", "read, execute"),
    "--x": ("#004d38", "execute"),
    "rwx": ("#d5008f", "write and execute"),
    "---": ("#999999", "no rights"),
}
POINTER, EMPTY, LINE, INK, SOFT = "#333333", "#f4f4f4", "#cfcfcf", "#111111", "#555555"
DASHED = {"stroke_dasharray": "5 3"}
SANS, MONO = "Helvetica, Arial, 'DejaVu Sans', sans-serif", "'DejaVu Sans Mono', Menlo, Consolas, monospace"


def size_text(size):
    for unit, letter in ((1 << 40, "TiB"), (1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")):
        if size >= unit:
            return f"{size / unit:.4g} {letter}"
    return f"{size} bytes"


def count_text(n, what):
    return f"{n} {what}" + ("" if n == 1 else "s")


class Canvas:
    """Elements in the order of drawing; later ones lie on top."""

    def __init__(self):
        self.parts = []

    def open(self, element, **attributes):
        words = "".join(f" {name.rstrip('_').replace('_', '-')}={quoteattr(f'{value:g}' if isinstance(value, float) else str(value))}"
                        for name, value in attributes.items())
        self.parts.append(f"<{element}{words}>")

    def close(self, element):
        self.parts.append(f"</{element}>")

    def leaf(self, element, title=None, **attributes):
        self.open(element, **attributes)
        if title:
            self.parts.append(f"<title>{escape(title)}</title>")
        self.close(element)

    def rect(self, x, y, width, height, fill, title=None, **more):
        self.leaf("rect", title, x=round(x, 2), y=round(y, 2), width=round(width, 2), height=round(height, 2), fill=fill, **more)

    def text(self, x, y, text, size=13, fill=INK, mono=False, **more):
        """With a white edge, so that it can be read where lines cross it."""
        self.open("text", x=round(x, 2), y=round(y, 2), font_size=size, fill=fill, font_family=MONO if mono else SANS,
                  stroke="#ffffff", stroke_width=4, stroke_linejoin="round", paint_order="stroke", **more)
        self.parts.append(escape(text))
        self.close("text")


def colour(rights):
    return COLOURS.get(rights[:3], COLOURS["---"])[0]


# --- the tree --------------------------------------------------------------------------------------------------------

class Grid:
    """Where one table stands, with its entries as cells, `columns` in a row."""

    def __init__(self, table, x, y, cell, columns):
        self.table, self.x, self.y, self.cell, self.columns = table, x, y, cell, columns
        self.edge = {"stroke": INK, "stroke_width": 1}
        self.width, self.height = cell * columns, cell * ENTRIES // columns

    def place(self, index):
        """The upper left corner of an entry."""
        return self.x + index % self.columns * self.cell, self.y + index // self.columns * self.cell

    def draw_run(self, canvas, first, count, fill, title):
        """Entries that are alike: a rectangle for each row that they touch."""
        while count:
            n = min(count, self.columns - first % self.columns)
            x, y = self.place(first)
            canvas.rect(x, y, n * self.cell, self.cell, fill, title)
            first, count = first + n, count - n

    def draw(self, canvas):
        table = self.table
        canvas.open("g", class_="table", data_level=table.level, data_at=f"{table.frame:x}", data_used=table.used())
        canvas.rect(self.x, self.y, self.width, self.height, EMPTY)
        for run in table.leaves:
            title = f"{run.start:016x}-{run.end - 1:016x} {run.rights}, {size_text(run.end - run.start)} in pages of {size_text(run.size)}"
            self.draw_run(canvas, table.index(run.start), (run.end - run.start) // run.size, colour(run.rights), title)
        for child in table.tables:
            self.draw_run(canvas, table.index(child.base), 1, POINTER, f"points to the table at {child.frame:x}")
        self.draw_edges(canvas)
        canvas.close("g")

    def draw_edges(self, canvas):
        path = "".join(f"M{self.x + i * self.cell:g} {self.y:g}v{self.height:g}" for i in range(self.columns + 1))
        path += "".join(f"M{self.x:g} {self.y + i * self.cell:g}h{self.width:g}" for i in range(ENTRIES // self.columns + 1))
        canvas.leaf("path", d=path, stroke="#ffffff", stroke_width=0.5, fill="none")
        canvas.rect(self.x, self.y, self.width, self.height, "none", **self.edge)


def caption(canvas, grid, parents):
    """What the table maps, where it lies, how full it is."""
    table = grid.table
    size = 12.5 if grid.width > 130 else 10.5
    canvas.text(grid.x, grid.y + grid.height + size + 2, f"{table.base:x}" if parents else "root", size, mono=True)
    canvas.text(grid.x, grid.y + grid.height + 2 * size + 4, f"{table.used()} used, at {table.frame:x}", size, SOFT)


def place_root(root, y):
    columns, cell = 2 * COLUMNS, 9
    return [Grid(root, (WIDTH - columns * cell) / 2, y, cell, columns)]


def place_row(tables, y):
    """Grids for the tables of one level, in rows; those for which there is no room are missing."""
    gap = 16
    cell = max(3.5, min(6.0, int((INNER + gap) / max(len(tables), 1) - gap) * 2 // COLUMNS / 2))
    width = COLUMNS * cell
    in_row = int((INNER + gap) // (width + gap))
    shown = tables[:in_row * ROWS_MOST]
    grids = []
    for i, table in enumerate(shown):
        row = shown[i // in_row * in_row:][:in_row]
        left = (WIDTH - len(row) * (width + gap) + gap) / 2
        grids.append(Grid(table, left + i % in_row * (width + gap), y + i // in_row * (width / 2 + 50), cell, COLUMNS))
    return grids


def connect(canvas, parent, child):
    x, y = parent.place(parent.table.index(child.table.base))
    x, y = x + parent.cell / 2, y + parent.cell / 2
    to_x, to_y = child.x + child.width / 2, child.y
    middle = (parent.y + parent.height + to_y) / 2
    canvas.leaf("path", d=f"M{x:g} {y:g}C{x:g} {middle:g} {to_x:g} {middle:g} {to_x:g} {to_y:g}", class_="pointer",
                stroke=SOFT, stroke_width=1.2, fill="none")


def connect_all(canvas, parents, grids):
    by_table = {id(grid.table): grid for grid in grids}
    for parent in parents:
        for child in parent.table.tables:
            if id(child) in by_table:
                connect(canvas, parent, by_table[id(child)])


def level_note(canvas, level, y, tables, shown):
    entry = size_text(PAGE * ENTRIES ** level)
    left_out = f", {len(tables) - shown} more not drawn" if shown < len(tables) else ""
    canvas.text(MARGIN, y - 8, f"Level {level}: {count_text(len(tables), 'table')}, each cell {entry}{left_out}", 15, INK,
                font_weight="bold")


def draw_tree(canvas, dump, y):
    """Returns where the tree ends."""
    tables, parents, notes = [dump.root], [], []
    while tables:
        y += 26
        level = tables[0].level
        grids = place_row(tables, y) if parents else place_root(dump.root, y)
        for grid in grids:
            if not dump.kernel and grid.table.base >= AREAS["DIRECT_BASE"][0]:
                grid.edge |= DASHED
            grid.draw(canvas)
        connect_all(canvas, parents, grids)
        level_note(canvas, level, y, tables, len(grids))
        notes.extend((grid, bool(parents)) for grid in grids)
        y = max(grid.y + grid.height for grid in grids) + 40
        # What hangs below a table that is not drawn is counted with the others of its level.
        tables, parents = [child for table in tables for child in table.tables], grids
    for note in notes:
        caption(canvas, *note)
    return y


# --- the address space -----------------------------------------------------------------------------------------------

def present_in(region, leaves):
    """The runs of leaves inside the region, cut to it."""
    at = max(bisect.bisect_right(leaves, region.start, key=lambda run: run.start) - 1, 0)
    while at < len(leaves) and leaves[at].start < region.end:
        start, end = max(leaves[at].start, region.start), min(leaves[at].end, region.end)
        if start < end:
            yield start, end, leaves[at].rights
        at += 1


def magnification(size, longest):
    """The power of two by which a bar is drawn longer than to scale."""
    factor = 1
    while longest > MAGNIFY_BELOW * size and size * factor * 2 <= longest:
        factor *= 2
    return factor


class Bars:
    """Columns of rows: what a region is, and a bar as long as it is large."""

    def __init__(self, canvas, dump, y):
        self.canvas, self.dump, self.y = canvas, dump, y
        self.leaves = dump.root.all_leaves()
        self.longest = max((r.end - r.start for r in dump.regions), default=PAGE)
        self.regions = dump.regions[:REGIONS_MOST]
        self.columns = 2 if len(self.regions) > 8 else 1
        self.rows = -(-len(self.regions) // self.columns)
        self.column = (INNER - 40 * (self.columns - 1)) / self.columns
        self.label = 330 if self.columns == 2 else 480

    def row(self, i, region):
        x = MARGIN + i // self.rows * (self.column + 40)
        y = self.y + i % self.rows * 24
        present = list(present_in(region, self.leaves))
        pages = sum(end - start for start, end, _ in present) // PAGE
        of = "" if region.rights == "" else f" of {(region.end - region.start) // PAGE}"
        factor = magnification(region.end - region.start, self.longest)
        name = region.name.rsplit("/", 1)[-1] if self.columns == 2 else region.name
        self.canvas.text(x, y + 13, f"{region.start:x} {region.rights[:3]} {name or 'anonymous'}"[:48], 12.5, mono=True)
        self.bar(x + self.label, y, self.column - self.label - 170, region, present, factor)
        self.canvas.text(x + self.column - 160, y + 13, f"{pages}{of} " + ("page" if pages == 1 and not of else "pages") + (f", ×{factor}" if factor > 1 else ""), 12.5, SOFT)

    def bar(self, x, y, width, region, present, factor):
        scale = width / self.longest * factor
        pale = colour(region.rights) if region.rights else EMPTY
        self.canvas.rect(x, y, max((region.end - region.start) * scale, 2), 16, pale, fill_opacity=0.22, stroke=SOFT,
                         stroke_width=0.6, class_="region")
        for start, end, rights in present:
            self.canvas.rect(x + (start - region.start) * scale, y, max((end - start) * scale, 1), 16, colour(rights),
                             f"{start:x}-{end - 1:x} {rights}, {size_text(end - start)}", class_="present")

    def draw(self):
        for i, region in enumerate(self.regions):
            self.row(i, region)
        end = self.y + self.rows * 24
        if len(self.dump.regions) > len(self.regions):
            self.canvas.text(MARGIN, end + 13, f"and {len(self.dump.regions) - len(self.regions)} more", 12.5, SOFT)
            end += 24
        return end


def draw_space(canvas, dump, y):
    """Returns where it ends."""
    canvas.text(MARGIN, y, "Address space", 15, font_weight="bold")
    if not dump.regions:
        canvas.text(MARGIN, y + 20, "(its regions are in /proc/<pid>/maps, which was not given)", 13, SOFT)
        return y + 30
    bars = Bars(canvas, dump, y + 14)
    pale = "" if dump.kernel else "pale: promised, solid: in the table; "
    canvas.text(MARGIN + 135, y, f"{pale}lengths to scale, the longest is {size_text(bars.longest)}; ×N: drawn N times longer", 13, SOFT)
    return bars.draw()


# --- all of it -------------------------------------------------------------------------------------------------------

def draw_legend(canvas, dump, y):
    seen = {run.rights[:3] for run in dump.root.all_leaves()} | {r.rights[:3] for r in dump.regions if r.rights}
    x = MARGIN
    rows = [(fill, text) for rights, (fill, text) in COLOURS.items() if rights in seen]
    rows = [(fill, text, {}) for fill, text in [*rows, (POINTER, "points to a table"), (EMPTY, "empty")]]
    if not dump.kernel:
        rows.append(("#ffffff", "the kernel's, the same in every process", DASHED))
    for fill, text, edge in rows:
        canvas.rect(x, y, 16, 16, fill, stroke=SOFT, stroke_width=0.6, **edge)
        canvas.text(x + 22, y + 13, text, 14)
        x += 44 + 7.3 * len(text)


def summary(dump):
    tables = list(dump.root.walk())
    pages = sum(run.end - run.start for run in dump.root.all_leaves()) // PAGE
    counted = f"{count_text(len(tables), 'table')} of 4 KiB map {size_text(pages * PAGE)}"
    by_size = {}
    for run in dump.root.all_leaves():
        by_size[run.size] = by_size.get(run.size, 0) + (run.end - run.start) // run.size
    return counted + ": " + ", ".join(f"{n} × {size_text(size)}" for size, n in sorted(by_size.items()))


def title_of(dump):
    if dump.kernel:
        return "The kernel's page table"
    program = next((r.name for r in dump.regions if r.name.startswith("/")), "")
    words = " of ".join(word for word in (dump.comm, program) if word)
    return f"The page table of a process: {words}" if words else "The page table of a process"


def draw(dump):
    """The whole picture, as text."""
    canvas = Canvas()
    canvas.text(MARGIN, 46, title_of(dump), 28, font_weight="bold")
    canvas.text(MARGIN, 72, summary(dump), 16, SOFT)
    draw_legend(canvas, dump, 86)
    end = draw_space(canvas, dump, draw_tree(canvas, dump, 112) + 14) + 16
    head = (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {end:g}" width="{WIDTH}" height="{end:g}">'
            f"<title>{escape(title_of(dump))}</title>"
            f'<rect width="{WIDTH}" height="{end:g}" fill="#ffffff"/>')
    return head + "\n" + "\n".join(canvas.parts).replace("\n</", "</") + "\n</svg>\n"
