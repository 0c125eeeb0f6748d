#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# Programs that nobody here wrote, to run in Quire: sqlite3's shell and its testers, lua, dash and MicroPython, built static
# from Debian 13's source packages (lua against musl, the others against glibc); and stress-ng as Debian 13 has built it,
# with the libraries and the dynamic linker that it wants. Built once (scripts/cached.sh), in a minute or two.
#
#   programs.sh [--path]     builds what is not there yet; prints the folder, which is a tree to be put into an archive
#
# VERSIONS, beside the tree's folders, says which packages it was made from. The packages themselves are kept beside it.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
cache=${XDG_CACHE_HOME:-${HOME:?}/.cache}/quire
packages=$cache/programs-packages
target=riscv64-linux-gnu
sources="sqlite3 lua5.4 dash micropython"
# stress-ng, and all that its libraries want in turn.
binaries="stress-ng musl-dev libacl1 libapparmor1 libbsd0 libc6 libcrypt1 libdrm2 libegl1 libexpat1 libgbm1 libgcc-s1
          libgles2 libglvnd0 libgmp10 libjpeg62-turbo libjudydebian1 libkmod2 libmd0 libmpfr6 libsctp1 libssl3t64
          libstdc++6 libxxhash0 libzstd1 zlib1g"

fetch() {
    ls "$packages"/micropython_*.dsc > /dev/null 2>&1 || "$here/debian.sh" trixie source "$sources" "$packages"
    # shellcheck disable=SC2086 # several names
    ls "$packages"/stress-ng_*.deb > /dev/null 2>&1 ||
        "$here/debian.sh" trixie riscv64 "$(echo $binaries)" "$packages"
}

unpack() { # unpack PACKAGE, to $work/PACKAGE; apt has checked these files already
    dpkg-source --no-check -x "$packages/$1"_*.dsc "$work/$1"
}

versions() {
    for file in "$packages"/*.dsc "$packages"/*.deb; do
        basename "$file" | sed 's/_riscv64\.deb$\|_all\.deb$\|\.dsc$//; s/_/ /; s/%3a/:/'
    done
}

# All of its sources as one file, as upstream recommends it, made by its own scripts with this machine's compiler.
build_sqlite() {
    unpack sqlite3
    mkdir "$work/sqlite"
    cd "$work/sqlite"
    ../sqlite3/configure --disable-tcl
    make sqlite3.c shell.c
    compile="$target-gcc -O1 -static -s -pthread -I. -DSQLITE_THREADSAFE=1 -DHAVE_USLEEP=1"
    $compile -c -o sqlite3.o sqlite3.c
    $compile -o "$bin/sqlite3" shell.c sqlite3.o -lm
    $compile -o "$bin/sqlite-mptester" ../sqlite3/mptest/mptest.c sqlite3.o -lm
    $compile -o "$bin/sqlite-threadtest3" -I../sqlite3/src ../sqlite3/test/threadtest3.c ../sqlite3/src/test_multiplex.c \
        sqlite3.o -lm
    mkdir -p "$out/usr/lib/sqlite"
    cp ../sqlite3/mptest/*test "$out/usr/lib/sqlite/"
}

# Debian's patch wants to know where its modules would be.
build_lua() {
    unpack lua5.4
    cd "$work/lua5.4/src"
    echo '#define DEB_HOST_MULTIARCH "riscv64-linux-musl"' > lua5.4-deb-multiarch.h
    dpkg-deb -x "$packages"/musl-dev_*.deb "$work/musl"
    rm luac.c
    MUSL=$work/musl "$here/musl-gcc" -std=gnu99 -O2 -s -DLUA_USE_POSIX -o "$bin/lua" ./*.c -lm
}

# Debian's patches change what configure is made from, and add a file to the Makefile's sources; automake would see to both.
build_dash() {
    unpack dash
    cd "$work/dash"
    touch aclocal.m4
    sleep 1
    touch configure config.h.in Makefile.in src/Makefile.in
    ./configure --build="$(gcc -dumpmachine)" --host=$target --enable-static CC_FOR_BUILD=gcc
    make -C src priv.o
    make -C src LIBS=priv.o
    $target-strip -o "$bin/dash" src/dash
}

# With its tests, and what they print by the book: by Python's, where there is no other. Left out are those whose book holds
# patterns, those for a code generator that is not for RISC-V of 64 bits, and those that want more of MicroPython's library.
build_micropython() {
    unpack micropython
    make -C "$work/micropython/ports/unix" CROSS_COMPILE=$target- FROZEN_MANIFEST= LDFLAGS_EXTRA=-static COPT="-O1 -DNDEBUG" \
        STRIP=true MICROPY_PY_BTREE=0 MICROPY_PY_FFI=0 MICROPY_PY_SSL=0
    $target-strip -o "$bin/micropython" "$work/micropython/ports/unix/build-standard/micropython"
    mkdir -p "$out/usr/lib/micropython" "$out/usr/lib/micropython-tests"
    cp -r "$work/micropython/extmod/asyncio" "$out/usr/lib/micropython/"
    for folder in basics extmod float io micropython misc stress thread unicode; do
        cp -r "$work/micropython/tests/$folder" "$out/usr/lib/micropython-tests/"
        cd "$out/usr/lib/micropython-tests/$folder"
        # shellcheck disable=SC2046 # several names
        rm -f native_* viper_* $(grep -l "import unittest" ./*.py)
        for test in *.py; do
            [ -e "$test.exp" ] || PYTHONDONTWRITEBYTECODE=1 timeout 20 /usr/bin/python3 "$test" > "$test.exp" 2>&1 ||
                rm -f "$test.exp" # Python cannot say: MicroPython's own modules
        done
        # shellcheck disable=SC2046
        rm -f $(grep -l '####\|\\\[' ./*.exp)
    done
}

# A program and the libraries that it names, and theirs, to one folder.
copy_needed() { # copy_needed FILE
    for name in $($target-readelf -d "$1" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p'); do
        [ ! -e "$lib/$name" ] || continue
        cp -L "$work/debs/usr/lib/$target/$name" "$lib/"
        copy_needed "$lib/$name"
    done
}

build_stress() {
    for deb in "$packages"/*.deb; do
        dpkg-deb -x "$deb" "$work/debs"
    done
    lib=$out/usr/lib/stress-ng
    mkdir -p "$lib"
    cp "$work/debs/usr/bin/stress-ng" "$lib/"
    copy_needed "$lib/stress-ng"
    cat > "$bin/stress-ng" << 'SCRIPT'
#!/bin/sh
lib=/usr/lib/stress-ng
exec $lib/ld-linux-riscv64-lp64d.so.1 --library-path $lib $lib/stress-ng "$@"
SCRIPT
    chmod 755 "$bin/stress-ng"
}

build() { # build DIR
    PATH=/usr/sbin:/usr/bin:/sbin:/bin # Debian's own Python
    work=$1
    out=$1/out
    bin=$out/bin
    mkdir -p "$bin"
    fetch
    (set -e && build_sqlite) &
    first=$!
    (set -e && build_stress && build_dash && build_lua && build_micropython) &
    second=$!
    wait $first && status=0 || status=$?
    wait $second
    [ $status -eq 0 ] || exit $status
    versions > "$out/VERSIONS"
}

if [ "${1:-}" = --into ]; then
    build "$2"
    exit 0
fi
exec "$here/cached.sh" ${1:+"$1"} programs "$here/programs.sh" "$here/musl-gcc"
