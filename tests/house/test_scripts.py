# SPDX-License-Identifier: BSD-2-Clause
"""The scripts that build and judge the tree: that they do what they say, and that the checks can fail."""
import itertools
import os
import re
import shutil
import subprocess

import pytest

SCRIPTS = os.path.join(os.path.dirname(__file__), "..", "..", "scripts")
LICENCE = "/* SPDX-License-Identifier: BSD-2-Clause */\n"
NM = os.environ.get("CROSS_COMPILE", "riscv64-unknown-elf-") + "nm"
CC = os.environ.get("CROSS_COMPILE", "riscv64-unknown-elf-") + "gcc"


def script(name, *words, **more):
    return subprocess.run([os.path.join(SCRIPTS, name), *map(str, words)], text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, check=False, **more)


def plant(top, files):
    for path, text in files.items():
        target = top / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(LICENCE + text)


# A tree that keeps every rule; each case below breaks one.
GOOD = {
    "include/lib/leaf.h": "int leaf(void);\n",
    "include/mm/tree.h": "int tree(void);\n",
    "include/base/wait.h": "void sched_wake(void);\n",
    "lib/leaf.c": "#include <lib/leaf.h>\nint leaf(void)\n{\n    return 1; /* satp in a comment is no knowledge */\n}\n",
    "mm/tree.c": "#include <base/wait.h>\n#include <lib/leaf.h>\n#include <mm/tree.h>\n"
                 "int tree(void)\n{\n    sched_wake();\n    return leaf();\n}\n",
    "kernel/sched.c": "#include <base/wait.h>\n#include <mm/tree.h>\nvoid sched_wake(void)\n{\n    tree();\n}\n",
    "drivers/serial/uart.c": 'static const char *const c[] = {"sifive,uart0"};\nint x(void)\n{\n    return c[0][0];\n}\n',
}

BROKEN = {
    "includes": ("lib/leaf.c", "#include <mm/tree.h>\nint leaf(void)\n{\n    return 1;\n}\n", "lib may not include <mm/tree.h>"),
    "words": ("mm/tree.c", "long satp;\n", "mm/tree.c:2: satp"),
    "boards": ("mm/tree.c", 'const char *b = "visionfive";\n', "visionfive"),
    "calls": ("lib/leaf.c", "int tree(void);\nint leaf(void)\n{\n    return tree();\n}\n", "lib/leaf.c: calls tree in mm/tree.c"),
    "circles": ("mm/ring.c", "int tree(void);\nint ring(void);\nint ring(void)\n{\n    return tree();\n}\n",
                "mm/ring.c -> mm/tree.c (tree)"),
}


def judge(top):
    """layers.py on a tree whose sources are compiled one by one, as the Makefile does."""
    for folder, _, names in os.walk(top):
        for name in names:
            if name.endswith(".c"):
                source = os.path.relpath(os.path.join(folder, name), top)
                out = top / "build" / (source[:-2] + ".o")
                out.parent.mkdir(parents=True, exist_ok=True)
                subprocess.run([CC, "-Iinclude", "-c", source, "-o", out], cwd=top, check=True)
    return script("layers.py", "--objects", "build", "--nm", NM, cwd=top)


def test_layers_accepts_a_tree_that_keeps_the_rules(tmp_path):
    plant(tmp_path, GOOD)
    result = judge(tmp_path)
    assert result.returncode == 0, result.stdout


@pytest.mark.parametrize("rule", BROKEN)
def test_layers_finds(rule, tmp_path):
    plant(tmp_path, GOOD)
    path, text, complaint = BROKEN[rule]
    plant(tmp_path, {path: text})
    if rule == "circles":
        plant(tmp_path, {"mm/tree.c": "int ring(void);\nint tree(void);\nint tree(void)\n{\n    return ring();\n}\n"})
    result = judge(tmp_path)
    assert result.returncode == 1
    assert f"{rule}: ok" not in result.stdout
    assert complaint in result.stdout


def test_layers_finds_a_missing_licence(tmp_path):
    plant(tmp_path, GOOD)
    (tmp_path / "lib/leaf.c").write_text("int leaf(void);\n")
    result = script("layers.py", cwd=tmp_path)
    assert result.returncode == 1 and "lib/leaf.c: no licence line" in result.stdout


@pytest.mark.skipif(not shutil.which("cpio"), reason="no cpio to read with")
def test_initramfs_is_what_cpio_understands(tmp_path):
    (tmp_path / "program").write_bytes(b"x" * 5)
    out = tmp_path / "out.cpio"
    words = [f"/bin/x={tmp_path}/program:755", "/bin/y->x", "/dev/console=c:5:1:600", "/tmp/:1777"]
    assert script("mkinitramfs.py", out, *words).returncode == 0
    listing = subprocess.run(["cpio", "-tvn", "--quiet"], stdin=open(out, "rb"), capture_output=True, text=True, check=True)
    lines = [line.split() for line in listing.stdout.splitlines()]
    assert [(f[0], f[-1]) for f in lines] == [
        ("drwxr-xr-x", "bin"), ("-rwxr-xr-x", "bin/x"), ("lrwxrwxrwx", "x"), ("drwxr-xr-x", "dev"),
        ("crw-------", "dev/console"), ("drwxrwxrwt", "tmp")]
    assert lines[4][4:6] == ["5,", "1"] and lines[1][4] == "5"


def test_initramfs_does_not_depend_on_time_or_order(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).write_bytes(name.encode())
    specs = [f"/{n}={tmp_path}/{n}:644" for n in ("a", "b")]
    script("mkinitramfs.py", tmp_path / "1", *specs)
    os.utime(tmp_path / "a", (1, 1))
    script("mkinitramfs.py", tmp_path / "2", *reversed(specs))
    assert (tmp_path / "1").read_bytes() == (tmp_path / "2").read_bytes()


def test_symbol_table_holds_functions_in_order():
    listing = ("0000000000000ff0 t before\n0000000000001000 T __text_start\n0000000000001000 t local\n"
               "0000000000001000 T _start\n0000000000001010 t .Llabel\n0000000000001020 T main\n0000000000002000 R data\n")
    letters, pairs, gaps, names = symbol_table(listing)
    assert gaps == [0, 0x10] and not pairs
    assert bytes(letters[code] for code in names) == b"_start\0main\0"


def symbol_table(listing):
    """The parts that symtab.py writes, in numbers."""
    parts = script("symtab.py", input=listing).stdout.split("\nsymtab_")
    numbers = {part.partition(":")[0]: [int(n) for n in re.findall(r"\d+", part.partition(":")[2])] for part in parts[1:]}
    assert list(numbers) == ["letters", "pairs", "gaps", "names", "end"] and not numbers["end"]
    return list(numbers.values())[:4]


def listing_of(names, length):
    """What nm would say of such functions, one every `length` bytes."""
    rows = [f"{0xffffffff80000000 + i * length:016x} t {name}" for i, name in enumerate(names)]
    return "ffffffff80000000 T __text_start\n" + "\n".join(rows) + "\n"


SHOW_ALL_SYMBOLS = """
#include <lib/symtab.h>
#include <stdio.h>
extern const u8 symtab_letters[], symtab_pairs[], symtab_gaps[], symtab_names[], symtab_end[];
int main(void)
{
    struct symtab table = {0x1000, 0x1000000, symtab_letters, symtab_pairs, symtab_gaps, symtab_names, symtab_end};
    char name[SYMTAB_NAME_MOST + 1];
    u64 delta;
    for (u64 at = 0x1000; symtab_lookup(&table, at, name, sizeof(name), &delta) && !delta; at += 300)
        puts(name);
    return 0;
}
"""


def test_symbol_table_is_read_by_the_kernels_reader(tmp_path):
    words = "uart fdt page map spin lock buddy free irq vfs __ sys_ a0 Z9 .part.0 .isra.1".split()
    names = [f"_{a}{b}{i % 7 * 'x'}{i}{c}" for i, (a, b, c) in enumerate(itertools.product(words, words, words[-3:]))]
    names += ["y" * 255, "z" * 300, "the_last"]
    (tmp_path / "table.S").write_text(script("symtab.py", input=listing_of(names, 300)).stdout)
    (tmp_path / "show.c").write_text(SHOW_ALL_SYMBOLS)
    top = os.path.join(SCRIPTS, "..")
    subprocess.run(["gcc", "-std=gnu17", f"-I{top}/tests/host/include", f"-I{top}/include", "-o", tmp_path / "show",
                    tmp_path / "show.c", f"{top}/lib/symtab.c", tmp_path / "table.S"], check=True)
    shown = subprocess.run([tmp_path / "show"], stdout=subprocess.PIPE, text=True, check=True).stdout
    assert shown.splitlines() == [name[:255] for name in names]


def test_symbol_table_is_small_and_does_not_depend_on_addresses():
    names = [f"{a}_{b}_{i}" for i, (a, b) in enumerate(itertools.product(["buddy", "slab", "region"], ["alloc", "free"] * 50))]
    near, again, far = (symbol_table(listing_of(names, length)) for length in (16, 16, 4096))
    assert near == again
    assert [near[0], near[1], near[3]] == [far[0], far[1], far[3]]
    assert len(near[1]) + len(near[3]) < sum(map(len, names)) / 2
    assert (len(near[2]), len(far[2])) == (len(names), 2 * len(names) - 1)


def test_symbol_table_refuses_odd_addresses():
    result = script("symtab.py", input="0000000000001000 T __text_start\n0000000000001001 T odd\n")
    assert result.returncode != 0 and "odd address" in result.stdout
