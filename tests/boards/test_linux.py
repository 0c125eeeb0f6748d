# SPDX-License-Identifier: BSD-2-Clause
"""The judge judged: Debian's own Linux in the VisionFive 2's emulator with everything on that Quire has to live with. What
the emulator is strict about, a system that runs on the real board gets along with. (That the board's U-Boot does too, all
tests show that come from a card.)"""
import subprocess

import pytest

from emulators import Complaints, emulated  # noqa: F401
from harness import CACHE, TOP
from images import CACHE_BUSYBOX, Archive, scratch
from test_visionfive2_emulator import emulator, firmware

pytestmark = pytest.mark.full

# Eight pipelines at once, more than there are harts; files are written and run, and all frames get used again.
INIT = """#!/bin/busybox sh
/bin/busybox --install -s /bin
mount -t devtmpfs none /dev; mount -t proc none /proc; mount -t sysfs none /sys
echo "harts: $(nproc)"
for i in 1 2 3 4 5 6 7 8; do
    (mkdir /tmp/$i
    for n in 1 2 3; do
        cp /bin/busybox /tmp/$i/busybox; /tmp/$i/busybox seq $n 2000 | sort -rn | md5sum >/tmp/sum$i
    done) &
done
wait
echo "sums: $(cat /tmp/sum? | sort | uniq | wc -l) of $(cat /tmp/sum? | wc -l)"
poweroff -f
"""

# What Linux is known for: it patches its code while it runs in it, tries for a vectored stvec, and looks for a UART's
# register of another make.
KNOWN = (r"hart .: code at 0x(ffffffff8|4[01]).*: page .* was stored to|CSR_STVEC: reserved mode|"
         r"jh7110_uart_(read|write): .* of register 0xb4")


@pytest.fixture
def linux():
    """(kernel, tree) of Debian's package."""
    subprocess.run([TOP / "scripts/fetch.sh", "linux", CACHE], check=True)
    found = [next(iter((CACHE / "linux").glob(f"**/{name}")), None)
             for name in ("boot/vmlinu*", "jh7110-starfive-visionfive-2-v1.3b.dtb")]
    if None in found or not CACHE_BUSYBOX.exists():
        pytest.skip("Debian's Linux and busybox could not be had")
    return found


def small_system():
    """An initramfs of busybox and the script above."""
    path = scratch("linux-init")
    path.write_text(INIT)
    archive = Archive()
    for spec in ("/bin/", "/dev/", "/proc/", "/sys/", "/tmp/", "/dev/console=c:5:1:600", f"/init={path}:755",
                 f"/bin/busybox={CACHE_BUSYBOX}:755"):
        archive.add(spec)
    path = scratch("linux.cpio")
    path.write_bytes(archive.data())
    return path


@pytest.mark.parametrize("hart", [1, 4])
def test_debians_linux(emulated, linux, tmp_path, hart):  # noqa: F811
    kernel, tree = linux
    complaints = Complaints(tmp_path / "complaints", KNOWN)
    m = emulated([emulator(), "-M", f"visionfive2,boot-hart={hart}", "-m", "2G", "-nographic", "-no-reboot",
                  "-bios", str(firmware()[0]), "-dtb", str(tree), "-kernel", str(kernel), "-initrd", str(small_system()),
                  "-append", "console=ttyS0,115200 earlycon panic=-1", *complaints.options])
    m.expect(r"Linux version 6", 120)
    assert m.expect(r"harts: (\d+)\r*\n", 300)[1] == b"4"
    assert m.expect(r"sums: (\d+ of \d+)\r*\n", 600)[1] == b"1 of 8"
    assert m.exit_status(120) == 0
    complaints.firmware = len(complaints.path.read_bytes())  # all of it is to be known
    assert complaints.of_the_kernel() == ""
