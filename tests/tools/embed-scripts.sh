#!/bin/sh
# Prints one SCRIPT(NAME, "text") for each .lua file of a folder, sorted by name. A line
# "-- include FILE" stands for the text of that file.
set -eu
for file in "$1"/*.lua; do
    [ -e "$file" ] || continue
    name=$(basename "$file" .lua | tr 'a-z-' 'A-Z_')
    printf 'SCRIPT(%s,\n' "$name"
    while IFS= read -r line; do
        case $line in
        "-- include "*) cat "$1/${line#-- include }" ;;
        *) printf '%s\n' "$line" ;;
        esac
    done <"$file" | sed -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/^/    "/' -e 's/$/\\n"/'
    printf ')\n'
done
