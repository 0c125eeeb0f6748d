#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Writes a card image to a card, reads it back and compares: flash.py IMAGE DEVICE

The device must be a whole disk that one can pull out: removable, or on USB, or an SD card in its own slot. A partition,
a disk that is mounted, used for swapping or by another device, and the disk that holds the running system are
refused. Model and size are shown, and the device's name is asked for once more.

--test-root DIR is for the tests: /sys, /proc and /dev are looked up under DIR, where a device may be a plain file.
"""
import argparse
import errno
import fcntl
import os
import pathlib
import re
import stat
import sys

MIB = 1 << 20
CHUNK = 4 * MIB
SCSI_DISKS = ("0", "14")  # type of a SCSI device (SPC, peripheral device type): disks; 5 would be a CD
SECTOR = 512  # unit of `size` in sysfs, whatever the disk's own is
BLKRRPART, BLKFLSBUF = 0x125F, 0x1261


class Refused(Exception):
    """The device is not one to write to; the text says why."""


class Host:
    """The machine as /sys and /proc describe it."""

    def __init__(self, root="/"):
        self.root = pathlib.Path(root)
        self.testing = str(root) != "/"

    def path(self, device):
        return self.root / device.lstrip("/") if self.testing else pathlib.Path(device)

    def block(self, name):
        return self.root / "sys/class/block" / name

    def read(self, path):
        try:
            return path.read_text(errors="replace").strip()
        except OSError:
            return ""

    def mounts(self):
        """(major:minor, mount point, source) of everything that is mounted, as this process and as the first one see it."""
        found = set()
        for pid in ("self", "1"):
            for line in self.read(self.root / f"proc/{pid}/mountinfo").splitlines():
                fields, _, rest = line.partition(" - ")
                found.add((fields.split()[2], fields.split()[4], (rest.split() + ["", ""])[1]))
        return sorted(found)

    def swaps(self):
        return [line.split()[0] for line in self.read(self.root / "proc/swaps").splitlines()[1:]]


class Disk:
    """A whole disk, by its name in /sys/class/block."""

    def __init__(self, host, device):
        self.host, self.device = host, device
        path = host.path(device)
        if not path.exists():
            raise Refused(f"{device} does not exist")
        self.path = path.resolve()
        if not host.testing and not stat.S_ISBLK(self.path.stat().st_mode):
            raise Refused(f"{device} is no block device")
        self.name = self.path.name
        self.sys = host.block(self.name)
        if not self.sys.exists():
            raise Refused(f"{device} is no disk that the kernel knows")
        if (self.sys / "partition").exists():
            raise Refused(f"{device} is a partition; name the whole disk")
        self.size = int(host.read(self.sys / "size") or 0) * SECTOR
        self.parts = sorted(p.parent.name for p in self.sys.glob("*/partition"))

    @property
    def model(self):
        words = [self.host.read(self.sys / "device" / f) for f in ("vendor", "model", "name")]
        return " ".join(w for w in words if w) or "no name"

    def can_be_pulled_out(self):
        if self.host.read(self.sys / "removable") == "1":
            return "removable"
        if re.search(r"/usb\d+/", str(self.sys.resolve())):
            return "on USB"
        if self.name.startswith("mmcblk") and self.host.read(self.sys / "device/type") == "SD":
            return "an SD card"
        raise Refused(f"{self.device} ({self.model}) is neither removable nor on USB nor an SD card")

    def check_writable(self, needed):
        kind = self.host.read(self.sys / "device/type")
        if kind.isdigit() and kind not in SCSI_DISKS:
            raise Refused(f"{self.device} ({self.model}) is no disk")
        if self.size == 0:
            raise Refused(f"{self.device} ({self.model}) has no card in it")
        if self.host.read(self.sys / "ro") == "1":
            raise Refused(f"{self.device} is write-protected")
        if self.size < needed:
            raise Refused(f"{self.device} is too small: {self.size // MIB} MiB, the image has {needed // MIB}")

    def check_unused(self):
        blocks = [self.sys] + [self.host.block(p) for p in self.parts]
        numbers = {self.host.read(b / "dev") for b in blocks} - {""}
        names = {self.name, *self.parts}
        for number, where, source in self.host.mounts():
            if number in numbers or os.path.basename(os.path.realpath(source)) in names:
                held = "holds the running system" if where == "/" else f"is mounted at {where}"
                raise Refused(f"{self.device} {held}")
        for swap in self.host.swaps():
            if os.path.basename(swap) in names:
                raise Refused(f"{self.device} is used for swapping")
        for holder in (h for b in blocks for h in b.glob("holders/*")):
            raise Refused(f"{self.device} is in use by {holder.name}")

    def check(self, needed):
        """How it can be pulled out; raises Refused for every disk that is not to be written."""
        how = self.can_be_pulled_out()
        self.check_unused()
        self.check_writable(needed)
        return how


# --- writing and comparing ---

def progress(what, done, total):
    end = "\n" if done == total else ""
    if sys.stdout.isatty() or end:
        print(f"\r{what} {done // MIB} of {total // MIB} MiB ({100 * done // total} %)", end=end, flush=True)


def write_all(fd, data):
    while data:
        data = data[os.write(fd, data):]


def write(image, path):
    """Copies the image to the start of the device; on the medium when it returns."""
    flags = os.O_WRONLY | (os.O_EXCL if stat.S_ISBLK(os.stat(path).st_mode) else 0)
    try:
        fd = os.open(path, flags)
    except OSError as e:
        raise Refused(f"{path}: {'somebody uses it' if e.errno == errno.EBUSY else e.strerror}") from e
    total, done = os.path.getsize(image), 0
    with open(image, "rb") as f:
        while chunk := f.read(CHUNK):
            write_all(fd, chunk)
            os.fdatasync(fd)  # else the progress is that of the page cache
            done += len(chunk)
            progress("written", done, total)
    os.fsync(fd)
    os.close(fd)


def forget_cached(fd):
    """What is read next comes from the medium."""
    os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
    if stat.S_ISBLK(os.fstat(fd).st_mode):
        fcntl.ioctl(fd, BLKFLSBUF)


def first_difference(image, path):
    """Reads the device back: the offset of the first byte that is not the image's, or None."""
    total, done = os.path.getsize(image), 0
    with open(image, "rb") as f, open(path, "rb", buffering=0) as device:
        forget_cached(device.fileno())
        while chunk := f.read(CHUNK):
            back = b""
            while len(back) < len(chunk) and (piece := device.read(len(chunk) - len(back))):
                back += piece
            if back != chunk:
                return done + next((i for i, (a, b) in enumerate(zip(chunk, back)) if a != b), len(back))
            done += len(chunk)
            progress("compared", done, total)
    return None


def read_partitions_again(path):
    try:
        with open(path, "rb") as device:
            fcntl.ioctl(device.fileno(), BLKRRPART)
    except OSError:
        pass  # a plain file has none; a busy disk shows them when it is plugged in again


def confirmed(disk, how):
    print(f"{disk.device}: {disk.model}, {disk.size / 1e9:.1f} GB, {how}, "
          f"{len(disk.parts)} partition{'s' * (len(disk.parts) != 1)}")
    print("All that is on it will be lost.")
    return input(f"Type the device's name once more ({disk.name}): ").strip() in (disk.name, disk.device)


def flash(image, device, host):
    disk = Disk(host, device)
    how = disk.check(os.path.getsize(image))
    if not confirmed(disk, how):
        raise Refused("that was another name; nothing was written")
    disk.check(os.path.getsize(image))  # a card may have been changed while we asked
    write(image, disk.path)
    wrong = first_difference(image, disk.path)
    if wrong is not None:
        sys.exit(f"flash.py: {device} reads back differently from byte {wrong} on: do not trust this card or reader")
    read_partitions_again(disk.path)
    print(f"{device} holds {os.path.basename(image)}, compared byte by byte. You can take it out.")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("image")
    parser.add_argument("device")
    parser.add_argument("--test-root", default="/")
    args = parser.parse_args()
    if not args.device:
        sys.exit("flash.py: which device? DEV=/dev/sdX (lsblk shows them)")
    try:
        flash(args.image, args.device, Host(args.test_root))
    except Refused as e:
        sys.exit(f"flash.py: {e}")
    except PermissionError as e:
        sys.exit(f"flash.py: {e.filename or args.device}: not permitted; as root, or in the group that owns the device")
    except OSError as e:  # a card that breaks while it is written
        sys.exit(f"flash.py: {e.filename or args.device}: {e.strerror}")
    except (EOFError, KeyboardInterrupt):
        sys.exit("\nflash.py: stopped")


if __name__ == "__main__":
    main()
