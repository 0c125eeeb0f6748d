#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# QEMU stopped before the first instruction, and a gdb that has the kernel's symbols, both in this terminal. What the
# machine prints appears here; to type to it, run scripts/console.py in another terminal. MEM, SMP and the rest work as
# in scripts/run.sh. Leaving gdb ends the machine.
set -eu

build=${BUILD:-build}
qemu=${QEMU:-qemu-system-riscv64}
gdb=${GDB:-}
for g in gdb-multiarch riscv64-unknown-elf-gdb riscv64-linux-gnu-gdb; do
    [ -n "$gdb" ] || ! command -v "$g" > /dev/null || gdb=$g
done
if [ -z "$gdb" ]; then
    echo "debug.sh: no gdb that knows RISC-V; set GDB=" >&2
    exit 1
fi

port=$(${PYTHON:-/usr/bin/python3} -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
rm -f "$build/console.sock"
set -- -M virt -smp "${SMP:-4}" -m "${MEM:-256M}" -display none -no-reboot -kernel "$build/Image" \
    -append "panic=0${APPEND:+ $APPEND}" -S -gdb "tcp:127.0.0.1:$port" \
    -chardev "socket,id=console,path=$build/console.sock,server=on,wait=off,logfile=/dev/stdout" -serial chardev:console
[ -z "${CPU:-}" ] || set -- "$@" -cpu "$CPU"
[ -z "${INITRD:-}" ] || set -- "$@" -initrd "$INITRD"
# Its own session: ^C is for gdb, which interrupts the machine through the stub.
# shellcheck disable=SC2086
setsid "$qemu" "$@" ${QEMU_ARGS:-} < /dev/null &
machine=$!
trap 'kill $machine 2>/dev/null || true; rm -f "$build/console.sock"' EXIT
trap exit HUP TERM
trap : INT
"$gdb" -q -x scripts/quire.gdb -ex "quire-connect $port" ${GDB_ARGS:-} "$build/quire.elf"
