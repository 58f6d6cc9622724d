#!/bin/sh
# Shows that the power cut is honest: powercut_proof.sh [CUTS]. With every flush in place nothing that was
# answered is lost; with those of the journal's files swallowed (what `synchronous=OFF` would do) the same
# run must lose. Ends with "powercut: N passed, N failed".
set -u
cuts=${1:-6}
tools=build/tools
# Hard links bind the state to the file system of the data.
base=$(mktemp -d "${TMPDIR:-/tmp}/powercut-XXXXXX") || exit 1
trap 'rm -rf "$base"' EXIT
passed=0 failed=0

# One run, one cut, one audit: its line is in $said, its exit code is returned.
cut() {
    mkdir -p "$base/state" "$base/data"
    LD_PRELOAD="$PWD/$tools/powercut_preload.so" POWERCUT_FOLDERS="$base/data" POWERCUT_STATE="$base/state" \
        POWERCUT_IGNORE_SYNC="$1" "$tools/powercut_journal" write "$base/data" "$base/ledger" 2>"$base/log" &
    pid=$!
    sleep "$2"
    kill -9 "$pid" 2>/dev/null || { cat "$base/log"; failed=$((failed + 1)); }
    wait "$pid" 2>/dev/null
    POWERCUT_TEAR=$3 "$tools/powercut_apply" "$base/state" || failed=$((failed + 1))
    said=$("$tools/powercut_journal" audit "$base/data" "$base/ledger" 2>"$base/log")
}

judge() {
    if [ "$2" -eq 0 ]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        cat "$base/log"
    fi
    echo "$1: $said"
}

# The data of one cut is where the next run goes on.
i=0
while [ "$i" -lt "$cuts" ]; do
    cut '' "0.$((3 + i % 6))" $((i % 2))
    code=$?
    case $said in acked=0*) code=1 ;; esac
    judge "every flush in place, tear=$((i % 2))" "$code"
    i=$((i + 1))
done

rm -rf "$base/data" "$base/ledger"
cut /journal/ 0.6 0
case $said in
*lost=0* | '') judge 'flushes of the journal swallowed: must lose' 1 ;;
*) judge 'flushes of the journal swallowed: must lose' 0 ;;
esac
echo "powercut: $passed passed, $failed failed"
[ "$failed" -eq 0 ]
