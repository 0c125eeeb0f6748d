#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Builds the emulator of the VisionFive 2 from Debian 12's QEMU 7.2 and the
# sources beside this script, once, and prints where it is.
#
#   build.sh          builds what is not there yet; prints the binary's path
#   build.sh --path   prints the path alone, be there something or not
#
# It is kept in ${XDG_CACHE_HOME:-~/.cache}/quire, under a name that has a hash
# of all that it is made from. QEMU_VISIONFIVE2 names a prebuilt one instead.
# VF2_JOBS is the number of parallel jobs (as many as there are processors).
set -eu

here=$(cd "$(dirname "$0")" && pwd)
cache=${XDG_CACHE_HOME:-${HOME:?}/.cache}/quire
source=$cache/qemu-source
die() { echo "build.sh: $*" >&2; exit 1; }

# build.sh --into DIR: the work itself, without any ceremony
build() {
    PATH=/usr/sbin:/usr/bin:/sbin:/bin  # Debian's own Python and Meson
    # On Debian 13 too it is Debian 12's package, whose signatures Debian 13's
    # keyring knows.
    ls "$source"/qemu_7.2*.dsc >/dev/null 2>&1 ||
        "$here/../../../scripts/debian.sh" bookworm source qemu "$source"
    # apt has checked these files already
    dpkg-source --no-check -x "$source"/qemu_7.2*.dsc "$1/qemu"
    patch -d "$1/qemu" -p1 <"$here/qemu-7.2.patch"
    cp "$here"/hw-riscv/*.[ch] "$1/qemu/hw/riscv/"
    cp "$here"/target-riscv/*.[ch] "$1/qemu/target/riscv/"
    cp "$here"/accel-tcg/*.c "$1/qemu/accel/tcg/"
    cp "$here"/include-exec/*.h "$1/qemu/include/exec/"
    mkdir "$1/build"
    cd "$1/build"
    # No more than what runs a board on a terminal: a third of the work that
    # QEMU's own defaults make.
    "$1/qemu/configure" \
        --target-list=riscv64-softmmu \
        --without-default-features --without-default-devices \
        --with-devices-riscv64=visionfive2 \
        --enable-system --enable-tcg --enable-fdt=system \
        --enable-trace-backends=nop \
        --disable-tools --disable-docs --disable-user --disable-guest-agent \
        --disable-debug-info --disable-werror \
        --audio-drv-list= --with-git-submodules=ignore \
        --with-pkgversion=visionfive2 \
        --extra-cflags="-ffile-prefix-map=$1/=./"
    ninja -j"${VF2_JOBS:-$(nproc)}" qemu-system-riscv64
    strip -o "$1/stripped" qemu-system-riscv64
    "$1/stripped" -M help | grep visionfive2
}

if [ "${1:-}" = --into ]; then
    build "$2"
    exit 0
fi

if [ -n "${QEMU_VISIONFIVE2:-}" ]; then
    binary=$(command -v "$QEMU_VISIONFIVE2") ||
        [ "${1:-}" = --path ] || die "QEMU_VISIONFIVE2=$QEMU_VISIONFIVE2 is not there"
    echo "${binary:-$QEMU_VISIONFIVE2}"
    exit 0
fi

# What it is made from: these files, and the system whose libraries it uses.
ingredients() {
    cd "$here"
    cat build.sh qemu-7.2.patch hw-riscv/* target-riscv/* accel-tcg/* include-exec/*
    uname -m
    sed -n '/^ID=\|^VERSION_ID=/p' /etc/os-release
}
hash=$(ingredients | sha256sum | cut -c1-16)
out=$cache/qemu-visionfive2-$hash
binary=$out/qemu-system-riscv64-visionfive2
if [ "${1:-}" = --path ] || [ -x "$binary" ]; then
    echo "$binary"
    exit 0
fi

missing=
need() { command -v "$1" >/dev/null 2>&1 || missing="$missing $2"; }
lib() { pkg-config --exists "$1" 2>/dev/null || missing="$missing $2"; }
need apt-get apt
need gcc gcc
need dpkg-source dpkg-dev
need patch patch
need pkg-config pkg-config
need ninja ninja-build
need meson meson
need flex flex
need bison bison
lib glib-2.0 libglib2.0-dev
lib pixman-1 libpixman-1-dev
lib zlib zlib1g-dev
echo '#include <libfdt.h>' | gcc -E - >/dev/null 2>&1 || missing="$missing libfdt-dev"
[ -z "$missing" ] || die "install first: apt-get install$missing"

mkdir -p "$cache"
exec 9>"$cache/qemu-visionfive2.lock"
flock 9                                 # one builds, others wait for it
if [ -x "$binary" ]; then
    echo "$binary"
    exit 0
fi

work=$(mktemp -d "$cache/qemu-visionfive2-build.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
log=$cache/qemu-visionfive2.log
echo "build.sh: building the VisionFive 2's emulator, some minutes; log: $log" >&2
# A shell of its own: in this one set -e means nothing to the left of ||.
nice -n 10 "$here/build.sh" --into "$work" >"$log" 2>&1 ||
    { tail -n 15 "$log" >&2; die "that failed, see $log"; }
mkdir -p "$out"
mv "$work/stripped" "$binary"
echo "$binary"
