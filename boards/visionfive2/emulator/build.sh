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
# VF2_JOBS is the number of parallel jobs (2).
set -eu

here=$(cd "$(dirname "$0")" && pwd)
die() { echo "build.sh: $*" >&2; exit 1; }

if [ -n "${QEMU_VISIONFIVE2:-}" ]; then
    binary=$(command -v "$QEMU_VISIONFIVE2") ||
        [ "${1:-}" = --path ] || die "QEMU_VISIONFIVE2=$QEMU_VISIONFIVE2 is not there"
    echo "${binary:-$QEMU_VISIONFIVE2}"
    exit 0
fi

# What it is made from: these files, and the system whose libraries it uses.
sources() {
    cd "$here"
    cat build.sh fetch.sh qemu-7.2.patch ./*/*.c ./*/*.h
    uname -m
    sed -n '/^ID=\|^VERSION_ID=/p' /etc/os-release
}
cache=${XDG_CACHE_HOME:-$HOME/.cache}/quire
hash=$(sources | sha256sum | cut -c1-16)
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
log=$cache/qemu-visionfive2.log

build() {
    PATH=/usr/sbin:/usr/bin:/sbin:/bin  # Debian's own Python and Meson
    "$here/fetch.sh" "$cache/qemu-source"
    # apt has checked these files already
    dpkg-source --no-check -x "$cache"/qemu-source/qemu_7.2*.dsc "$work/qemu"
    patch -d "$work/qemu" -p1 <"$here/qemu-7.2.patch"
    cp "$here"/hw-riscv/*.[ch] "$work/qemu/hw/riscv/"
    cp "$here"/target-riscv/*.[ch] "$work/qemu/target/riscv/"
    cp "$here"/accel-tcg/*.c "$work/qemu/accel/tcg/"
    cp "$here"/include-exec/*.h "$work/qemu/include/exec/"
    mkdir "$work/build"
    cd "$work/build"
    "$work/qemu/configure" \
        --target-list=riscv64-softmmu \
        --without-default-features --without-default-devices \
        --with-devices-riscv64=visionfive2 \
        --enable-system --enable-tcg --enable-fdt=system \
        --disable-tools --disable-docs --disable-user --disable-guest-agent \
        --disable-debug-info --disable-werror \
        --audio-drv-list= --with-git-submodules=ignore \
        --with-pkgversion=visionfive2 \
        --extra-cflags="-ffile-prefix-map=$work/=./"
    nice -n 10 ninja -j"${VF2_JOBS:-2}" qemu-system-riscv64
    strip -o "$work/stripped" qemu-system-riscv64
    "$work/stripped" -M help | grep visionfive2
}

echo "build.sh: building the VisionFive 2's emulator, some minutes; log: $log" >&2
# Not build || ...: the shell would go on after errors there.
build >"$log" 2>&1 &
wait $! || { tail -n 15 "$log" >&2; die "that failed, see $log"; }
mkdir -p "$out"
mv "$work/stripped" "$binary"
echo "$binary"
