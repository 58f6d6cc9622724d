#!/bin/sh
# Installs exactly what is missing.
#
#   deps.sh run      what `make run` needs: Debian packages
#   deps.sh          what `make test` needs too: more of them, and the npm packages of package-lock.json
#
# Where nothing is missing it changes nothing and asks nobody: one call of dpkg-query.
set -eu

run='gcc g++ libc6-dev make pkg-config ca-certificates gettext openssl redis-server
libh2o-evloop-dev libssl-dev libhiredis-dev libsodium-dev libjansson-dev libsqlite3-dev libcurl4-openssl-dev
libicu-dev libphonenumber-dev libgmime-3.0-dev libxml2-dev zlib1g-dev libbrotli-dev tzdata'
test='libcmocka-dev clang-14 libclang-rt-14-dev clang-format-14 clang-tidy-14 cppcheck universal-ctags
chromium-headless-shell clamav-daemon postfix swaks curl procps python3'

goal=${1:-test}
wanted=$run
[ "$goal" = run ] || wanted="$run $test"

# Any Node from 18 on will do, wherever it came from. Only tests need packages of npm, and npm is a large one itself.
command -v node >/dev/null && [ "$(node -p 'process.versions.node.split(".")[0] >= 18')" = true ] || wanted="$wanted nodejs"
[ "$goal" = run ] || command -v npm >/dev/null || wanted="$wanted npm"

# shellcheck disable=SC2086  # lists of words
here=$(dpkg-query -W -f='${db:Status-Status} ${Package}\n' $wanted 2>/dev/null | sed -n 's/^installed //p')
missing=
for package in $wanted; do
    case "
$here
" in *"
$package
"*) ;; *) missing="$missing $package" ;; esac
done

if [ -n "$missing" ]; then
    echo "installing:$missing"
    as_root=
    if [ "$(id -u)" != 0 ]; then
        as_root=sudo
        if ! command -v sudo >/dev/null; then
            echo "$0: neither root nor sudo; as root: apt-get install --no-install-recommends$missing" >&2
            exit 1
        fi
    fi
    $as_root apt-get update -qq
    # shellcheck disable=SC2086
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing
    # Each gateway has a Redis of its own; the package would leave one running for nobody.
    case $missing in *' redis-server'*)
        [ ! -d /run/systemd/system ] || $as_root systemctl disable --quiet --now redis-server || true ;;
    esac
    # The tests run a Postfix of their own, with another configuration and queue.
    case $missing in *' postfix'*)
        [ ! -d /run/systemd/system ] || $as_root systemctl disable --quiet --now postfix || true ;;
    esac
fi

# npm writes the second file when it is done with the first.
if [ "$goal" != run ] && [ ! node_modules/.package-lock.json -nt package-lock.json ]; then
    npm ci --no-audit --no-fund --ignore-scripts
    touch node_modules/.package-lock.json
fi
