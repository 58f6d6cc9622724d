#!/bin/sh
# Forwards a feed, RSS 2.0 or Atom, to Postern's /channels/social:
#
#   WEBHOOK_SECRET=whsec_… feed-bot.sh https://support.example:8443 PLATFORM FEED
#
# FEED is an address, a file, or - for what comes in. Run it as often as you like (cron): what was forwarded before is
# answered by Postern with the same item, so nothing is remembered here. A line for each entry: status, item, reference.
# CURL_OPTIONS are handed to curl for Postern (such as --cacert FILE). Needs curl, openssl and a POSIX shell; the secret is on no
# command line. Exit code 1 where an entry was not taken.
set -u
LC_ALL=C
export LC_ALL

[ $# -eq 3 ] && [ -n "${WEBHOOK_SECRET:-}" ] || { sed -n '2,10s/^# \{0,1\}//p' "$0" >&2; exit 64; }
door=${1%/} platform=$2 feed=$3
work=$(mktemp -d) || exit 74
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM

# The secret's bytes in hex, each behind a blank.
key=$(printf '%s' "${WEBHOOK_SECRET#whsec_}" | openssl base64 -d -A | od -An -v -tx1 | tr -d '\n')

# The key as one block of SHA-256, each byte xor $1 (RFC 2104). A subshell: it uses up the positional parameters.
pad() (
    mask=$1
    # shellcheck disable=SC2086  # a list of bytes
    set -- $key
    n=0
    while [ "$n" -lt 64 ]; do
        # shellcheck disable=SC2059  # an octal escape
        printf "\\$(printf '%03o' $((0x${1:-00} ^ mask)))"
        [ $# -eq 0 ] || shift
        n=$((n + 1))
    done
)

# HMAC-SHA256 of what comes in, in base64.
sign() {
    { pad 92; { pad 54; cat; } | openssl dgst -sha256 -binary; } | openssl dgst -sha256 -binary | openssl base64 -A
}

# One line of JSON for each entry of the feed.
entries() {
    awk -v platform="$platform" '
        # What stands in the first element of that name; attributes do not matter.
        function element(xml, name,    from, rest, end) {
            if (!match(xml, "<" name "([ \t\r\n][^>]*)?>")) return ""
            if (substr(xml, RSTART + RLENGTH - 2, 1) == "/") return ""
            rest = substr(xml, RSTART + RLENGTH)
            end = index(rest, "</" name ">")
            return end == 0 ? "" : unwrapped(substr(rest, 1, end - 1))
        }
        function unwrapped(s,    end) {
            gsub(/^[ \t\r\n]+|[ \t\r\n]+$/, "", s)
            if (index(s, "<![CDATA[") == 1 && (end = index(s, "]]>")) > 0) return substr(s, 10, end - 10)
            return decoded(s)
        }
        function utf8(n) {
            if (n < 128) return sprintf("%c", n)
            if (n < 2048) return sprintf("%c%c", 192 + int(n / 64), 128 + n % 64)
            if (n < 65536) return sprintf("%c%c%c", 224 + int(n / 4096), 128 + int(n / 64) % 64, 128 + n % 64)
            return sprintf("%c%c%c%c", 240 + int(n / 262144), 128 + int(n / 4096) % 64, 128 + int(n / 64) % 64, 128 + n % 64)
        }
        function hex(s,    i, n) {
            for (i = 1; i <= length(s); i++) n = n * 16 + index("0123456789abcdef", tolower(substr(s, i, 1))) - 1
            return n
        }
        # One level of entities.
        function decoded(s,    out, end, name) {
            out = ""
            while (match(s, /&[#A-Za-z0-9]+;/)) {
                name = substr(s, RSTART + 1, RLENGTH - 2)
                out = out substr(s, 1, RSTART - 1)
                s = substr(s, RSTART + RLENGTH)
                if (name ~ /^#x[0-9A-Fa-f]+$/) out = out utf8(hex(substr(name, 3)))
                else if (name ~ /^#[0-9]+$/) out = out utf8(substr(name, 2) + 0)
                else if (name in entity) out = out entity[name]
                else out = out "&" name ";"
            }
            return out s
        }
        # HTML as words.
        function words(s) {
            gsub(/<br[^>]*>|<\/p>|<\/div>|<\/li>/, "\n", s)
            gsub(/<[^>]*>/, "", s)
            s = decoded(s)
            gsub(/[ \t]+\n/, "\n", s)
            gsub(/\n\n\n+/, "\n\n", s)
            gsub(/^[ \t\r\n]+|[ \t\r\n]+$/, "", s)
            return s
        }
        function json(s,    i, c, out) {
            for (i = 1; i <= length(s); i++) {
                c = substr(s, i, 1)
                if (c == "\\" || c == "\"") out = out "\\" c
                else if (c == "\n") out = out "\\n"
                else if (c == "\t") out = out "\\t"
                else if (c >= " " && c != "\177") out = out c
            }
            return "\"" out "\""
        }
        function link(xml,    s) {
            s = element(xml, "link")
            if (s != "") return s
            if (!match(xml, /<link[^>]*>/)) return ""
            s = substr(xml, RSTART, RLENGTH)
            return match(s, /href="[^"]*"/) ? decoded(substr(s, RSTART + 6, RLENGTH - 7)) : ""
        }
        # "@user@host" of an address such as https://host/@user/1; else who wrote it; else the host.
        function handle(url, who,    part) {
            if (split(url, part, "/") >= 4 && part[4] ~ /^@/) return part[4] "@" part[3]
            return who != "" ? who : part[3]
        }
        function first(a, b) { return a != "" ? a : b }
        function entry(xml,    id, url, title, text, at, out) {
            url = link(xml)
            id = first(first(element(xml, "guid"), element(xml, "id")), url)
            title = words(element(xml, "title"))
            text = words(first(first(element(xml, "content:encoded"), element(xml, "content")), first(element(xml, "description"), element(xml, "summary"))))
            if (title != "" && index(text, title) != 1) text = title (text != "" ? "\n\n" text : "")
            if (id == "" || text == "") return
            out = "{\"platform\":" json(platform) ",\"post_id\":" json(id) ",\"url\":" json(url)
            out = out ",\"author\":{\"handle\":" json(handle(url, first(element(xml, "dc:creator"), element(xml, "name")))) "}"
            at = first(element(xml, "published"), element(xml, "updated"))
            if (at ~ /^[0-9][0-9][0-9][0-9]-.*T/) out = out ",\"posted_at\":" json(at)
            print out ",\"text\":" json(text) "}"
        }
        BEGIN {
            entity["lt"] = "<"; entity["gt"] = ">"; entity["amp"] = "&"; entity["quot"] = "\""; entity["apos"] = "\047"; entity["nbsp"] = " "
        }
        { all = all $0 "\n" }
        END {
            while (match(all, /<(item|entry)([ \t\r\n][^>]*)?>/)) {
                name = substr(all, RSTART + 1) ~ /^item/ ? "item" : "entry"
                all = substr(all, RSTART + RLENGTH)
                end = index(all, "</" name ">")
                if (end == 0) break
                entry(substr(all, 1, end - 1))
                all = substr(all, end)
            }
        }'
}

# Sends the line of JSON in $work/body. The id is of what it says: the same entry has the same one, an edited one another.
send() {
    id=post_$(openssl dgst -sha256 -r <"$work/body" | cut -c1-40)
    at=$(date +%s)
    signature=$({ printf '%s.%s.' "$id" "$at"; cat "$work/body"; } | sign)
    # shellcheck disable=SC2086  # a list of options
    status=$(curl --silent --show-error --retry 5 ${CURL_OPTIONS:-} -o "$work/answer" -w '%{http_code}' -H 'content-type: application/json' \
        -H "webhook-id: $id" -H "webhook-timestamp: $at" -H "webhook-signature: v1,$signature" \
        --data-binary @"$work/body" "$door/channels/social")
    printf '%s %s\n' "$status" "$(sed -n 's/.*"item":"\([^"]*\)","reference":"\([^"]*\)".*/\1 \2/p' "$work/answer" 2>/dev/null)"
    [ "$status" = 202 ]
}

case $feed in
-) cat >"$work/feed" ;;
http://* | https://*) curl --silent --show-error --fail --location --max-filesize 10000000 -o "$work/feed" "$feed" ;;
*) cat "$feed" >"$work/feed" ;;
esac || exit 1
entries <"$work/feed" >"$work/entries"

bad=0
while IFS= read -r line; do
    printf '%s' "$line" >"$work/body"
    send || bad=1
done <"$work/entries"
exit "$bad"
