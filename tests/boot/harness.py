# SPDX-License-Identifier: BSD-2-Clause
"""A machine in an emulator, as a person at its serial console sees it.

Time limits are guards against hanging, not measurements: they are far above what is needed, and
QUIRE_TIMEOUT_SCALE multiplies them for slow hosts. Everything that a machine prints is kept in
$BUILD/test-logs/NAME.log, with the command line that started it on the first line.
"""
import os
import pathlib
import re
import shlex
import subprocess
import termios
import time

import pexpect

TOP = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(TOP, os.environ.get("QUIRE_BUILD") or os.environ.get("BUILD") or "build")
CACHE = pathlib.Path(TOP, os.environ.get("CACHE") or "build/cache")
QEMU = os.environ.get("QEMU", "qemu-system-riscv64")
SCALE = float(os.environ.get("QUIRE_TIMEOUT_SCALE", "1"))
TEST_ALL = os.environ.get("QUIRE_TEST_ALL") == "1"
LOGS = BUILD / "test-logs"

DEBIAN13_FIRMWARE = CACHE / "opensbi/usr/lib/riscv64-linux-gnu/opensbi/generic/fw_dynamic.bin"

ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
# A shell's prompt is the last thing on the screen; busybox asks the terminal for its size behind it.
PROMPT = rb"[#$] (?:\x1b\[[0-9;?]*[A-Za-z])*$"


def firmware(name):
    """The -bios argument for a firmware by name: "installed" is what comes with QEMU."""
    return {"installed": None, "debian13": str(DEBIAN13_FIRMWARE)}.get(name, name)


def cpu_without_fpu():
    """The -cpu argument. Newer emulators have floating-point extensions that must be named to be left out."""
    version = subprocess.run([QEMU, "--version"], capture_output=True, text=True, check=True).stdout
    return "rv64,f=false,d=false" + (",zfa=false" if int(re.search(r"version (\d+)", version)[1]) >= 8 else "")


def clean(data):
    return ESCAPES.sub("", data.decode("utf-8", "replace")).replace("\r", "")


def plain_terminal():
    """In the emulator's process: what the machine prints arrives byte for byte."""
    settings = termios.tcgetattr(0)
    settings[1] &= ~termios.ONLCR
    termios.tcsetattr(0, termios.TCSANOW, settings)


class Machine:
    """One emulator. `append` is the command line behind "panic=-1"; `cmdline` replaces the whole of it."""

    def __init__(self, name, *, smp=1, mem="128M", cpu=None, bios=None, kernel=None, initrd=None, append="",
                 cmdline=None, machine="virt", extra=()):
        kernel = kernel or BUILD / "Image"
        argv = [QEMU, "-nographic", "-no-reboot", "-M", machine, "-smp", str(smp), "-m", mem,
                "-kernel", str(kernel),
                "-append", f"panic=-1 {append}".strip() if cmdline is None else cmdline]
        for option, value in (("-cpu", cpu), ("-bios", firmware(bios)), ("-initrd", initrd)):
            if value:
                argv += [option, str(value)]
        self.spawn(name, argv + [str(a) for a in extra])

    def spawn(self, name, argv):
        """Starts the emulator: `argv` is its whole command line."""
        LOGS.mkdir(parents=True, exist_ok=True)
        self.path = LOGS / f"{name}.log"
        self.log = open(self.path, "wb")
        self.log.write(shlex.join(argv).encode() + b"\n")
        self.start = self.log.tell()
        self.marks = 0
        self.child = pexpect.spawn(argv[0], argv[1:], timeout=30 * SCALE, maxread=65536, dimensions=(24, 200),
                                   preexec_fn=plain_terminal)
        self.child.logfile_read = self.log
        self.child.delaybeforesend = None

    # What it says.

    def text(self):
        """All that was printed so far, as a person reads it."""
        self.log.flush()
        return clean(self.path.read_bytes()[self.start:])

    def expect(self, pattern, timeout=30):
        """Waits for a pattern (text, a regular expression); the match, and what came before it in .before."""
        pattern = pattern.encode() if isinstance(pattern, str) else pattern
        self.child.expect(pattern, timeout=timeout * SCALE)
        self.before = clean(self.child.before)
        return self.child.match

    def boot(self, timeout=90):
        """Waits for the shell's prompt, or fails at once at a panic."""
        found = self.expect(rb"(?P<panic>panic: [^\n]*\n)|" + PROMPT, timeout)
        assert not found["panic"], found["panic"].decode()
        return self

    def exit_status(self, timeout=60):
        """Waits for the emulator to end; its exit status."""
        self.child.expect(pexpect.EOF, timeout=timeout * SCALE)
        self.child.close()
        self.log.flush()
        return self.child.exitstatus

    # What it is told.

    def send(self, data):
        self.child.send(data)

    def sendline(self, line):
        self.child.send(line + "\r")

    def run(self, command, status=0, timeout=60):
        """Runs one line in the shell; what it printed. The status must be `status`, unless that is None.

        The marks stand quoted in what is typed, so that the echo never looks like them."""
        self.marks += 1
        n = self.marks
        join = "" if command.rstrip().endswith("&") else ";"
        self.sendline(f"echo @BE''GIN{n}; {command}{join} echo @E''ND{n} $?")
        self.expect(rf"@BEGIN{n}\r*\n", timeout)
        got = int(self.expect(rf"@END{n} (\d+)\r*\n", timeout)[1])
        output = self.before
        self.expect(PROMPT, timeout)
        assert status is None or got == status, f"`{command}` gave status {got}, not {status}; it printed:\n{output}"
        return output

    def number(self, command):
        """Runs a line that prints one number."""
        output = self.run(command)
        assert re.fullmatch(r"\s*-?\d+\s*", output), f"`{command}` printed no number but:\n{output}"
        return int(output)

    def free_kb(self):
        """Free memory, but for nothing that is only kept for reuse: stacks, tables, slabs, the frames of each cpu."""
        return self.number("echo 3 >/proc/sys/vm/drop_caches; awk '/MemFree/{print $2}' /proc/meminfo")

    def holdings(self):
        """What programs could leave behind: free memory and how many processes there are."""
        return self.free_kb(), self.number("set -- /proc/[0-9]*; echo $#")

    def assert_holds(self, before, slack_kb=128):
        """Holdings are what they were. Whoever has just ended may still be on its way out, or wait for init: that settles."""
        for wait in (0, 0.5, 1, 2, 4, 8):
            time.sleep(wait * SCALE)
            now = self.holdings()
            if now[1] == before[1] and abs(now[0] - before[0]) <= slack_kb:
                return
        raise AssertionError(f"(free kB, processes) were {before} and are {now}")

    def poweroff(self):
        self.sendline("poweroff")
        return self.exit_status()

    def alive(self):
        if not self.child.isalive():
            return False
        try:
            self.run("true", timeout=20)
        except (pexpect.ExceptionPexpect, AssertionError):
            return False
        return True

    def close(self):
        try:
            self.child.close(force=True)
        except pexpect.ExceptionPexpect:
            self.child.wait()  # killed, but on a busy host not gone within the tenth of a second that pexpect grants
        self.log.close()


class Shared:
    """One booted machine that many tests use, each of which leaves it as it found it; replaced when one did not.

    start(n) boots the n-th one and gives it, at its prompt. stop(machine) sees it before it is closed."""

    def __init__(self, start, stop=lambda machine: None):
        self.start, self.stop, self.machine, self.boots = start, stop, None, 0

    def get(self):
        if self.machine and not self.machine.alive():
            self.drop()
        if not self.machine:
            self.boots += 1
            self.machine = self.start(self.boots)
        return self.machine

    def lend(self, request):
        """What a fixture yields from: the machine, for one test. One that fails gets it replaced."""
        machine = self.get()
        request.node.machines = [machine]
        yield machine
        if getattr(request.node, "failed", False):
            self.drop()
        elif hasattr(machine, "clean"):
            machine.clean()

    def drop(self):
        if self.machine:
            machine, self.machine = self.machine, None
            try:
                self.stop(machine)
            finally:
                machine.close()
