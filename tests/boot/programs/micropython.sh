#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# MicroPython's own tests: each must print what its book says. Arguments: folders and patterns below
# /usr/lib/micropython-tests. Prints one line for each test that fails, and how many there were.
count=0 skipped=0
out=$(mktemp)
for pattern; do
    for book in /usr/lib/micropython-tests/$pattern.py.exp; do
        test=${book%.exp}
        cd "${test%/*}"
        timeout 300 micropython "${test##*/}" > "$out" 2>&1
        case $(head -n 1 "$out") in
        SKIP*) skipped=$((skipped + 1)) ;;
        *)     cmp -s "$out" "$book" || { echo "wrong: ${test#/usr/lib/micropython-tests/}"; head -n 5 "$out"; } ;;
        esac
        count=$((count + 1))
    done
done
rm "$out"
echo "$count tests, $skipped not for this machine"
