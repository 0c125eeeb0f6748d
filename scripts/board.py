# SPDX-License-Identifier: BSD-2-Clause
"""What the scripts for single boards share: the description in boards/NAME/board.toml and where things lie."""
import os
import pathlib
import re
import shlex
import subprocess
import sys
import tomllib

TOP = pathlib.Path(__file__).resolve().parents[1]
BUILD = pathlib.Path(TOP, os.environ.get("BUILD") or "build")
CACHE = pathlib.Path(TOP, os.environ.get("CACHE") or "build/cache")
QEMU = os.environ.get("QEMU", "qemu-system-riscv64")
BUILD_EMULATOR = TOP / "boards/visionfive2/emulator/build.sh"


def names():
    return sorted(p.parent.name for p in (TOP / "boards").glob("*/board.toml"))


def built_emulator():
    """Where the emulator is that this tree builds, be it built or not."""
    return subprocess.run([BUILD_EMULATOR, "--path"], check=True, capture_output=True, text=True).stdout.strip()


def build_emulator():
    """Builds it where it is not there yet, which takes some minutes."""
    subprocess.run([TOP / "scripts/setup.sh", "emulator"], check=True)
    subprocess.run([BUILD_EMULATOR], check=True, stdout=sys.stderr)


def qemu_of_sifive():
    """The emulator for the sifive_u machine. In QEMU 9.1 to 10 cards refuse CMD9 and CMD10 over SPI (QEMU's issue 2945), so
    that no firmware finds one; there it is the emulator that this tree builds."""
    try:
        said = subprocess.run([QEMU, "--version"], capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return QEMU
    version = re.search(r"version (\d+)\.(\d+)", said)
    broken = version and (9, 1) <= (int(version[1]), int(version[2])) < (11, 0)
    return built_emulator() if broken else QEMU


class Board:
    """One board. Paths of firmware are given as they are in Debian's package."""

    def __init__(self, name, out=None):
        if name not in names():
            sys.exit(f"there is no board called {name or 'nothing'}: BOARD= one of {', '.join(names())}")
        self.key = name
        self.folder = TOP / "boards" / name
        self.data = tomllib.loads((self.folder / "board.toml").read_text())
        self.out = out or BUILD / "boards" / name

    @property
    def card(self):
        return self.out / "card.img"

    @property
    def package(self):
        return CACHE / self.data["firmware"]

    def fetch(self):
        """Firmware comes like busybox: once, signed, from the machine's own site."""
        # OpenSBI's own package for its licence: the program is in SPL's package too.
        for package in [self.data["firmware"]] + ["opensbi"] * ("spl" in self.data):
            subprocess.run([TOP / "scripts/fetch.sh", package, CACHE], check=True, stdout=sys.stderr)
        if not (self.package / self.data["u-boot"]).exists():
            sys.exit(f"{self.data['name']}: its firmware package {self.data['firmware']} could not be had")

    def firmware(self, key):
        """The file of SPL, U-Boot or a piece of u-boot.itb, the latter cut out of it. None where the board has none."""
        what = self.data.get(key)
        if what is None or isinstance(what, str):
            return what and self.package / what
        self.out.mkdir(parents=True, exist_ok=True)
        piece = self.out / f"{key}.piece"
        subprocess.run(["dumpimage", "-T", "flat_dt", "-p", str(what["image"]), "-o", piece, self.firmware("u-boot")],
                       check=True, stdout=subprocess.DEVNULL)
        return piece

    def linux_tree(self):
        """The device tree that Linux uses for the board, compiled from Linux's sources."""
        subprocess.run([TOP / "scripts/fetch.sh", "linux-trees", CACHE], check=True, stdout=sys.stderr)
        source = CACHE / "linux-trees/src/riscv" / self.data["linux-tree"]
        if not source.exists():
            sys.exit(f"{self.data['name']}: Linux's device trees could not be had")
        self.out.mkdir(parents=True, exist_ok=True)
        tree = self.out / "linux.dtb"
        gcc = os.environ.get("CROSS_COMPILE", "riscv64-unknown-elf-") + "gcc"
        text = subprocess.run([gcc, "-E", "-nostdinc", "-undef", "-D__DTS__", "-x", "assembler-with-cpp",
                               "-I", CACHE / "linux-trees/include", source], check=True, stdout=subprocess.PIPE).stdout
        subprocess.run(["dtc", "-q", "-I", "dts", "-O", "dtb", "-o", tree], input=text, check=True)
        return tree

    def emulator(self, card, snapshot=True):
        """The command that boots a card image in an emulator, in words; None where there is no emulator."""
        if "emulator" not in self.data:
            return None
        names = {key: str(self.firmware(key)) for key in ("spl", "u-boot", "u-boot-raw", "opensbi", "tree")}
        names |= {"card": str(card).replace(",", ",,"), "snapshot": ",snapshot=on" if snapshot else "",
                  "qemu": QEMU, "qemu-visionfive2": built_emulator(), "qemu-sifive": qemu_of_sifive()}
        return [w.format(**names) for w in shlex.split(self.data["emulator"]["command"])]
