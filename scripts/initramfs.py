#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Makes the initramfs that is built into the image: our programs, busybox with a link for each of its applets, /etc.

    initramfs.py --out FILE [--busybox FILE] [--etc DIR] [--tree DIR] PROGRAM...

A program called init becomes /init, all others go to /bin. Without the busybox file the image holds ours only. The files in
--tree are put where they lie in it.
"""
import argparse
import os
import re

from mkinitramfs import Archive

DIRECTORIES = ["/bin/", "/dev/", "/etc/", "/proc/", "/root/:700", "/tmp/:1777"]
# pid 1 speaks through this before anything is mounted.
DEVICES = ["/dev/console=c:5:1:600", "/dev/null=c:1:3:666"]


def applets(busybox):
    """The names busybox answers to, read from the table in the binary (the host cannot run it)."""
    with open(busybox, "rb") as f:
        data = f.read()
    table = re.search(rb"\[\0\[\[\0(?:[\w.-]+\0){50,}", data)
    if not table:
        raise SystemExit(f"initramfs.py: {busybox} holds no table of applets")
    return table[0].decode().rstrip("\0").split("\0")


def add_tree(archive, top):
    for folder, folders, names in os.walk(top):
        folders.sort()
        for name in names:
            path = os.path.join(folder, name)
            archive.add_file(os.path.relpath(path, top), path)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--out", required=True)
    parser.add_argument("--busybox")
    parser.add_argument("--etc", default="user/etc")
    parser.add_argument("--tree")
    parser.add_argument("program", nargs="*")
    args = parser.parse_args()

    archive = Archive()
    for spec in DIRECTORIES + DEVICES:
        archive.add(spec)
    if os.path.isdir(args.etc):
        for name in sorted(os.listdir(args.etc)):
            archive.add(f"/etc/{name}={args.etc}/{name}:644")
    if args.busybox and os.path.exists(args.busybox):
        archive.add(f"/bin/busybox={args.busybox}:755")
        for name in applets(args.busybox):
            if name != "busybox":
                archive.add(f"/bin/{name}->busybox")
    for program in args.program:
        name = os.path.basename(program)
        archive.add(f"{'/init' if name == 'init' else '/bin/' + name}={program}:755")
    if args.tree:
        add_tree(archive, args.tree)
    with open(args.out, "wb") as f:
        f.write(archive.data())


main()
