#!/bin/sh
# Everything CI runs, stage by stage: run-all.sh MAKE. A stage is a target of the Makefile; its last line
# "NAME: N passed, N failed" is added up, a stage without one counts as one test by its exit code. A red stage does not
# stop the next ones, but nothing is tested that was not built.
# Ends with "N passed, N failed" alone on a line.
set -u
make=$1
passed=0 failed=0 skipped=0
table=
log=$(mktemp)
trap 'rm -f "$log"' EXIT

# The number before a word of the stage's last line of totals.
total() {
    sed -n 's/^\([a-z]*: \)\{0,1\}\([0-9][0-9]* passed, [0-9][0-9]* failed\(, [0-9][0-9]* skipped\)\{0,1\}\)$/\2/p' "$log" |
        tail -n 1 | tr ',' '\n' | sed -n "s/^ *\([0-9][0-9]*\) $1\$/\1/p"
}

stage() {
    name=$1
    shift
    echo
    echo "==== $name"
    began=$(date +%s)
    { "$make" --no-print-directory "$@" 2>&1; echo "exit $?"; } | tee "$log" | sed '/^exit [0-9]*$/d'
    good=$(total passed) bad=$(total failed) not_run=$(total skipped)
    if tail -n 1 "$log" | grep -qx 'exit 0'; then
        [ -n "$good" ] || good=1
    else
        [ "${bad:-0}" -gt 0 ] || bad=1
    fi
    passed=$((passed + ${good:-0})) failed=$((failed + ${bad:-0})) skipped=$((skipped + ${not_run:-0}))
    table="$table$(printf '%-8s %5d passed %4d failed %4d skipped %5d s' "$name" "${good:-0}" "${bad:-0}" "${not_run:-0}" \
        $(($(date +%s) - began)))
"
    [ "${bad:-0}" -eq 0 ]
}

if stage build build; then
    stage lint lint
    stage check check
    stage corpora corpora
    stage fuzz fuzz FUZZ_SECONDS=2
    stage match match MATCH_ARGS=--short
    stage powercut powercut
    stage live live
    stage browser browser
    stage storm storm STORM_ARGS=--short
fi

printf '\n%s' "$table"
[ "$skipped" -eq 0 ] || echo "$skipped skipped: what they need is not on this machine"
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
