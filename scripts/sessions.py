#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Sessions in the book: runs them and writes down what was printed: sessions.py docs/page-tables.md

A session is a block ```console, in which a line `# command` is typed at the shell of one machine (MACHINE below) that the whole page uses,
a line `$ command` at the shell of this computer, at the top of the tree; what follows is what it prints. A test repeats
the sessions and compares their shape (tests/boot/test_page_tables_doc.py); of a block ```console kinds, only which kinds of lines
there are, for what grows with the kernel.
"""
import os
import pathlib
import re
import subprocess
import sys

TOP = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(TOP / "tests/boot"))
import harness  # noqa: E402

MACHINE = {"smp": 4, "mem": "128M", "append": "norandmaps"}
BLOCK = re.compile(r"(?ms)^```console( kinds)?\n(.*?)^```$")
# An address or a frame has at least five digits; all other numbers are amounts.
WORD = re.compile(r"\b(?:0x)?(?=[0-9a-f]*[0-9])[0-9a-f]{5,}\b|\d+")
FRAME = re.compile(r"(?m)\b(?:at [0-9a-f]+|scattered)$")


def commands(block):
    """[(prompt, command, output)] of a block."""
    steps = re.split(r"(?m)^([#$]) (.*)\n", block)[1:]
    return list(zip(steps[0::3], steps[1::3], steps[2::3]))


def shape(output, frames=True):
    """The lines with amounts as N and each address as @ and the number of its first appearance, so that equal addresses must
    be equal again, whatever they are. Without frames, it does not matter where the pages of a run lie."""
    seen = {}

    def replace(found):
        return f"@{seen.setdefault(found[0], len(seen))}" if len(found[0]) > 4 else "N"

    text = output if frames else FRAME.sub("frames", output)
    return [" ".join(WORD.sub(replace, line).split()) for line in text.strip().splitlines()]


def kinds(output):
    """Which lines there are, whatever their numbers and how many."""
    return {" ".join(WORD.sub("N", FRAME.sub("frames", line)).split()) for line in output.strip().splitlines()}


def same(recorded, printed, only_kinds):
    if only_kinds:
        return kinds(recorded) == kinds(printed)
    frames = "scattered" not in recorded + printed  # whether frames follow each other is chance
    return shape(recorded, frames) == shape(printed, frames)


def run_here(command):
    """A line of this computer's shell; what it prints."""
    done = subprocess.run(command, shell=True, cwd=TOP, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, check=False,
                          stderr=subprocess.STDOUT, timeout=120 * harness.SCALE, env={**os.environ, "BUILD": str(harness.BUILD)})
    return harness.ESCAPES.sub("", done.stdout).replace("\r", "")


def run(machine, prompt, command):
    return machine.run(command, status=None) if prompt == "#" else run_here(command)


def start(name):
    return harness.Machine(name, **MACHINE).boot()


def renew(path):
    """Writes what the commands print now into the page."""
    machine = start("sessions")

    def block(found):
        steps = [f"{prompt} {command}\n{run(machine, prompt, command)}" for prompt, command, _ in commands(found[2])]
        return f"```console{found[1] or ''}\n" + "".join(steps) + "```"

    text = BLOCK.sub(block, path.read_text())
    machine.close()
    path.write_text(text)


if __name__ == "__main__":
    for name in sys.argv[1:]:
        renew(pathlib.Path(name))
