#!/bin/sh
# Runs cmocka programs, as many at once as there are cores: unit.sh PROGRAM... A green one gets a line, a red one all it
# said. Ends with "unit: N passed, N failed, N skipped".
set -u

one() {
    said=$(CMOCKA_MESSAGE_OUTPUT=TAP "$1" 2>&1)
    code=$?
    good=$(printf '%s\n' "$said" | grep -c '^ok ')
    bad=$(printf '%s\n' "$said" | grep '^not ok ' | grep -cv '# SKIP')
    left=$(printf '%s\n' "$said" | grep -c '^not ok .*# SKIP')
    # A program that died, or ran nothing, has failed however much went well before.
    if [ "$code" -ne 0 ] || [ $((good + bad + left)) -eq 0 ]; then
        [ "$bad" -gt 0 ] || bad=1
    fi
    echo "$good $bad $left" >"$UNIT_COUNTS/$(echo "$1" | tr / _)"
    if [ "$bad" -gt 0 ]; then
        flock "$UNIT_COUNTS" printf '%s\n' "$said" "$1: exit $code"
    else
        printf '%4d  %s\n' "$good" "${1#build/}"
    fi
}

if [ -n "${UNIT_COUNTS:-}" ]; then
    one "$1"
    exit 0
fi
UNIT_COUNTS=$(mktemp -d)
export UNIT_COUNTS
trap 'rm -rf "$UNIT_COUNTS"' EXIT
printf '%s\n' "$@" | xargs -P "$(nproc)" -n 1 sh "$0"
# shellcheck disable=SC2046  # three words
set -- $# $(cat "$UNIT_COUNTS"/* | awk '{ good += $1; bad += $2; left += $3 } END { print NR, good + 0, bad + 0, left + 0 }')
failed=$4
[ "$1" -eq "$2" ] || failed=$((failed + 1)) # one of them was not run
echo "unit: $3 passed, $failed failed, $5 skipped"
[ "$failed" -eq 0 ] && [ "$3" -gt 0 ]
