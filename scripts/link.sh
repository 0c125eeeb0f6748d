#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# Links the kernel together with a table of its own function symbols (for backtraces). The table lies in rodata, behind
# the text, and so moves no function; but the linker shortens calls and address loads by distance, which a longer table
# may change. So: link, make the table, link again, until the table that went in is the table that comes out. It settles:
# the first table is empty; a longer one moves what lies behind it away, which makes functions longer or leaves them alone;
# and longer functions make a longer table or the same, whose names take what they take wherever the functions are.
#
# usage: link.sh OUT LINKER-SCRIPT TABLE-STEM OBJECT...   with CC, LD, NM, PYTHON in the environment
set -eu

out=$1 lds=$2 stem=$3
shift 3

link() {
    # shellcheck disable=SC2086 # CC and LD are commands with their flags
    $CC -c "$stem.S" -o "$stem.o"
    $LD -T "$lds" -Map "$out.map" -o "$out.tmp" "$@" "$stem.o"
    "$NM" -n "$out.tmp" | "$PYTHON" scripts/symtab.py > "$stem.new"
}

trap 'rm -f "$out.tmp" "$stem.new"' EXIT
"$PYTHON" scripts/symtab.py < /dev/null > "$stem.S"
for _ in 1 2 3 4 5 6; do
    link "$@"
    if cmp -s "$stem.S" "$stem.new"; then
        mv "$out.tmp" "$out"
        exit 0
    fi
    mv "$stem.new" "$stem.S"
done
echo "link.sh: the symbol table does not settle" >&2
exit 1
