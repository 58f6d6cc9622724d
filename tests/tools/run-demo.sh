#!/bin/sh
# `make run`: a gateway of one's own in ./var, with three invented customers and a staff login, in the foreground.
set -eu
postern=build/postern
first=no

if [ ! -e postern.conf ]; then
    cat >postern.conf <<'CONF'
# Written by `make run`; every setting is told in gateway/postern.conf.
data        ./var
brand       Example Cloud
help-phone  +886 2 1234 5678
CONF
fi
if [ ! -e var/demo ]; then
    first=yes
    mkdir -p var
    chmod 700 var
    for file in tests/sample/*.csv; do
        source=$(basename "$file" .csv)
        echo "$file:"
        "$postern" contacts import --source "${source#contacts-}" -o log=warn "$file"
    done
    # 80 bits, in groups that can be typed.
    password=$(od -An -N10 -tx1 /dev/urandom | tr -d ' \n' | sed 's/..../&-/g; s/-$//')
    printf '%s\n' "$password" | "$postern" staff add demo --role manager -o log=warn >/dev/null
    : >var/demo
fi

echo
echo "  customers    https://localhost:8443/"
echo "  staff        https://localhost:8444/      (both certificates are self-signed)"
if [ $first = yes ]; then
    echo "  staff login  demo  $password   (shown once; new one: build/postern staff passwd demo)"
else
    echo "  staff login  demo, as it was shown at the first run (new one: build/postern staff passwd demo)"
fi
echo "  mails        var/mail/                    (read the code: build/postern mail show)"
echo "  customers on record are in tests/sample/; the keys lie beside the data they seal, in var/keys:"
echo "  on a real machine put them on another disk (setting: keys). Ctrl-C stops; rm -r var postern.conf forgets all."
echo
exec "$postern" serve
