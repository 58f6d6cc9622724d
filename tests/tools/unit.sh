#!/bin/sh
# Runs cmocka programs one after the other: unit.sh PROGRAM... A green one gets a line, a red one all it said.
# Ends with "unit: N passed, N failed, N skipped".
set -u
passed=0 failed=0 skipped=0
for program in "$@"; do
    said=$(CMOCKA_MESSAGE_OUTPUT=TAP "$program" 2>&1)
    code=$?
    good=$(printf '%s\n' "$said" | grep -c '^ok ')
    bad=$(printf '%s\n' "$said" | grep '^not ok ' | grep -cv '# SKIP')
    left=$(printf '%s\n' "$said" | grep -c '^not ok .*# SKIP')
    # A program that died, or ran nothing, has failed however much went well before.
    if [ "$code" -ne 0 ] || [ $((good + bad + left)) -eq 0 ]; then
        [ "$bad" -gt 0 ] || bad=1
    fi
    if [ "$bad" -gt 0 ]; then
        printf '%s\n' "$said" "$program: exit $code"
    else
        printf '%4d  %s\n' "$good" "${program#build/}"
    fi
    passed=$((passed + good)) failed=$((failed + bad)) skipped=$((skipped + left))
done
echo "unit: $passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
