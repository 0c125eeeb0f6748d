#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Writes a cpio archive (newc) that depends on nothing but its contents: no root needed, no times, no host inodes.

    mkinitramfs.py OUT ENTRY...

    /path=host-file[:mode]     a regular file (mode: as on the host, 755 or 644, unless given in octal)
    /path/                     a directory (parents come by themselves); /path/:1777 with a mode
    /path->target              a symbolic link
    /path=c:MAJOR:MINOR[:mode] a character device; b: a block device
    @list                      more entries from a file, one a line, # begins a comment

Later entries replace earlier ones of the same path, so that a test can take a list and change one file.
"""
import os
import re
import stat
import sys


class Archive:
    """Entries by path; `data` makes the archive's bytes, parents first, in the order of the names."""

    def __init__(self):
        self.entries = {}

    def put(self, path, mode, data=b"", device=(0, 0)):
        path = path.strip("/")
        parts = path.split("/")
        for i in range(1, len(parts)):
            self.entries.setdefault("/".join(parts[:i]), (stat.S_IFDIR | 0o755, b"", (0, 0)))
        self.entries[path] = (mode, data, device)

    def add(self, spec):
        if spec.startswith("@"):
            with open(spec[1:], encoding="utf-8") as lines:
                for line in lines:
                    line = line.split("#")[0].strip()
                    if line:
                        self.add(line)
        elif m := re.fullmatch(r"([^=]*)/(?::([0-7]+))?", spec):
            self.put(m[1], stat.S_IFDIR | int(m[2] or "755", 8))
        elif m := re.fullmatch(r"([^=]+?)->(.+)", spec):
            self.put(m[1], stat.S_IFLNK | 0o777, m[2].encode())
        elif m := re.fullmatch(r"([^=]+)=([cb]):(\d+):(\d+)(?::([0-7]+))?", spec):
            kind = stat.S_IFCHR if m[2] == "c" else stat.S_IFBLK
            self.put(m[1], kind | int(m[5] or "600", 8), device=(int(m[3]), int(m[4])))
        elif m := re.fullmatch(r"([^=]+)=(.+?)(?::([0-7]{3,4}))?", spec):
            self.add_file(m[1], m[2], m[3])
        else:
            sys.exit(f"mkinitramfs.py: what is {spec!r}?")

    def add_file(self, path, source, mode=None):
        with open(source, "rb") as f:
            data = f.read()
        executable = os.stat(source).st_mode & 0o100
        self.put(path, stat.S_IFREG | (int(mode, 8) if mode else 0o755 if executable else 0o644), data)

    def data(self):
        out = bytearray()
        for ino, path in enumerate(sorted(p for p in self.entries if p), 1):
            mode, data, device = self.entries[path]
            name = aligned(path, len(out)) if stat.S_ISREG(mode) else path
            out += record(name, ino, mode, data, device)
        out += record("TRAILER!!!", 0, 0, b"", (0, 0))
        return bytes(out) + bytes(-len(out) % 512)


def aligned(path, start):
    """The format aligns bodies to 4 bytes; "./" in front, which means nothing, moves one to 8: it is copied faster."""
    while (start + 110 + len(path.encode()) + 1 + 3) // 4 % 2:
        path = "./" + path
    return path


def record(path, ino, mode, data, device):
    name = path.encode() + b"\0"
    links = 0 if not mode else 2 if stat.S_ISDIR(mode) else 1
    fields = [ino, mode, 0, 0, links, 0, len(data), 0, 0, *device, len(name), 0]
    head = b"070701" + b"".join(b"%08X" % f for f in fields) + name
    head += bytes(-len(head) % 4)
    return head + data + bytes(-len(data) % 4)


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    archive = Archive()
    for spec in sys.argv[2:]:
        archive.add(spec)
    with open(sys.argv[1], "wb") as f:
        f.write(archive.data())


if __name__ == "__main__":
    main()
