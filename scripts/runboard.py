#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Boots a board's card image in its emulator, through the board's own firmware, console on this terminal:
runboard.py BOARD. What is written to the card is forgotten at the end."""
import os
import shutil
import sys

sys.path.insert(0, os.path.dirname(__file__))
from board import Board, build_emulator, built_emulator  # noqa: E402


def main():
    board = Board(sys.argv[1] if len(sys.argv) > 1 else "")
    if not board.card.exists():
        sys.exit(f"there is no card image yet: make sdcard BOARD={board.key}")
    command = board.emulator(board.card)
    if command is None:
        sys.exit(f"no emulator has this board ({board.data['name']}): flash a card, see boards/{board.key}/README.md")
    if command[0] == built_emulator() and not os.access(command[0], os.X_OK):
        build_emulator()
    if not shutil.which(command[0]):
        sys.exit(f"{command[0]} is not there; see boards/{board.key}/README.md")
    print(f"({board.data['name']}; Ctrl-A X ends the emulator)")
    if hint := board.data["emulator"].get("hint"):
        print(f"({hint})")
    sys.stdout.flush()
    os.execvp(command[0], command)


main()
