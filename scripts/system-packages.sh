#!/bin/sh
# Makes sure that Debian packages are there: installs the missing ones when run as root, otherwise
# prints the one command to run and stops with exit code 2.
#
#   scripts/system-packages.sh PACKAGE…
set -eu

# is_present PACKAGE : whether what the package is for works, wherever it came from.
is_present() {
    case $1 in
    python3-venv) python3 -c 'import ensurepip' 2>/dev/null ;;
    fonts-dejavu-core) [ -e /usr/share/fonts/truetype/dejavu/DejaVuSans.ttf ] ;;
    nginx) command -v nginx >/dev/null 2>&1 || [ -x /usr/sbin/nginx ] ;;
    *) command -v "$1" >/dev/null 2>&1 ;;
    esac
}

missing=
for package in "$@"; do
    is_present "$package" || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

update="apt-get update"
install="apt-get install -y --no-install-recommends$missing"

if ! command -v apt-get >/dev/null 2>&1; then
    echo "setup: these are needed, please install them:$missing" >&2
    exit 2
fi
if [ "$(id -u)" -ne 0 ]; then
    echo "setup: system packages are missing; run this, then try again:" >&2
    echo "  sudo sh -c '$update && $install'" >&2
    exit 2
fi

echo "setup: installing system packages:$missing" >&2
export DEBIAN_FRONTEND=noninteractive
{ $update -qq && $install -qq; } </dev/null >&2
