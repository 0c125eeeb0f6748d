#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# Sees to it that this machine has the packages that a purpose needs: asks dpkg once, names in full what is missing,
# installs that. Nothing missing costs a few hundredths of a second and prints nothing.
#
# usage: setup.sh build|run|debug|bench|test|dtcheck|boards|emulator|programs|selftests   (QUIRE_SETUP=no: trust me, ask nothing)
set -eu

purpose=${1:-test}
[ "${QUIRE_SETUP:-yes}" != no ] || exit 0

build="gcc-riscv64-unknown-elf binutils-riscv64-unknown-elf python3"
run="$build opensbi"
debug="gdb-multiarch"
dtcheck="gcc libc6-dev python3"
emulator="gcc libc6-dev dpkg-dev patch pkg-config ninja-build meson flex bison libglib2.0-dev libpixman-1-dev zlib1g-dev
          libfdt-dev xz-utils"
programs="gcc libc6-dev gcc-riscv64-linux-gnu libc6-dev-riscv64-cross dpkg-dev make patch tcl xz-utils python3"
selftests="gcc libc6-dev gcc-riscv64-linux-gnu libc6-dev-riscv64-cross dpkg make xz-utils"
boards="genimage dosfstools mtools u-boot-tools device-tree-compiler python3-pexpect"
test="gcc libc6-dev libcmocka-dev libfdt-dev device-tree-compiler python3-pytest python3-pytest-xdist python3-pexpect clang llvm
      gcc-riscv64-linux-gnu libc6-dev-riscv64-cross cpio patch git"

# Two names differ between the releases, and only Debian 12 has the clang-format that decides.
release=$(sed -n 's/^VERSION_ID="\{0,1\}\([0-9]*\).*/\1/p' /etc/os-release 2>/dev/null || true)
case $release in
12) run="$run qemu-system-misc" test="$test libclang-rt-14-dev clang-format-14" ;;
*)  run="$run qemu-system-riscv" test="$test libclang-rt-dev" ;;
esac

case $purpose in
build)     packages=$build commands="riscv64-unknown-elf-gcc python3" ;;
run)       packages=$run commands="riscv64-unknown-elf-gcc python3 qemu-system-riscv64" ;;
bench)     packages="$run gcc libc6-dev gcc-riscv64-linux-gnu libc6-dev-riscv64-cross"
           commands="riscv64-unknown-elf-gcc python3 qemu-system-riscv64 gcc riscv64-linux-gnu-gcc" ;;
debug)     packages="$run $debug" commands="riscv64-unknown-elf-gcc python3 qemu-system-riscv64 gdb-multiarch" ;;
dtcheck)   packages=$dtcheck commands="gcc python3" ;;
emulator)  packages=$emulator commands="gcc ninja meson flex bison pkg-config" ;;
selftests) packages=$selftests commands="gcc riscv64-linux-gnu-gcc dpkg-deb make xz" ;;
programs)  packages=$programs commands="gcc riscv64-linux-gnu-gcc dpkg-source make patch tclsh python3" ;;
boards)    packages="$build $boards" commands="riscv64-unknown-elf-gcc python3 genimage mkfs.vfat mcopy mkimage dtc" ;;
test)      packages="$run $boards $test" commands="riscv64-unknown-elf-gcc python3 qemu-system-riscv64 gcc clang dtc
                                           riscv64-linux-gnu-gcc" ;;
*)         echo "setup.sh: there is no purpose called $purpose" >&2; exit 2 ;;
esac

# Another system: its packages have other names. Say which commands are missing and leave it to its owner.
if ! command -v dpkg-query > /dev/null || ! command -v apt-get > /dev/null; then
    missing=
    for c in $commands; do
        command -v "$c" > /dev/null || missing="$missing $c"
    done
    [ -n "$missing" ] || exit 0
    echo "setup.sh: this is not a Debian system, so please install these commands yourself:$missing" >&2
    echo "setup.sh: (on Debian 12 and 13 they come from the packages:" $packages")" >&2
    exit 1
fi

# shellcheck disable=SC2086 # a list of names
installed=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' $packages 2>/dev/null || true)
missing=
for p in $packages; do
    case "
$installed
" in
    *"
installed $p
"*) ;;
    *)  missing="$missing $p" ;;
    esac
done
[ -n "$missing" ] || exit 0

as_root=
if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo > /dev/null; then
        echo "setup.sh: as root, please:  apt-get update && apt-get install --no-install-recommends$missing" >&2
        exit 1
    fi
    as_root=sudo
fi
echo "setup.sh: installing what \`make $purpose\` needs and this machine does not have:"
for p in $missing; do
    echo "    $p"
done
log=$(mktemp)
trap 'rm -f "$log"' EXIT
# shellcheck disable=SC2086
if ! { $as_root env DEBIAN_FRONTEND=noninteractive apt-get -q update &&
       $as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y install --no-install-recommends $missing; } \
     > "$log" 2>&1 < /dev/null; then
    tail -n 20 "$log" >&2
    echo "setup.sh: apt-get could not install:$missing" >&2
    exit 1
fi
