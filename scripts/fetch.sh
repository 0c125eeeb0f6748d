#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# Fetches one package of Debian 13 for the boards' side: busybox (riscv64), musl (riscv64), opensbi (Debian 13's
# firmware, to test with two versions on a Debian 12 machine), and the boards' boot loaders. Works with a private apt configuration: sites, proxies
# and signing keys are the machine's own, read and never changed; apt checks the signatures as always. What was fetched
# is kept in the cache directory and not asked for again.
#
# usage: fetch.sh NAME CACHE-DIR     unpacks into CACHE-DIR/NAME, leaves the package's own description in
#                                    CACHE-DIR/NAME/control and touches CACHE-DIR/NAME.stamp
# Succeeds without the package too, after one line that says what is missing: the tree builds without it.
set -eu

suite=trixie
name=$1
mkdir -p "$2"
cache=$(cd "$2" && pwd)

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
*)       echo "fetch.sh: no package is called $name here" >&2; exit 2 ;;
esac

give_up() {
    rm -rf "$cache/$name"
    echo "fetch.sh: no $package of Debian 13 ($1): $without; try again with: rm -rf $cache && make" >&2
    touch "$cache/$name.stamp"
    exit 0
}

# "site signed-by" of every archive this machine takes Debian's main from. The exact answer needs the machine's package
# lists; where they were thrown away (containers), the addresses apt would fetch them from say the site, and the key is
# the first that the sources name.
archives() {
    apt-get indextargets --format '$(REPO_URI) $(COMPONENT) $(RELEASE) $(SIGNED_BY)' 'Created-By: Packages' |
        awk '$2 == "main" && $3 !~ /security|updates|backports/ && !seen[$1]++ {
                 print $1, (substr($4, 1, 1) == "/" ? $4 : "-") }'
}

archives_without_lists() {
    key=$(cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list /etc/apt/sources.list.d/*.sources 2>/dev/null |
        sed -n 's/^[^#]*[Ss]igned-[Bb]y[=:] *\(\/[^] ]*\).*/\1/p' | head -n 1)
    apt-get update --print-uris |
        sed -n "s/^'\([^']*\)\/dists\/[a-z]*\/InRelease'.*/\1/p" | awk -v key="${key:--}" '!seen[$1]++ { print $1, key }'
}

configure() { # configure SITE SIGNED-BY
    mkdir -p "$apt/state/lists/partial" "$apt/cache/archives/partial"
    : > "$apt/status"
    signed=
    [ "$2" = - ] || signed=" signed-by=$2"
    echo "deb [arch=riscv64$signed] $1 $suite main" > "$apt/sources.list"
    cat > "$apt/apt.conf" <<CONF
#clear APT::Default-Release;
#clear APT::Architectures;
#clear APT::Update;
#clear DPkg;
APT::Architecture "riscv64";
APT::Architectures { "riscv64"; };
APT::Sandbox::User "root";
APT::Get::List-Cleanup "true";
Acquire::Languages "none";
Acquire::Retries "2";
Dir::State "$apt/state";
Dir::State::status "$apt/status";
Dir::Cache "$apt/cache";
Dir::Etc::sourcelist "$apt/sources.list";
Dir::Etc::sourceparts "/dev/null";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
CONF
}

download() { # into $apt/deb
    rm -rf "$apt/deb"
    mkdir -p "$apt/deb"
    APT_CONFIG=$apt/apt.conf apt-get -qq update >> "$apt/log" 2>&1 &&
        (cd "$apt/deb" && APT_CONFIG=$apt/apt.conf apt-get -qq download "$package" >> "$apt/log" 2>&1) &&
        ls "$apt"/deb/*.deb > /dev/null 2>&1
}

[ ! -e "$cache/$name/$proof" ] || { touch "$cache/$name.stamp"; exit 0; }
command -v apt-get > /dev/null && command -v dpkg-deb > /dev/null || give_up "this system has no apt-get"

# A directory per package: two fetches may run side by side.
apt=$cache/apt-$name
rm -rf "$apt"
mkdir -p "$apt"
trap 'rm -rf "$apt/state" "$apt/cache" "$apt/deb"' EXIT
archives > "$apt/archives" 2> "$apt/log"
[ -s "$apt/archives" ] || archives_without_lists > "$apt/archives" 2>> "$apt/log"
[ -s "$apt/archives" ] || give_up "no archive of Debian's main in this machine's apt configuration"

echo "  FETCH   $package of Debian 13"
while read -r site signed_by; do
    configure "$site" "$signed_by"
    if download; then
        rm -rf "$cache/$name"
        dpkg-deb -x "$apt"/deb/*.deb "$cache/$name"
        [ -e "$cache/$name/$proof" ] || give_up "the package holds no $proof"
        dpkg-deb -f "$apt"/deb/*.deb > "$cache/$name/control"
        touch "$cache/$name.stamp"
        exit 0
    fi
done < "$apt/archives"
give_up "$(sed -n 's/^[EW]: *//p' "$apt/log" | tail -n 1), see $apt/log"
