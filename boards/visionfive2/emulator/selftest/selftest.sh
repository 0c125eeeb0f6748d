#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# selftest.sh QEMU FIRMWARE DTB: builds and runs selftest.c, and compares what
# the emulator's log says about code that was not fenced with what it should.
# Needs gcc-riscv64-linux-gnu (or CROSS=prefix-).
set -eu

here=$(cd "$(dirname "$0")" && pwd)
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

# Data stand on pages of their own: the emulator watches stores by the page.
cat >"$tmp/st.ld" <<'END'
ENTRY(_start)
SECTIONS {
    . = 0x40200000;
    .text : { *(.text.start) *(.text*) }
    . = ALIGN(4096);
    .rest : { *(.rodata*) *(.srodata*) *(.data*) *(.sdata*)
              *(.bss*) *(.sbss*) *(COMMON) }
}
END
"${CROSS:-riscv64-linux-gnu-}gcc" -O1 -march=rv64gc -mabi=lp64d \
    -mcmodel=medany -ffreestanding -fno-pic -fno-stack-protector -fno-builtin \
    -nostdlib -static -Wl,--build-id=none -Wl,--no-warn-rwx-segments \
    -Wl,-T,"$tmp/st.ld" -Wall -o "$tmp/st.elf" "$here/selftest.c"
timeout "${SECONDS_MAX:-60}" "$1" -M visionfive2 -bios "$2" -dtb "$3" \
    -kernel "$tmp/st.elf" -nographic -monitor none \
    -d guest_errors -D "$tmp/errors" </dev/null | tr -d '\r' |
    tee "$tmp/output" || true
sed -n 's/^\(stale: hart [0-9]\) at 0x0*/\1 /p' "$tmp/output" >"$tmp/want"
sed -n 's/^hart \([0-9]*\): code at 0x\([0-9a-f]*\):.* the last fence.i$/stale: hart \1 \2/p' \
    "$tmp/errors" >"$tmp/got"
diff "$tmp/want" "$tmp/got" || { echo "SELFTEST FAILED: < wanted, > logged"; exit 1; }
grep -q 'SELFTEST PASSED' "$tmp/output"
