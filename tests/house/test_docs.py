# SPDX-License-Identifier: BSD-2-Clause
"""The book: every chapter is in its table, and no link leads nowhere."""
import pathlib
import re
import subprocess
import sys

import pytest

TOP = pathlib.Path(__file__).resolve().parents[2]
PAGES = [TOP / "README.md", TOP / "CAVEATS.md", *sorted((TOP / "docs").glob("*.md"))]


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_links_lead_somewhere(page):
    links = re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text())
    missing = [link for link in links if "://" not in link and not (page.parent / link).exists()]
    assert not missing


def test_every_chapter_is_in_the_table():
    table = (TOP / "docs/README.md").read_text()
    assert [p.name for p in PAGES if p.parent.name == "docs" and p.name != "README.md" and f"]({p.name})" not in table] == []


def test_the_page_of_figures_is_of_the_accepted_ones():
    done = subprocess.run([sys.executable, str(TOP / "tests/bench/performance.py"), "--check"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


# What works in emulators and fails on boards: each item points at code or a test that is there, or says that it has none.

CHECKLIST = (TOP / "docs/boards.md").read_text()
NO_ANSWER = ("Not shown", "not answered", "no DMA yet", "no SD driver yet", "there is no virtio driver")


def exists(word):
    if found := re.fullmatch(r"(test_\w+\.py)(?:::(\w+))?", word):
        return any(not found[2] or f"def {found[2]}(" in p.read_text() for p in (TOP / "tests").glob(f"*/{found[1]}"))
    return (TOP / word).exists()


def test_the_checklist_has_all_items():
    numbers = [int(n) for row in re.findall(r"(?m)^\| ([\d, ]+) \|", CHECKLIST) for n in row.split(",")]
    assert numbers == list(range(1, 41))


def test_what_the_checklist_names_exists():
    words = re.findall(r"`((?:arch|boards|drivers|include|kernel|lib|mm|scripts|tests)/[\w./-]+|test_\w+\.py(?:::\w+)?)`", CHECKLIST)
    assert len(words) > 40
    assert [w for w in words if not exists(w) and "NAME" not in w] == []


def test_each_item_has_code_or_a_test_or_says_that_it_has_not():
    rows = re.findall(r"(?m)^\| ([\d, ]+) \| [^|]* \| (.*) \|$", CHECKLIST)
    bare = [n for n, answer in rows if "`" not in answer and "same file" not in answer and not any(w in answer for w in NO_ANSWER)]
    assert bare == []
