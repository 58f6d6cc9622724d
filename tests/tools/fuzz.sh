#!/bin/sh
# Runs each fuzz target for a while, as many at once as there are cores: fuzz.sh SECONDS PROGRAM...
# Seeds lie in tests/fuzz/seeds/NAME; what is found on the way is kept in build/fuzz/corpus/NAME for the next time, a
# crash as build/fuzz/NAME-crash-…. Ends with "fuzz: N passed, N failed".
set -u
seconds=$1
shift

one() {
    name=$(basename "$2" _fuzz)
    corpus=build/fuzz/corpus/$name seeds=tests/fuzz/seeds/$name log=build/fuzz/$name.log
    mkdir -p "$corpus"
    [ -d "$seeds" ] || seeds=
    # shellcheck disable=SC2086  # no seeds, no word
    if "$2" -max_total_time="$1" -timeout=10 -rss_limit_mb=2048 -max_len=65536 -len_control=50 -print_final_stats=1 \
        -artifact_prefix="build/fuzz/$name-" "$corpus" $seeds >"$log" 2>&1; then
        runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
        printf 'ok      %s, %s runs\n' "$name" "$runs"
    else
        printf 'not ok  %s\n' "$name"
        tail -n 40 "$log"
    fi
}

if [ "${FUZZ_ONE:-}" = yes ]; then
    one "$seconds" "$1"
    exit
fi
log=$(mktemp)
trap 'rm -f "$log"' EXIT
printf '%s\n' "$@" | FUZZ_ONE=yes xargs -P "$(nproc)" -n 1 sh "$0" "$seconds" | tee "$log"
passed=$(grep -c '^ok ' "$log") failed=$(grep -c '^not ok ' "$log")
[ $((passed + failed)) -eq $# ] || failed=$((failed + 1))
echo "fuzz: $passed passed, $failed failed"
[ "$failed" -eq 0 ]
