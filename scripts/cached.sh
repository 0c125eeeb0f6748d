#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# Sees to it that something big, which is built outside of the tree, is there: built once, by a script of its own, and kept
# in ${XDG_CACHE_HOME:-~/.cache}/quire under a name with a hash of all that it is made from. Prints where it is.
#
# usage: cached.sh [--path] NAME SCRIPT [FILE...]     SCRIPT --into DIR does the work, in the folder DIR, which is empty:
#                                                     what it leaves in DIR/out is kept. The hash is of SCRIPT and the FILEs.
#        --path    prints the path alone, be there something or not
set -eu

build=yes
[ "$1" != --path ] || { build= && shift; }
name=$1
shift
script=$1
cache=${XDG_CACHE_HOME:-${HOME:?}/.cache}/quire

ingredients() {
    cat "$@"
    uname -m
    sed -n '/^ID=\|^VERSION_ID=/p' /etc/os-release
}
out=$cache/$name-$(ingredients "$@" | sha256sum | cut -c1-16)
if [ -z "$build" ] || [ -d "$out" ]; then
    echo "$out"
    exit 0
fi

mkdir -p "$cache"
exec 9> "$cache/$name.lock"
flock 9 # one builds, others wait for it
if [ -d "$out" ]; then
    echo "$out"
    exit 0
fi
work=$(mktemp -d "$cache/$name-build.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
log=$cache/$name.log
echo "$(basename "$script"): building $name, once; log: $log" >&2
# A shell of its own: in this one set -e means nothing to the left of ||.
nice -n 10 "$script" --into "$work" > "$log" 2>&1 < /dev/null || {
    tail -n 15 "$log" >&2
    echo "$(basename "$script"): that failed, see $log" >&2
    exit 1
}
mv "$work/out" "$out"
echo "$out"
