#!/bin/sh
# Runs files of node's test runner one after the other: node-tests.sh NAME FILE...
# Ends with "NAME: N passed, N failed, N skipped".
set -u
name=$1
shift
[ $# -gt 0 ] || { echo "$name: no file is called that" >&2; exit 1; }
passed=0 failed=0 skipped=0
log=$(mktemp)
trap 'rm -f "$log"' EXIT
for file in "$@"; do
    echo "$file"
    { node --test --test-reporter=spec "$file" 2>&1; echo "exit $?"; } | tee "$log" | sed -e '/^exit [0-9]*$/d' -e '/^ℹ /d'
    count() { sed -n "s/^ℹ $1 \([0-9][0-9]*\)\$/\1/p" "$log" | tail -n 1; }
    good=$(count pass) bad=$(($(count fail) + $(count cancelled)))
    grep -qx 'exit 0' "$log" || [ "$bad" -gt 0 ] || bad=1
    passed=$((passed + ${good:-0})) failed=$((failed + bad)) skipped=$((skipped + $(count skipped)))
done
echo "$name: $passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
