#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Writes the fuzzers' first inputs into tests/fuzz/corpus. They are kept in the tree; run this after changing it or
dts/test, at the top of the tree."""
import os
import struct
import subprocess

CORPUS = "tests/fuzz/corpus"


def write(target, name, data):
    os.makedirs(f"{CORPUS}/{target}", exist_ok=True)
    with open(f"{CORPUS}/{target}/{name}", "wb") as f:
        f.write(data)


def device_trees():
    for name in "virt", "board", "odd":
        blob = subprocess.run(["dtc", "-q", "-q", "-I", "dts", "-O", "dtb", f"dts/test/{name}.dts"],
                              stdout=subprocess.PIPE, check=True).stdout
        for target in "fdt", "dtcheck":
            write(target, name, blob)


def cpio_entry(name, mode, body=b""):
    def padded(data):
        return data + b"\0" * (-len(data) % 4)
    name = name.encode() + b"\0"
    fields = [7, mode, 0, 0, 1, 0, len(body), 0, 0, 5, 1, len(name), 0]
    return padded(b"070701" + b"".join(b"%08x" % v for v in fields) + name) + padded(body)


def archives():
    trailer = cpio_entry("TRAILER!!!", 0)
    write("cpio", "kinds", cpio_entry(".", 0o40755) + cpio_entry("./etc/motd", 0o100644, b"hello\n") +
          cpio_entry("/bin/sh", 0o120777, b"busybox") + cpio_entry("dev/console", 0o20600) + trailer)
    write("cpio", "two", cpio_entry("one", 0o100644, b"1") + trailer + bytes(64) + cpio_entry("two", 0o40755) + trailer)
    write("cpio", "dots", cpio_entry("a/../b", 0o100644) + trailer)


def program(kind, base, phdrs):
    ident = b"\x7fELF\x02\x01\x01" + bytes(9)
    header = ident + struct.pack("<HHIQQQIHHHHHH", kind, 243, 1, base + 0x100, 64, 0, 5, 64, 56, len(phdrs), 64, 0, 0)
    table = b"".join(struct.pack("<IIQQQQQQ", t, flags, off, va, va, filesz, memsz, align)
                     for t, flags, off, va, filesz, memsz, align in phdrs)
    return (header + table).ljust(0x300, b"\x01")


def programs():
    for name, kind, base in ("fixed", 2, 0x10000), ("pie", 3, 0):
        write("elf", name, program(kind, base, [
            (6, 4, 64, base + 64, 224, 224, 8),
            (1, 5, 0, base, 0x200, 0x200, 4096),
            (1, 6, 0x200, base + 0x1200, 0x100, 0x1000, 4096),
            (0x6474e551, 6, 0, 0, 0, 0, 16)]))


def texts():
    write("cmdline", "usual", b"panic=-1 quiet init=/bin/sh PS1='a b ' \"x=1 2\" a=0x10")
    write("cmdline", "size", b"64M")
    write("cmdline", "isa", b"rv64imafdch_zicsr2p0_zifencei_sstc")
    write("fmt", "numbers", b"%-#8x|%+05d|%.3u|%llo|%zx")
    write("fmt", "strings", b"%*.*s|%-12s|%c|%p|%%|%q")


def names():
    calls = (2, "/d/e/x", "b"), (6, "/d/e/x", "/m/../l/y"), (3, "/w/zz", ""), (7, "/l/y", "/d/q"), (5, "/w/zz", ""), \
        (4, "/d/q", ""), (8, "../o", "/l/n")
    write("path", "session", b"".join(bytes([op]) + a.encode() + b"\0" + b.encode() + b"\0" for op, a, b in calls))
    write("ldisc", "lines", b"ls -l\x7f\x7f\x17x\r\xf1\x01\x03\x04\xf1\x02\xf2\t\x16\x01\x15")


device_trees()
archives()
programs()
texts()
names()
