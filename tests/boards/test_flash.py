# SPDX-License-Identifier: BSD-2-Clause
"""make flash: what it refuses, and that it finds what went wrong. The disks are files in a made-up /sys, /proc and /dev."""
import errno
import importlib.util
import os
import subprocess
import sys

import pexpect
import pytest

from harness import TOP

SCRIPT = TOP / "scripts/flash.py"
spec = importlib.util.spec_from_file_location("flash", SCRIPT)
flash = importlib.util.module_from_spec(spec)
spec.loader.exec_module(flash)

MIB = 1 << 20
IMAGE = bytes(range(256)) * (6 * MIB // 256)  # more than one chunk


class Fake:
    """A machine with disks that the tests make."""

    def __init__(self, root):
        self.root = root
        self.image = root / "card.img"
        self.image.write_bytes(IMAGE)
        self.file("proc/self/mountinfo", "20 1 8:1 / / rw - ext4 /dev/sda1 rw\n")
        self.file("proc/swaps", "Filename Type Size Used Priority\n")

    def file(self, path, text=""):
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        (self.root / path).write_text(text)

    def disk(self, name, number="8:16", size=8 * MIB, bus="pci0000:00", **files):
        """A disk with one partition; `files` are files below its folder in sysfs ("device/model" by device_model)."""
        real = f"sys/devices/{bus}/block/{name}"
        self.file(f"{real}/size", str(size // 512))
        self.file(f"{real}/dev", number)
        for key, value in {"removable": "0", "device_model": "Test Card", **files}.items():
            self.file(f"{real}/{key.replace('_', '/')}", value)
        part = name + ("p1" if name[-1].isdigit() else "1")
        self.file(f"{real}/{part}/partition", "1")
        self.file(f"{real}/{part}/dev", number.split(":")[0] + ":" + str(int(number.split(":")[1]) + 1))
        (self.root / "sys/class/block").mkdir(parents=True, exist_ok=True)
        for link, target in ((name, real), (part, f"{real}/{part}")):
            os.symlink(self.root / target, self.root / "sys/class/block" / link)
            (self.root / "dev").mkdir(exist_ok=True)
            (self.root / "dev" / link).write_bytes(bytes(size))
        return part

    def flash(self, device, answer=""):
        done = subprocess.run([sys.executable, SCRIPT, self.image, f"/dev/{device}", "--test-root", self.root],
                              input=answer + "\n", capture_output=True, text=True, check=False, timeout=60)
        return done.returncode, done.stdout + done.stderr

    def content(self, name):
        return (self.root / "dev" / name).read_bytes()


@pytest.fixture
def host(tmp_path):
    return Fake(tmp_path)


def refused(host, device, why, answer=None, name=None):
    name = name or device
    before = host.content(name)
    status, said = host.flash(device, device if answer is None else answer)
    assert status == 1 and why in said, said
    assert host.content(name) == before, "it was written to"


@pytest.mark.parametrize("name, kind", [
    ("sdb", {"removable": "1"}),
    ("sdb", {"bus": "pci0000:00/usb2/2-1/2-1:1.0"}),
    ("mmcblk0", {"device_type": "SD", "device_name": "SC16G"}),
])
def test_a_card_is_written_and_compared(host, name, kind):
    host.disk(name, **kind)
    status, said = host.flash(name, name)
    assert status == 0, said
    assert "Test Card" in said and "0.0 GB" in said and "compared 6 of 6 MiB (100 %)" in said
    assert host.content(name) == IMAGE + bytes(2 * MIB)


def test_refuses_what_cannot_be_pulled_out(host):
    host.disk("sdb")
    refused(host, "sdb", "neither removable")


def test_refuses_emmc(host):
    host.disk("mmcblk0", device_type="MMC")
    refused(host, "mmcblk0", "neither removable")


def test_refuses_a_partition(host):
    part = host.disk("sdb", removable="1")
    refused(host, part, "is a partition")


@pytest.mark.parametrize("line, why", [
    ("30 20 8:17 / /media/card rw - vfat /dev/sdb1 rw", "is mounted at /media/card"),
    ("30 20 8:16 / /media/card rw - vfat /dev/sdb rw", "is mounted at /media/card"),
    ("30 20 0:44 / /media/card rw - btrfs /dev/sdb1 rw", "is mounted at /media/card"),
    ("20 1 8:17 / / rw - ext4 /dev/sdb1 rw", "holds the running system"),
])
def test_refuses_what_is_mounted(host, line, why):
    host.disk("sdb", removable="1")
    host.file("proc/self/mountinfo", line + "\n")
    refused(host, "sdb", why)


def test_refuses_what_the_first_process_has_mounted(host):
    host.disk("sdb", removable="1")
    host.file("proc/1/mountinfo", "30 20 8:17 / /home rw - ext4 /dev/sdb1 rw\n")
    refused(host, "sdb", "is mounted at /home")


def test_refuses_swap(host):
    host.disk("sdb", removable="1")
    host.file("proc/swaps", "Filename Type Size Used Priority\n/dev/sdb1 partition 1 0 -2\n")
    refused(host, "sdb", "swapping")


def test_refuses_what_another_device_rests_on(host):
    part = host.disk("sdb", removable="1")
    host.file(f"sys/devices/pci0000:00/block/sdb/{part}/holders/dm-0")
    refused(host, "sdb", "in use by dm-0")


def test_refuses_a_small_card(host):
    host.disk("sdb", removable="1", size=4 * MIB)
    refused(host, "sdb", "too small: 4 MiB")


def test_refuses_a_reader_without_a_card(host):
    host.disk("sdb", removable="1", size=0)
    refused(host, "sdb", "has no card in it")


def test_refuses_a_write_protected_card(host):
    host.disk("sdb", removable="1", ro="1")
    refused(host, "sdb", "is write-protected")


def test_refuses_a_cd(host):
    host.disk("sr0", removable="1", device_type="5")
    refused(host, "sr0", "is no disk")


def test_refuses_an_image_that_is_not_there(host):
    host.disk("sdb", removable="1")
    host.image.unlink()
    refused(host, "sdb", "card.img: No such file")


@pytest.mark.parametrize("answer", ["", "y", "yes", "sda", "sdb1"])
def test_asks_for_the_name(host, answer):
    host.disk("sdb", removable="1")
    refused(host, "sdb", "nothing was written", answer)


def test_refuses_what_is_not_there(host):
    assert host.flash("sdq", "sdq") == (1, "flash.py: /dev/sdq does not exist\n")


def test_refuses_a_plain_file_outside_of_tests(tmp_path):
    (tmp_path / "file").write_bytes(bytes(8 * MIB))
    with pytest.raises(flash.Refused, match="no block device"):
        flash.Disk(flash.Host(), str(tmp_path / "file"))


@pytest.mark.parametrize("at", [0, 4 * MIB - 1, 5 * MIB + 77, 6 * MIB - 1])
def test_a_flipped_byte_is_found(host, at):
    host.disk("sdb", removable="1")
    device = host.root / "dev/sdb"
    flash.write(host.image, device)
    assert flash.first_difference(host.image, device) is None
    data = bytearray(device.read_bytes())
    data[at] ^= 0x10
    device.write_bytes(data)
    assert flash.first_difference(host.image, device) == at


def test_a_device_that_ends_early_is_found(host):
    device = host.root / "short"
    device.write_bytes(IMAGE[:5 * MIB])
    assert flash.first_difference(host.image, device) == 5 * MIB


def test_a_bad_card_is_a_failure_with_words(host, monkeypatch):
    """The whole way, with a card that forgets one byte."""
    host.disk("sdb", removable="1")
    good = flash.write

    def forgetful(image, path):
        good(image, path)
        with open(path, "r+b") as f:
            f.seek(12345)
            f.write(b"\xff")
    monkeypatch.setattr(flash, "write", forgetful)
    monkeypatch.setattr("builtins.input", lambda _: "sdb")
    with pytest.raises(SystemExit, match="differently from byte 12345"):
        flash.flash(str(host.image), "/dev/sdb", flash.Host(host.root))


def test_progress_is_shown_on_a_terminal(host):
    host.disk("sdb", removable="1")
    child = pexpect.spawn(sys.executable, [str(SCRIPT), str(host.image), "/dev/sdb", "--test-root", str(host.root)], timeout=60)
    child.expect(r"/dev/sdb: Test Card, 0.0 GB, removable, 1 partition\r\nAll that is on it will be lost.\r\n")
    child.expect_exact("Type the device's name once more (sdb): ")
    child.send("sdb\r")
    for step in ("written 4 of 6 MiB (66 %)", "written 6 of 6 MiB (100 %)", "compared 4 of 6 MiB (66 %)",
                 "compared 6 of 6 MiB (100 %)"):
        child.expect_exact("\r" + step)
    child.expect("You can take it out")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0


def test_a_card_that_breaks_is_a_failure_with_words(host, monkeypatch):
    host.disk("sdb", removable="1")

    def broken(fd, data):
        raise OSError(errno.EIO, os.strerror(errno.EIO))
    monkeypatch.setattr(flash, "write_all", broken)
    monkeypatch.setattr("builtins.input", lambda _: "sdb")
    monkeypatch.setattr(sys, "argv", ["flash.py", str(host.image), "/dev/sdb", "--test-root", str(host.root)])
    with pytest.raises(SystemExit, match="flash.py: /dev/sdb: Input/output error"):
        flash.main()


def test_a_card_that_is_changed_while_we_ask_is_looked_at_again(host, monkeypatch):
    host.disk("sdb", removable="1")
    before = host.content("sdb")

    def mounted_meanwhile(_):
        host.file("proc/self/mountinfo", "30 20 8:17 / /media/card rw - vfat /dev/sdb1 rw\n")
        return "sdb"
    monkeypatch.setattr("builtins.input", mounted_meanwhile)
    with pytest.raises(flash.Refused, match="is mounted at /media/card"):
        flash.flash(str(host.image), "/dev/sdb", flash.Host(host.root))
    assert host.content("sdb") == before


def test_a_loop_device_is_no_card(tmp_path):
    """On the real /sys: loop devices are disks, but nobody can pull them out."""
    if not os.path.isdir("/sys/block"):
        pytest.skip("not permitted here: /sys")
    (tmp_path / "file").write_bytes(bytes(8 * MIB))
    made = subprocess.run(["losetup", "--find", "--show", tmp_path / "file"], capture_output=True, text=True, check=False)
    if made.returncode:
        pytest.skip(f"not permitted here: {made.stderr.strip()}")
    device = made.stdout.strip()
    try:
        with pytest.raises(flash.Refused, match="neither removable"):
            flash.Disk(flash.Host(), device).check(MIB)
        (tmp_path / "image").write_bytes(IMAGE)
        flash.write(tmp_path / "image", device)
        assert flash.first_difference(tmp_path / "image", device) is None
    finally:
        subprocess.run(["losetup", "--detach", device], check=True)
