#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Runs a whole session on a board over its serial line, from power-on to power-off: boardtest.py BOARD TTY

Asks for the board to be switched on, watches its firmware and the kernel start, types what a person would type and checks
each answer, switches the board off, and writes a report: BUILD/boards/BOARD/report.md and beside it the whole log,
console.log. Nothing is read but the serial line; the card must hold the image of this tree, which the
build id in the kernel's first line proves. Exit status 0 when everything passed.
"""
import argparse
import datetime
import hashlib
import os
import re
import sys
import termios
import time
import tty

import pexpect
import pexpect.fdpexpect

sys.path.insert(0, os.path.dirname(__file__))
from board import BUILD, Board  # noqa: E402

PROMPT = rb"[#$] (?:\x1b\[[0-9;?]*[A-Za-z])*$"
UBOOT_PROMPT = rb"\n(?:=>|StarFive #) $"
ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
NOT_TEXT = re.compile(r"[^\n\t -~]+")  # a line that was not set up yet, or is at another speed
SETTLE = 0.5  # seconds: the shell takes ^C as a character until the program that it starts has the terminal
CTRL_C, CTRL_Z, ESC = "\x03", "\x1a", "\x1b"

# What firmware and kernel say about themselves and the machine, for the report.
FACTS = {
    "SPL": r"^U-Boot SPL (.*)$",
    "OpenSBI": r"^OpenSBI (v\S+)",
    "U-Boot": r"^U-Boot (\d.*)$",
    "firmware, as the kernel sees it": r"^firmware: (.*)$",
    "kernel": r"^(Quire \d.*)$",
    "memory": r"^memory: (.*)$",
    "harts": r"^cpu: (\d+ usable.*)$",
    "harts, identity": r"^cpu: (mvendorid.*)$",
    "mmu": r"^mmu: (.*)$",
    "interrupts": r"^plic: (.*)$",
    "console": r"^serial: (.*console.*)$",
}


class Failed(Exception):
    """A step's answer was not what it must be."""


class Console:
    """The serial line, as pexpect reads it; everything goes into the log too."""

    def __init__(self, path, log, scale):
        self.fd = os.open(path, os.O_RDWR | os.O_NOCTTY)
        self.set_up()
        self.log_path, self.scale, self.marks = log, scale, 0
        self.log = open(log, "wb")
        self.child = pexpect.fdpexpect.fdspawn(self.fd, maxread=4096, timeout=30)
        self.child.logfile_read = self.log
        self.child.delaybeforesend = None

    def set_up(self):
        """115200 baud, 8N1, raw, no flow control, no modem lines."""
        tty.setraw(self.fd)
        termios.tcflush(self.fd, termios.TCIFLUSH)  # what an earlier session has left in the adapter
        settings = termios.tcgetattr(self.fd)
        settings[2] = settings[2] & ~(termios.CSTOPB | termios.PARENB | termios.CRTSCTS) | termios.CLOCAL | termios.CREAD
        settings[4] = settings[5] = termios.B115200
        termios.tcsetattr(self.fd, termios.TCSANOW, settings)

    def text(self):
        """All that came, as text: what is none is shown as one question mark."""
        self.log.flush()
        with open(self.log_path, "rb") as f:
            return NOT_TEXT.sub("?", ESCAPES.sub("", f.read().decode("latin-1")).replace("\r", ""))

    def expect(self, *patterns, timeout=30):
        """Waits for one of the patterns; its place in the list."""
        wanted = [p.encode() if isinstance(p, str) else p for p in patterns]
        try:
            return self.child.expect(wanted, timeout=timeout * self.scale)
        except pexpect.TIMEOUT:
            raise Failed(f"nothing like {wanted[0].decode()!r} within {timeout * self.scale:.0f} s") from None
        except pexpect.EOF:
            raise Failed("the serial line is gone") from None

    def send(self, text):
        try:
            self.child.send(text)
        except OSError:
            raise Failed("the serial line is gone") from None

    def run(self, command, timeout=60):
        """One line in the shell: (status, output). The marks stand quoted in what is typed, unlike the echo."""
        self.marks += 1
        n = self.marks
        self.send(f"echo @BE''GIN{n}; {command}; echo @E''ND{n} $?\r")
        self.expect(rf"@BEGIN{n}\r?\n", timeout=timeout)
        self.expect(rf"@END{n} (\d+)\r?\n", timeout=timeout)
        status = int(self.child.match[1])
        output = ESCAPES.sub("", self.child.before.decode("utf-8", "replace")).replace("\r", "")
        self.expect(PROMPT, timeout=timeout)
        return status, output

    def says(self, command, wanted, timeout=60):
        """A line whose output must be, or as a pattern must contain, what is wanted."""
        _, output = self.run(command, timeout)
        good = wanted.search(output) if isinstance(wanted, re.Pattern) else output.strip() == wanted
        if not good:
            raise Failed(f"`{command}` printed {output.strip()[-200:]!r}")


# --- the session ---

def pipelines(c):
    c.says("seq 1 1000 | grep 7 | wc -l", "271")
    c.says("echo b >/tmp/r; echo a >>/tmp/r; sort </tmp/r | tr -d '\\n'; echo", "ab")
    c.says("ls /nowhere 2>&1 >/dev/null | grep -c 'No such file'", "1")
    c.says("ls -lR / 2>/dev/null | grep -c busybox", re.compile(r"^[1-9]"))


def here_document(c):
    c.send("cat <<END\rthe sum is $((40 + 2))\rEND\r")
    c.expect(r"the sum is 42\r?\n")
    c.expect(PROMPT)


def fast_typing(c):
    """Long lines at full speed: no character may be lost."""
    for letters in ("abcdefghijklmnopqrstuvwxyz0123456789" * 12, "The quick brown fox. " * 20):
        wanted = hashlib.md5(f"{letters}\n".encode()).hexdigest()
        c.says(f"echo '{letters}' | md5sum", re.compile(wanted))


def forks(c):
    c.says("n=0; for i in $(seq 200); do x=$(echo $i); n=$((n+1)); done; echo $n $x", "200 200", timeout=180)


def jobs(c):
    c.send("sleep 100 &\r")
    c.expect(PROMPT)
    c.says("kill %1; wait %1; echo $?", re.compile(r"^143$", re.M))
    c.send("yes >/dev/null\r")
    time.sleep(SETTLE)
    c.send(CTRL_C)
    c.expect(PROMPT)
    c.send("cat >/tmp/typed\r")
    time.sleep(SETTLE)
    c.send("before\r")
    time.sleep(SETTLE)  # ^Z throws away what nobody has read
    c.send(CTRL_Z)
    c.expect("Stopped")
    c.expect(PROMPT)
    c.send("fg\r")
    c.expect(r"fg\r?\n[^\n]*cat [^\n]*\n")
    time.sleep(SETTLE)
    c.send("after\r\x04")
    c.expect(PROMPT)
    c.says("cat /tmp/typed", "before\nafter")


def editor(c):
    c.send("echo three >/tmp/page\r")
    c.expect(PROMPT)
    c.send("vi /tmp/page\r")
    c.expect("/tmp/page.*1/1")
    c.send("ione\rtwo\r" + ESC)
    time.sleep(SETTLE)  # what follows an ESC at once belongs to it
    c.send(":wq\r")
    c.expect(PROMPT)
    c.says("cat /tmp/page", "one\ntwo\nthree")


def memory(c):
    c.says("dd if=/dev/zero of=/tmp/x bs=1M count=16 2>/dev/null; md5sum /tmp/x; rm /tmp/x",
           re.compile("2c7ab85a893283e98c931e9511add182"), timeout=180)
    c.says("(ulimit -v 20000; dd if=/dev/zero of=/dev/null bs=64M count=1 2>&1)", re.compile("out of memory"))
    c.says("free", re.compile(r"Mem: +\d+ +\d+ +\d+"))


def processes(c):
    c.says("ps", re.compile(r"^\s*1\s", re.M))
    c.says("top -bn1", re.compile(r"CPU:.*% idle"))
    c.says("uptime", re.compile("load average"))


def bad_program(c):
    """A program that reads from nowhere dies alone."""
    if c.run("command -v faults >/dev/null")[0] == 0:
        c.says("faults null-read; echo alive", re.compile("alive$"))


STEPS = [pipelines, here_document, fast_typing, forks, jobs, editor, memory, processes, bad_program]


# --- before and after it ---

def what_came(text):
    """For a board that did not start, where to look next."""
    if not text:
        return "not one character came: is the board on, are the wires RX and TX crossed, is the ground connected?"
    if text.count("?") > len(text) / 4:
        return "what came is hardly text: is the line at 115200 baud, 3.3 V, with a good ground?"
    return f"the last that came: {text.strip()[-100:]!r}"


def start(c, board):
    try:
        power_on(c, board)
    except Failed as e:
        raise Failed(f"{e}; {what_came(c.text())}") from None


def power_on(c, board):
    """From power-on to the prompt. U-Boot may have missed the card; it is told once to look again."""
    if c.expect(r"Quire \d\S* \(", UBOOT_PROMPT, timeout=300):
        if "again" not in board.data:
            raise Failed("U-Boot stayed at its prompt")
        c.send(board.data["again"] + "\r")
        c.expect(r"Quire \d\S* \(", timeout=180)
    if c.expect(PROMPT, r"panic: [^\n]*\n", timeout=180):
        raise Failed(c.child.match[0].decode(errors="replace").strip())


def recover(c):
    """Back to a prompt that answers, out of whatever a failed step has left running."""
    for keys in (ESC, ":q!\r", CTRL_C, CTRL_C, "\r"):
        c.send(keys)
        time.sleep(SETTLE)
    c.run("true", timeout=20)


def switch_off(c, board):
    """A board on USB power may take its serial adapter along: then the line itself goes away."""
    c.send("poweroff\r")
    c.expect("power: off", pexpect.EOF, timeout=60)
    if not board.data.get("poweroff", True):
        print("  (this board's firmware cannot switch it off: pull the plug)")


def same_image(text):
    """Whether the kernel that ran is build/Image: its build id is in its first line, and in the image as bytes."""
    m = re.search(r"^Quire \S+ \(([0-9a-f]+)\)$", text, re.M)
    return bool(m) and bytes.fromhex(m[1]) in (BUILD / "Image").read_bytes()


def session(c, board):
    """(step, what went wrong or None) one after the other. What comes after a failed step still runs, if it can."""
    def attempt(name, step, *words):
        try:
            step(*words)
            return name, None
        except Failed as e:
            return name, str(e)

    yield attempt("power-on to the prompt", start, c, board)
    for step in STEPS:
        name, wrong = attempt(step.__name__.replace("_", " "), step, c)
        yield name, wrong
        if wrong and attempt("", recover, c)[1]:
            yield "the shell after that", "does not answer any more"
            return
    yield attempt("power-off", switch_off, c, board)


# --- the report ---

def cell(text):
    """As one cell of a table."""
    return " ".join(text.split()).replace("|", "\\|")


def report(board, results, text, tty_name):
    image = hashlib.sha256((BUILD / "Image").read_bytes()).hexdigest()
    passed = sum(not wrong for _, wrong in results)
    lines = [f"# Quire on {board.data['name']}", "",
             f"{datetime.date.today()}, over {tty_name}: {passed} passed, {len(results) - passed} failed.", "",
             f"Image sha256 {image}; the kernel that ran {'is' if same_image(text) else 'is NOT'} this one.", ""]
    for name, pattern in FACTS.items():
        if m := re.search(pattern, text, re.M):
            lines.append(f"- {name}: {m[1].strip()}")
    lines += ["", "| step | result |", "| --- | --- |"]
    lines += [f"| {name} | {cell(wrong or 'passed')} |" for name, wrong in results]
    lines += ["", "## Log", "", *("    " + line for line in text.splitlines()), ""]
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("board")
    parser.add_argument("tty")
    parser.add_argument("--scale", type=float, default=1, help="multiplies all time limits")
    args = parser.parse_args()
    board = Board(args.board)
    if not args.tty:
        sys.exit(f"boardtest.py: which serial line? TTY=/dev/ttyUSB0; see boards/{board.key}/README.md")
    board.out.mkdir(parents=True, exist_ok=True)
    try:
        c = Console(args.tty, board.out / "console.log", args.scale)
    except (OSError, termios.error) as e:
        sys.exit(f"boardtest.py: {args.tty}: {e.args[-1]}")
    print(f"Switch the board on, or press its reset button. (log: {os.path.relpath(c.log_path)})", flush=True)
    results = []
    for name, wrong in session(c, board):
        results.append((name, wrong))
        print(f"  {'FAILED' if wrong else 'passed'}  {name}{': ' + wrong if wrong else ''}", flush=True)
        if name.startswith("power-on") and wrong:
            break
    text = c.text()
    if not same_image(text):
        results.append(("the kernel that ran is build/Image", "its build id is another one: make flash, and try again"))
        print("  FAILED  " + ": ".join(results[-1]))
    path = board.out / "report.md"
    path.write_text(report(board, results, text, args.tty))
    print(f"{os.path.relpath(path)}: for an issue, and for CAVEATS.md")
    sys.exit(1 if any(wrong for _, wrong in results) else 0)


main()
