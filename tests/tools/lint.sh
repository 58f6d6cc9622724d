#!/bin/sh
# The rules of the house that a machine can check: lint.sh MAKE. Ends with "lint: N passed, N failed", a check each.
set -u
make=$1
passed=0 failed=0

# A check says what is wrong, a line each, or nothing.
verdict() {
    if [ -z "$2" ]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        printf '%s\n' "$2" | sed "s/^/$1: /"
    fi
}

sources=$(find gateway queues rules tests -name '*.[ch]' -o -name '*.cc' | sort)
rooms=$(find gateway queues rules www -name '*.[ch]' -o -name '*.cc' -o -name '*.mjs' -o -name '*.js' \
    -o -name '*.sh' -o -name '*.lua' | sort)
scripts=$(find tests .ci -name '*.sh' -o -path .ci/run | sort)
modules=$(find tests www -name '*.mjs' -o -name '*.js' | sort)

# Includes point down, and each library has one door: who may include what, both as beginnings of paths. Tests may look
# behind every door.
doors='
gateway/        gateway/
queues/         gateway/ queues/
rules/          gateway/ queues/ rules/
h2o             gateway/http/ gateway/loop.
openssl/        gateway/http/tls.
hiredis         queues/redis
sqlite3.h       queues/journal tests/unit/queues/
sodium.h        queues/seal queues/blob
jansson.h       rules/base/doc.
curl/           gateway/mail/ gateway/hooks/
gmime/          gateway/intake/mime_decode. gateway/intake/mime_words.
libxml/         gateway/intake/
unicode/        rules/
phonenumbers/   rules/phone.
zlib.h          gateway/http/asset.
brotli/         gateway/http/asset.
sys/socket.h    gateway/ queues/
sys/stat.h      gateway/ queues/
unistd.h        gateway/ queues/
fcntl.h         gateway/ queues/
time.h          gateway/ queues/
'
includes() {
    # shellcheck disable=SC2086  # a list of files
    grep -HnE '^ *#include [<"]' $sources | awk -F: -v doors="$doors" '
        BEGIN {
            n = split(doors, line, "\n")
            for (i = 1; i <= n; i++)
                if (split(line[i], word, " ") > 1) {
                    k = ++doors_n
                    what[k] = word[1]
                    who[k] = substr(line[i], length(word[1]) + 1); gsub(/ +/, " ", who[k])
                }
        }
        {
            if (index($1, "tests/") == 1) next
            split($3, part, /[<">]/)
            if (index($1, "rules/base/") == 1 && index(part[2], "/") && index(part[2], "rules/base/") != 1)
                print $1 ":" $2 ": rules/base includes " part[2]
            for (k = 1; k <= doors_n; k++) {
                if (index(part[2], what[k]) != 1) continue
                split(who[k], word, " ")
                may = 0
                for (w in word) if (index($1, word[w]) == 1) may = 1
                if (!may) print $1 ":" $2 ": " part[2] " may be included only in" who[k]
            }
        }'
}

# Tables of tests may be long.
sizes() {
    for file in $rooms; do
        awk -v f="$file" 'END { if (NR > 600) print f ": " NR " lines, at most 600" }' "$file"
    done
    # shellcheck disable=SC2086
    ctags -x --kinds-c=f --kinds-c++=f --_xformat='%F %N %n %{end}' $(printf '%s\n' $rooms | grep '\.[ch]c*$') |
        awk '$4 - $3 >= 60 { print $1 ":" $3 ": " $2 "() has " $4 - $3 + 1 " lines, at most 60" }'
}

unfinished() {
    # shellcheck disable=SC2086
    grep -nE '\b(TO''DO|FIX''ME|X''XX)\b' $sources $scripts $modules README.md
}

# No zone of the process: what a clock shows somewhere is asked of rules/zone.h, for the zone that somebody named.
zones() {
    # shellcheck disable=SC2086
    grep -nE '\b(localtime|localtime_r|mktime|tzset|timelocal|strftime|ctime|ctime_r|asctime)\(|[gs]etenv\("TZ"' \
        $(printf '%s\n' $rooms | grep -E '\.(c|h|cc)$')
}

format() {
    # shellcheck disable=SC2086
    clang-format-14 --dry-run -Werror $sources 2>&1 | grep -E 'error:' | sed 's/ error: code should be clang-formatted.*/ run make format/'
}

syntax() {
    for file in $scripts; do
        case $file in .ci/run) bash -n "$file" 2>&1 ;; *) sh -n "$file" 2>&1 ;; esac
    done
    for file in $modules; do
        node --check "$file" 2>&1
    done
}

# cppcheck remembers in its build folder what has not changed.
cpp() {
    mkdir -p build/lint/cppcheck
    # shellcheck disable=SC2046
    cppcheck --quiet --cppcheck-build-dir=build/lint/cppcheck -j "$(nproc)" --std=c11 -I . \
        --enable=warning,performance,portability --inline-suppr --suppress=preprocessorErrorDirective \
        --suppress=CastIntegerToAddressAtReturn --template='{file}:{line}: {message} [{id}]' \
        $(find gateway queues rules -name '*.c') 2>&1
}

verdict includes "$(includes)"
verdict sizes "$(sizes)"
verdict unfinished "$(unfinished)"
verdict zones "$(zones)"
verdict format "$(format)"
verdict syntax "$(syntax)"
verdict cppcheck "$(cpp)"
if said=$("$make" --no-print-directory -k tidy 2>&1); then verdict tidy ""; else verdict tidy "$(printf '%s\n' "$said" | grep -E '(error|warning): |\*\*\*')"; fi
echo "lint: $passed passed, $failed failed"
[ "$failed" -eq 0 ]
