#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Writes dtcheck's table of the kernel's drivers: each DRIVER(name, class, probe, "compatible", ...) of the sources
that are named, in C."""
import re
import sys


def drivers(paths):
    for path in sorted(paths):
        with open(path, encoding="utf-8") as f:
            text = re.sub(r"/\*.*?\*/", "", f.read(), flags=re.S)
        for name, kind, words in re.findall(r"^DRIVER\(\s*(\w+),\s*(\w+),\s*\w+,([^)]*)\)", text, re.M):
            yield name, kind, re.findall(r'"[^"]*"', words)


def main():
    found = list(drivers(sys.argv[1:]))
    print("/* Generated from the drivers' sources by scripts/dtcheck/drivers.py. */\n#include \"dtcheck.h\"\n")
    for name, _, words in found:
        print(f"static const char *const {name}_strings[] = {{{', '.join(words)}, NULL}};")
    print("\nconst struct driver driver_table[] = {")
    for name, kind, _ in found:
        print(f'    {{.name = "{name}", .class = {kind}, .compatible = {name}_strings}},')
    print("};\nconst size_t driver_table_count = ARRAY_SIZE(driver_table);")


main()
