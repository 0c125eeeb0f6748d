#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# Layout of the C sources. clang-format 14 decides, as in .clang-format; other versions differ in corner cases, so
# without that one the check is skipped (exit status 77) and says so.
#
# usage: check-format.sh [--write]
set -eu

version=14
formatter=
for f in clang-format-$version clang-format; do
    if "$f" --version 2>/dev/null | grep -q "version $version\."; then
        formatter=$f
        break
    fi
done
if [ -z "$formatter" ]; then
    echo "format: skipped, there is no clang-format $version here"
    exit 77
fi

folders=
for d in arch lib kernel mm fs drivers include user tests; do
    [ ! -d $d ] || folders="$folders $d"
done
if [ "${1:-}" = --write ]; then
    # shellcheck disable=SC2086 # a list of folders
    find $folders -name '*.[ch]' -print0 | xargs -0 -r "$formatter" -i
    exit 0
fi

# shellcheck disable=SC2086
bad=$(find $folders -name '*.[ch]' -print0 | sort -z |
    xargs -0 -r "$formatter" --dry-run -Werror 2>&1 | sed -n 's/^\([^: ]*\):[0-9].*/\1/p' | uniq)
if [ -n "$bad" ]; then
    echo "format: make format would change:"
    echo "$bad" | sed 's/^/    /'
    exit 1
fi
echo "format: clean"
