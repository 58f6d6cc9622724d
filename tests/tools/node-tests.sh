#!/bin/sh
# Runs files of node's test runner, four at a time: most of them wait more than they work. node-tests.sh NAME FILE...
# Ends with "NAME: N passed, N failed, N skipped".
set -u
name=$1
shift
[ $# -gt 0 ] || { echo "$name: no file is called that" >&2; exit 1; }
log=$(mktemp)
trap 'rm -f "$log"' EXIT
{ node --test --test-concurrency=4 --test-reporter=spec "$@" 2>&1; echo "exit $?"; } | tee "$log" | sed -e '/^exit [0-9]*$/d' -e '/^ℹ /d'
count() { sed -n "s/^ℹ $1 \([0-9][0-9]*\)\$/\1/p" "$log" | tail -n 1; }
good=$(count pass) bad=$(($(count fail) + $(count cancelled))) skipped=$(count skipped)
grep -qx 'exit 0' "$log" || [ "$bad" -gt 0 ] || bad=1
echo "$name: ${good:-0} passed, $bad failed, ${skipped:-0} skipped"
[ "$bad" -eq 0 ]
