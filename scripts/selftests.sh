#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# Builds Linux's own selftests from Debian 12's linux-source-6.1, unmodified and static, once (scripts/cached.sh), and two
# libraries that some of them use, libcap and libnuma. tests/boot/test_conformance.py runs them.
#
#   selftests.sh [--path]     builds what is not there yet; prints the folder, which has GROUP/NAME of each, and VERSIONS
#
# Of the package (140 MB) only the sources of these tests are kept, beside it: to build anew fetches nothing.
set -eu

groups="timers futex/functional clone3 sigaltstack mincore proc vm"
package=linux-source-6.1
tool=riscv64-linux-gnu-
# Of the source: the groups, and what their sources and makefiles include.
wanted="tools/testing/selftests/lib.mk tools/testing/selftests/*.h mm/gup_test.h lib/test_hmm_uapi.h include/vdso/*.h"
for group in $groups; do
    wanted="$wanted tools/testing/selftests/${group%%/*}/*"
done

here=$(cd "$(dirname "$0")" && pwd)
cache=${XDG_CACHE_HOME:-${HOME:?}/.cache}/quire
source=$cache/selftests-source-$(echo "$package $wanted" | cksum | cut -d ' ' -f 1)

fetch_linux() { # fetch_linux DIR
    # It is the same package on each architecture.
    "$here/debian.sh" bookworm "$(dpkg --print-architecture)" "$package" "$1/deb"
    mkdir "$1/linux"
    deb=$(ls "$1/deb"/*.deb)
    set -f # the patterns are tar's
    # shellcheck disable=SC2046,SC2086 # several words
    dpkg-deb --fsys-tarfile "$deb" | tar -xO "./usr/src/$package.tar.xz" |
        tar -xJ -C "$1/linux" --strip-components=1 --wildcards $(printf "$package/%s " $wanted)
    set +f
    basename "$deb" _all.deb | tr _ ' ' >> "$1/VERSIONS"
    rm -r "$1/deb"
}

fetch_library() { # fetch_library DIR PACKAGE
    "$here/debian.sh" bookworm orig "$2" "$1/orig"
    mkdir "$1/$2"
    tar -xf "$1"/orig/*.orig.tar.* -C "$1/$2" --strip-components=1
    basename "$1"/orig/*.orig.tar.* | sed 's/\.orig\.tar.*//; s/_/ /' >> "$1/VERSIONS"
    rm -r "$1/orig"
}

fetch() { # fetch DIR, something to work in
    mkdir "$1/source"
    fetch_linux "$1/source"
    fetch_library "$1/source" libcap2
    fetch_library "$1/source" numactl
    mv "$1/source" "$source"
}

build_libcap() { # build_libcap DIR
    cp -r "$source/libcap2" "$1/libcap2"
    make -C "$1/libcap2/libcap" CROSS_COMPILE="$tool" BUILD_CC=gcc SHARED=no DYNAMIC=no libcap.a
    cp "$1/libcap2/libcap/libcap.a" "$1/lib/"
    cp -r "$1/libcap2/libcap/include/sys" "$1/include/"
}

# What its configure would ask has one answer here: an empty config.h.
build_libnuma() { # build_libnuma DIR
    cp -r "$source/numactl" "$1/numactl"
    : > "$1/numactl/config.h"
    (cd "$1/numactl" &&
        "${tool}gcc" -O2 -w -D_GNU_SOURCE -I. -c libnuma.c syscall.c distance.c affinity.c sysfs.c rtnetlink.c &&
        "${tool}ar" rcs "$1/lib/libnuma.a" libnuma.o syscall.o distance.o affinity.o sysfs.o rtnetlink.o)
    cp "$source"/numactl/numa*.h "$1/include/"
}

# Their own makefiles, with a static link. One defines a function that the C library has as well (muldefs). What cannot be
# built here at all (one test is for x86) must not keep the others from it: the test knows which ones should be there.
# One forgets the header with the calls' numbers, and would skip itself without them.
build_group() { # build_group DIR GROUP
    mkdir -p "$1/out/$2"
    make -k -C "$1/linux/tools/testing/selftests/$2" OUTPUT="$1/out/$2" MACHINE=riscv64 \
        CC="${tool}gcc -I$1/include -L$1/lib" EXTRA_CFLAGS="-include asm/unistd.h" USERLDFLAGS="-static -pthread -Wl,-z,muldefs" all ||
        echo "(not all of $2 could be built)"
    "${tool}strip" "$1/out/$2"/*
}

build() { # build DIR
    [ -d "$source" ] || fetch "$1"
    cp -r "$source/linux" "$1/linux"
    mkdir "$1/include" "$1/lib"
    build_libcap "$1"
    build_libnuma "$1"
    for group in $groups; do
        build_group "$1" "$group"
    done
    mv "$1/out/futex/functional"/* "$1/out/futex/"
    rmdir "$1/out/futex/functional"
    cp "$source/VERSIONS" "$1/out/VERSIONS"
}

if [ "${1:-}" = --into ]; then
    build "$2"
    exit 0
fi
exec "$here/cached.sh" ${1:+"$1"} selftests "$here/selftests.sh"
