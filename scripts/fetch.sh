#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# Fetches one package of Debian 13 (scripts/debian.sh) and unpacks it: busybox and musl for riscv64, a second firmware to
# test with on a Debian 12 machine, the boards' boot loaders, the sources of the device trees that Linux uses for the boards,
# and Linux. What was fetched is kept in the cache directory and not asked for again.
#
# usage: fetch.sh NAME CACHE-DIR     unpacks into CACHE-DIR/NAME, leaves the package's own description in
#                                    CACHE-DIR/NAME/control and touches CACHE-DIR/NAME.stamp
# Succeeds without the package too, after one line that says what is missing: the tree builds without it.
set -eu

name=$1
mkdir -p "$2"
cache=$(cd "$2" && pwd)
here=$(cd "$(dirname "$0")" && pwd)

arch=riscv64
case $name in
busybox) package=busybox-static proof=usr/bin/busybox without="the image will hold only our own init" ;;
musl)    package=musl-dev proof=usr/lib/riscv64-linux-musl/libc.a without="the programs for musl are not built" ;;
opensbi) package=opensbi proof=usr/lib/riscv64-linux-gnu/opensbi/generic/fw_dynamic.bin
         without="the tests use the installed firmware only" ;;
u-boot-sifive)   package=u-boot-sifive proof=usr/lib/u-boot/sifive_unleashed/u-boot.itb
                 without="no card for the HiFive boards" ;;
u-boot-starfive) package=u-boot-starfive proof=usr/lib/u-boot/starfive_visionfive2/u-boot.itb
                 without="no card for the JH7110 boards" ;;
u-boot-qemu)     package=u-boot-qemu proof=usr/lib/u-boot/qemu-riscv64_smode/u-boot.bin
                 without="no boot of virt through U-Boot" ;;
# Nothing but what the VisionFive 2's emulator is judged by (112 MB).
linux)           package=linux-image-riscv64 proof=boot without="no Linux to judge the emulator by" ;;
# Linux's own package of them is that one; U-Boot's source carries the same files.
linux-trees)     package=u-boot arch=orig proof=src/riscv/starfive without="no device trees of Linux's" ;;
*)       echo "fetch.sh: no package is called $name here" >&2; exit 2 ;;
esac

exec 9> "$cache/.$name.lock"
flock 9 # one fetches, others wait for it
[ ! -e "$cache/$name/$proof" ] || { touch "$cache/$name.stamp"; exit 0; }
work=$(mktemp -d "$cache/$name.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

unpack_deb() {
    dpkg-deb -x "$work"/got/*.deb "$work/tree"
    dpkg-deb -f "$work"/got/*.deb > "$work/tree/control"
}

unpack_trees() {
    mkdir "$work/tree"
    tar -xf "$work"/got/*.orig.tar.* -C "$work/tree" --strip-components=3 --wildcards \
        '*/dts/upstream/include' '*/dts/upstream/src/riscv'
    for file in "$work"/got/*.orig.tar.*; do
        version=${file##*_}
        printf 'Package: %s\nVersion: %s\n' "$package" "${version%.orig.tar.*}" > "$work/tree/control"
    done
}

# The package is an empty one that depends on the current version's.
unpack_linux() {
    real=$(dpkg-deb -f "$work"/got/*.deb Depends) &&
        "$here/debian.sh" trixie "$arch" "${real%% *}" "$work/real" &&
        mkdir "$work/tree" &&
        dpkg-deb --fsys-tarfile "$work"/real/*.deb |
            tar -x -C "$work/tree" --wildcards './boot/vmlinu*' '*/starfive/*.dtb' &&
        dpkg-deb -f "$work"/real/*.deb > "$work/tree/control"
}

fetch() {
    command -v dpkg-deb > /dev/null || { echo "this system has no dpkg-deb" >&2; return 1; }
    "$here/debian.sh" trixie "$arch" "$package" "$work/got" || return 1
    case $name in
    linux)       unpack_linux ;;
    linux-trees) unpack_trees ;;
    *)           unpack_deb ;;
    esac &&
    [ -e "$work/tree/$proof" ] || { echo "the package holds no $proof" >&2; return 1; }
}

echo "  FETCH   $package of Debian 13"
rm -rf "${cache:?}/$name"
if fetch 2> "$work/log"; then
    mv "$work/tree" "$cache/$name"
else
    echo "fetch.sh: $(tail -n 1 "$work/log"): $without; try again with: rm -rf $cache && make" >&2
fi
touch "$cache/$name.stamp"
