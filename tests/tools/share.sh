#!/bin/sh
# Fills a folder with what the program finds beside itself: pages, mails and catalogues from www/, the interface as
# openapi.json, the shipped rules and packs.
set -eu
node www/build.mjs "$1" >/dev/null
node www/openapi.mjs "$1/openapi.json"
rm -rf "$1/rules"
mkdir -p "$1/rules/packs"
for file in rules/*.rules rules/*.ics rules/packs/*.rules; do
    [ ! -e "$file" ] || cp "$file" "$1/$file"
done
