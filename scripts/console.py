#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Connects this terminal to the console of the machine that `make debug` holds: raw, both ways; Ctrl-] leaves."""
import os
import select
import socket
import sys
import termios
import tty


def talk(console):
    while True:
        ready, _, _ = select.select([console, sys.stdin], [], [])
        if console in ready:
            data = console.recv(4096)
            if not data:
                return
            os.write(1, data)
        if sys.stdin in ready:
            data = os.read(0, 4096)
            if not data or b"\x1d" in data:
                return
            console.sendall(data)


def main():
    path = os.path.join(os.environ.get("BUILD", "build"), "console.sock")
    console = socket.socket(socket.AF_UNIX)
    try:
        console.connect(path)
    except OSError as e:
        sys.exit(f"console.py: {path}: {e.strerror}; is `make debug` running?")
    if not sys.stdin.isatty():
        talk(console)
        return
    before = termios.tcgetattr(0)
    try:
        tty.setraw(0)
        talk(console)
    finally:
        termios.tcsetattr(0, termios.TCSADRAIN, before)


main()
