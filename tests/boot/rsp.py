# SPDX-License-Identifier: BSD-2-Clause
"""The few words of gdb's remote protocol that measuring takes: run to an address, read physical memory."""
import re
import socket
import time


class Remote:
    """A connection to an emulator's gdb stub (-gdb unix:PATH,server=on,wait=off) that waits at its first instruction."""

    def __init__(self, path, seconds=20):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(seconds * 10)
        give_up = time.monotonic() + seconds
        while True:
            try:
                self.socket.connect(str(path))
                break
            except OSError:
                if time.monotonic() > give_up:
                    raise
                time.sleep(0.02)
        self.pending = b""

    def ask(self, command):
        self._send(command)
        return self._receive()

    def _send(self, command):
        body = command.encode()
        self.socket.sendall(b"$" + body + b"#%02x" % (sum(body) & 0xFF))

    def _receive(self):
        while not (m := re.match(rb"\+*\$([^#]*)#..", self.pending, re.S)):
            data = self.socket.recv(1 << 16)
            if not data:
                raise EOFError("the emulator has gone")
            self.pending += data
        self.pending = self.pending[m.end():]
        self.socket.sendall(b"+")
        return m[1].decode("latin-1")

    def u64(self, address):
        """Eight bytes of physical memory or of a device."""
        assert self.ask("Qqemu.PhyMemMode:1") == "OK"
        return int.from_bytes(bytes.fromhex(self.ask(f"m{address:x},8")), "little")

    def poke(self, address, data):
        """Writes bytes (as hexadecimal text) to physical memory, while the machine runs, and leaves."""
        for command in ("Qqemu.PhyMemMode:1", f"M{address:x},{len(data) // 2:x}:{data}", "D"):
            reply = self.ask(command)
            while reply.startswith("T"):  # that it has stopped for us, which older emulators say unasked
                reply = self._receive()
            assert reply == "OK", reply
        self.socket.close()

    def run_to(self, address):
        """Lets the machine run until an instruction at a (virtual) address is next."""
        assert self.ask(f"Z0,{address:x},2") == "OK"
        reply = self.ask("c")
        assert reply.startswith("T05"), reply
        assert self.ask(f"z0,{address:x},2") == "OK"

    def close(self):
        self._send("k")
        self.socket.close()
