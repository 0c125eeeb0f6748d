#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# fetch.sh DIR: leaves Debian 12's source package of QEMU (7.2) in DIR, as
# qemu_*.dsc and its tarballs. Works with a private apt configuration: the site
# is the one that this machine takes Debian from, the keys are the machine's
# own, and nothing of the system is changed. On Debian 13 too it is Debian 12's
# package, whose signatures Debian 13's keyring knows. apt checks the
# signatures, and the files against them.
set -eu

suite=bookworm
dir=${1:?usage: fetch.sh DIR}
mkdir -p "$dir"
dir=$(cd "$dir" && pwd)
! ls "$dir"/qemu_7.2*.dsc >/dev/null 2>&1 || exit 0

apt=$(mktemp -d)
trap 'rm -rf "$apt"' EXIT

# "site signed-by" of every archive this machine takes Debian's main from. The
# exact answer needs the machine's package lists; where they were thrown away,
# the addresses that apt would fetch them from say the site, and the key is the
# first that the sources name.
archives() {
    apt-get indextargets --format \
        '$(REPO_URI) $(ORIGIN) $(COMPONENT) $(RELEASE) $(SIGNED_BY)' \
        'Created-By: Packages' |
        awk '$2 == "Debian" && $3 == "main" &&
             $4 !~ /security|updates|backports/ && !seen[$1]++ {
                 print $1, (substr($5, 1, 1) == "/" ? $5 : "-") }'
}

archives_without_lists() {
    key=$(cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list \
              /etc/apt/sources.list.d/*.sources 2>/dev/null |
        sed -n 's/^[^#]*[Ss]igned-[Bb]y[=:] *\(\/[^] ]*\).*/\1/p' | head -n 1)
    apt-get update --print-uris |
        sed -n "s/^'\([^']*\)\/dists\/[a-z]*\/InRelease'.*/\1/p" |
        awk -v key="${key:--}" '!seen[$1]++ { print $1, key }'
}

configure() { # configure SITE SIGNED-BY
    signed=
    [ "$2" = - ] || signed="[signed-by=$2] "
    echo "deb-src $signed$1 $suite main" >"$apt/sources.list"
    rm -rf "$apt/state" "$apt/cache"
    mkdir -p "$apt/state/lists/partial" "$apt/cache/archives/partial"
    : >"$apt/status"
    cat >"$apt/apt.conf" <<CONF
#clear APT::Default-Release;
#clear APT::Update;
#clear DPkg;
APT::Sandbox::User "root";
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

download() { # into $apt/source
    rm -rf "$apt/source"
    mkdir "$apt/source"
    APT_CONFIG=$apt/apt.conf apt-get -qq update >>"$apt/log" 2>&1 &&
        (cd "$apt/source" && APT_CONFIG=$apt/apt.conf \
            apt-get -qq source --download-only qemu >>"$apt/log" 2>&1) &&
        ls "$apt"/source/qemu_7.2*.dsc >/dev/null 2>&1
}

archives >"$apt/archives" 2>"$apt/log"
[ -s "$apt/archives" ] || archives_without_lists >"$apt/archives" 2>>"$apt/log"
while read -r site signed_by; do
    configure "$site" "$signed_by"
    if download; then
        mv "$apt"/source/* "$dir/"
        exit 0
    fi
done <"$apt/archives"
echo "fetch.sh: Debian 12's source package of QEMU could not be had:" \
     "$(sed -n 's/^[EW]: *//p' "$apt/log" | tail -n 1)" >&2
exit 1
