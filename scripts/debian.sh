#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# Gets packages as they lie in Debian's archive. Works with a private apt configuration: sites, proxies and signing
# keys are the machine's own, read and never changed; apt checks the signatures, and the files against them.
#
# usage: debian.sh SUITE ARCH PACKAGE DIR     PACKAGE is a name, or several in one word, with spaces between them
#                                             ARCH is an architecture, for its .deb; `source`, for the .dsc and all that
#                                             it names; or `orig`, for upstream's part of the source alone
# All is in DIR afterwards, or nothing, with one line that says why and exit status 1.
set -eu

suite=$1
arch=$2
package=$3
dir=$4

fail() { echo "no $package of $suite: $*" >&2; exit 1; }
command -v apt-get > /dev/null || fail "this system has no apt-get"
mkdir -p "$dir"
dir=$(cd "$dir" && pwd)
apt=$(mktemp -d "$dir/.apt.XXXXXX")
trap 'rm -rf "$apt"' EXIT
trap 'exit 1' HUP INT TERM

# "site signed-by" of every archive this machine takes Debian's main from. The exact answer needs the machine's package
# lists; where they were thrown away (containers), the addresses apt would fetch them from say the site, and the key is
# the first that the sources name.
archives() {
    apt-get indextargets --format '$(REPO_URI) $(ORIGIN) $(COMPONENT) $(RELEASE) $(SIGNED_BY)' 'Created-By: Packages' |
        awk '$2 == "Debian" && $3 == "main" && $4 !~ /security|updates|backports/ && !seen[$1]++ {
                 print $1, (substr($5, 1, 1) == "/" ? $5 : "-") }'
}

archives_without_lists() {
    key=$(cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list /etc/apt/sources.list.d/*.sources 2>/dev/null |
        sed -n 's/^[^#]*[Ss]igned-[Bb]y[=:] *\(\/[^] ]*\).*/\1/p' | head -n 1)
    apt-get update --print-uris |
        sed -n "s/^'\([^']*\)\/dists\/[a-z]*\/InRelease'.*/\1/p" | awk -v key="${key:--}" '!seen[$1]++ { print $1, key }'
}

# Which of the archive's indexes apt reads, as the options and the first word of a line in sources.list.
configure() { # configure SITE SIGNED-BY
    case $arch in
    source | orig) kind=deb-src options= architecture=$(dpkg --print-architecture) ;;
    *)             kind=deb options="arch=$arch " architecture=$arch ;;
    esac
    [ "$2" = - ] || options="${options}signed-by=$2"
    rm -rf "$apt/state" "$apt/cache" "$apt/got"
    mkdir -p "$apt/state/lists/partial" "$apt/cache/archives/partial" "$apt/got"
    : > "$apt/status"
    echo "$kind${options:+ [$options]} $1 $suite main" > "$apt/sources.list"
    cat > "$apt/apt.conf" <<CONF
#clear APT::Default-Release;
#clear APT::Architectures;
#clear APT::Update;
#clear DPkg;
APT::Architecture "$architecture";
APT::Architectures { "$architecture"; };
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

download() {
    case $arch in
    source) what="source --download-only" ;;
    orig)   what="source --download-only --tar-only" ;;
    *)      what=download ;;
    esac
    # shellcheck disable=SC2086 # several words
    APT_CONFIG=$apt/apt.conf apt-get -qq update &&
        (cd "$apt/got" && APT_CONFIG=$apt/apt.conf apt-get -qq $what $package) &&
        [ -n "$(ls "$apt/got")" ]
}

archives > "$apt/archives" 2> "$apt/log"
[ -s "$apt/archives" ] || archives_without_lists > "$apt/archives" 2>> "$apt/log"
[ -s "$apt/archives" ] || fail "no archive of Debian's main in this machine's apt configuration"
while read -r site signed_by; do
    configure "$site" "$signed_by"
    if download < /dev/null >> "$apt/log" 2>&1; then
        mv "$apt"/got/* "$dir/"
        exit 0
    fi
done < "$apt/archives"
# apt's first complaint is the cause, the others follow from it.
fail "$(sed -n 's/^[EW]: *//p' "$apt/log" | head -n 1)"
