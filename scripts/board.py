# SPDX-License-Identifier: BSD-2-Clause
"""What the scripts for single boards share: the description in boards/NAME/board.toml and where things lie."""
import os
import pathlib
import shlex
import subprocess
import sys
import tomllib

TOP = pathlib.Path(__file__).resolve().parents[1]
BUILD = pathlib.Path(TOP, os.environ.get("BUILD") or "build")
CACHE = pathlib.Path(TOP, os.environ.get("CACHE") or "build/cache")


def names():
    return sorted(p.parent.name for p in (TOP / "boards").glob("*/board.toml"))


class Board:
    """One board. Paths of firmware are given as they are in Debian's package."""

    def __init__(self, name):
        if name not in names():
            sys.exit(f"there is no board called {name or 'nothing'}: BOARD= one of {', '.join(names())}")
        self.key = name
        self.folder = TOP / "boards" / name
        self.data = tomllib.loads((self.folder / "board.toml").read_text())
        self.out = BUILD / "boards" / name

    @property
    def card(self):
        return self.out / "card.img"

    @property
    def package(self):
        return CACHE / self.data["firmware"]

    def fetch(self):
        """Firmware comes like busybox: once, signed, from the machine's own site."""
        subprocess.run([TOP / "scripts/fetch.sh", self.data["firmware"], CACHE], check=True, stdout=sys.stderr)
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

    def built_emulator(self):
        """Where the emulator is that this tree builds for the board, be it built or not."""
        script = self.folder / "emulator/build.sh"
        if not script.exists():
            return ""
        return subprocess.run([script, "--path"], check=True, capture_output=True, text=True).stdout.strip()

    def emulator(self, card, snapshot=True):
        """The command that boots a card image in an emulator, in words; None where there is no emulator."""
        if "emulator" not in self.data:
            return None
        names = {key: str(self.firmware(key)) for key in ("spl", "u-boot", "u-boot-raw", "opensbi", "tree")}
        names["qemu-visionfive2"] = self.built_emulator()
        names |= {"card": str(card).replace(",", ",,"), "snapshot": ",snapshot=on" if snapshot else ""}
        words = [w.format(**names) for w in shlex.split(self.data["emulator"]["command"])]
        if words[0] == "qemu-system-riscv64":
            words[0] = os.environ.get("QEMU", words[0])
        return words
