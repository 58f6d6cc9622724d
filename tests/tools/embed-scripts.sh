#!/bin/sh
# Prints one SCRIPT(NAME, "text") for each .lua file of a folder, sorted by name.
set -eu
for file in "$1"/*.lua; do
    [ -e "$file" ] || continue
    name=$(basename "$file" .lua | tr 'a-z-' 'A-Z_')
    printf 'SCRIPT(%s,\n' "$name"
    sed -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/^/    "/' -e 's/$/\\n"/' "$file"
    printf ')\n'
done
