#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""docs/performance.md: the figures accepted last (accepted.json) beside those of a small Linux (linux.json).

    performance.py            prints the page
    performance.py --write    writes it
    performance.py --check    status 1 when the page in docs/ is another one

`make bench` says whether the accepted figures are still those that are measured.
"""
import json
import math
import pathlib
import sys
import textwrap

TOP = pathlib.Path(__file__).resolve().parents[2]
ACCEPTED = TOP / "tests/bench/accepted.json"
PAGE = TOP / "docs/performance.md"
LINUX = json.loads((TOP / "tests/bench/linux.json").read_text(encoding="utf-8"))
MEAN_AT_MOST, ROW_AT_MOST = 0.6, 1.0

# name: (title, target); a name that is measured and does not stand here is shown by run.py all the same.
OPERATIONS = {
    "null": ("null system call (getppid)", 160),
    "read_zero": ("read of 1 byte, without a library", 350),
    "clock_gettime": ("clock_gettime as a system call", None),
    "clock_vdso": ("clock_gettime through the vDSO", None),
    "read_1": ("read of 1 byte from /dev/zero", None),
    "write_1": ("write of 1 byte to /dev/null", None),
    "fstat": ("fstat of a terminal", None),
    "fstat_file": ("fstat of a file", None),
    "stat": ("stat, four names deep", None),
    "open_close": ("open + close", 2_000),
    "create_unlink": ("create + close + unlink of a file", None),
    "create_0k": ("create an empty file", None),
    "delete_0k": ("delete an empty file", None),
    "sched_yield": ("sched_yield, nobody else ready", None),
    "futex_wake": ("futex wake, nobody waits", None),
    "signal_install": ("install a signal handler", None),
    "signal_catch": ("catch a signal, less sending it", None),
    "select_10": ("select on 10 descriptors", None),
    "select_100": ("select on 100 descriptors", None),
    "pipe_self": ("write + read of 1 byte through a pipe", None),
    "pipe_round_trip": ("pipe round trip between two processes", 4_700),
    "ctx_switch": ("context switch through a pipe", 1_300),
    "pipe_4k": ("4 KiB through a pipe to another process", None),
    "anon_page": ("anonymous page: map, touch, unmap", 1_800),
    "map_unmap": ("mmap + touch + munmap of one page", None),
    "brk_page": ("brk by a page, touch, and back", None),
    "cow_page": ("copy-on-write fault, per page", 2_000),
    "file_fault": ("page fault on a mapped file", None),
    "file_map_1m": ("mmap, 7 writes, munmap of 1 MB of a file", None),
    "fork_exit_wait": ("fork + exit + wait", 42_000),
    "fork_exec_wait": ("fork + exec + exit + wait", 85_000),
    "fork_64_pages": ("fork + exit + wait with 64 pages", None),
    "fork_256_pages": ("fork + exit + wait with 256 pages", None),
    "fork_256_written": ("the same, the child writes to all", None),
    "shell": ("busybox sh -c that runs a program", None),
    "buddy_0": ("buddy: allocate + free, order 0", None),
    "buddy_9": ("buddy: allocate + free, order 9", None),
    "map_page": ("page table: map + unmap, per 4 KiB page", None),
    "boot": ("S-mode entry to first user instruction", 5_000_000),
    "boot_default": ("the same with the default archive", None),
    "image": ("flat image without archive, bytes", 480_000),
}
# Not operations: they stand in the table, and have no part in the mean.
NOT_IN_THE_MEAN = {"boot", "image"}

HEAD = [
    "Guest instructions, counted by QEMU with `-icount shift=0`: one hart, isolation on, {compiler}. `make bench` measures them "
    "again and compares; `make bench ACCEPT=1` accepts new ones and writes this page from them. Operations on several harts "
    "stand in the second half of what it prints.",
    "The other column is of {linux} Rows of system calls were counted there by a program that makes the calls of "
    "`user/ubench.c`; those of signals, select, mapped "
    "files, files by name, stat and the shell by lmbench 3, whose loops `user/libc/callbench.c` repeats.",
    "Instructions are not time: they say nothing of cache and TLB misses, and a fence costs one of them. Linux does far more in "
    "most of these; the table says what the same program costs, not which kernel is better.",
]
TABLE = """| operation | Quire | small Linux | ratio |
|---|---:|---:|---:|
"""


def number(value):
    if value is None:
        return "-"
    return f"{value:,.1f}" if value < 100 and value != int(value) else f"{value:,.0f}"


def ratios(figures):
    """{name: what it costs here / there}, of what was measured on both."""
    linux = LINUX["figures"]
    return {name: figures[name] / linux[name] for name in OPERATIONS if name in figures and name in linux}


def mean(figures):
    """The geometric mean of the operations' ratios."""
    values = [r for name, r in ratios(figures).items() if name not in NOT_IN_THE_MEAN]
    return math.exp(sum(map(math.log, values)) / len(values))


def page(compiler, figures):
    ratio = ratios(figures)
    rows = [f"| {title} | {number(figures[name])} | {number(LINUX['figures'].get(name))} | "
            f"{f'{ratio[name]:.2f}' if name in ratio else '-'} |"
            for name, (title, _) in OPERATIONS.items() if name in figures]
    count = len(ratio.keys() - NOT_IN_THE_MEAN)
    end = f"\nGeometric mean of the {count} ratios, without boot and image: {mean(figures):.3f}.\n"
    head = [textwrap.fill(part.format(compiler=compiler, linux=LINUX["what"]), 125, break_on_hyphens=False) for part in HEAD]
    return "\n\n".join(["# What operations cost", *head, TABLE]) + "\n".join(rows) + "\n" + end


def generated():
    store = json.loads(ACCEPTED.read_text(encoding="utf-8"))
    compiler = max(store)  # the newest
    return page(compiler, store[compiler])


def write():
    PAGE.write_text(generated(), encoding="utf-8")


def main():
    if "--write" in sys.argv[1:]:
        write()
    elif "--check" in sys.argv[1:]:
        sys.exit(PAGE.read_text(encoding="utf-8") != generated() and "docs/performance.md is not of the accepted figures")
    else:
        print(generated(), end="")


if __name__ == "__main__":
    main()
