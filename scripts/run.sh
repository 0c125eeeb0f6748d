#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# Boots the image in QEMU, console on this terminal. MEM, SMP, APPEND, INITRD, CPU, QEMU and QEMU_ARGS may be set;
# `make run MEM=1G SMP=8` works as well.
set -eu

build=${BUILD:-build}
qemu=${QEMU:-qemu-system-riscv64}

set -- -M virt -smp "${SMP:-4}" -m "${MEM:-256M}" -nographic -no-reboot -kernel "$build/Image" \
    -append "panic=-1${APPEND:+ $APPEND}"
[ -z "${CPU:-}" ] || set -- "$@" -cpu "$CPU"
[ -z "${INITRD:-}" ] || set -- "$@" -initrd "$INITRD"
[ ! -t 0 ] || echo "(poweroff ends this; Ctrl-A X kills it)"
# shellcheck disable=SC2086 # words on purpose
exec "$qemu" "$@" ${QEMU_ARGS:-}
