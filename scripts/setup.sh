#!/bin/sh
# Sets up this checkout, doing only what is missing or out of date.
#
#   scripts/setup.sh [runtime|dev|tests|bench]
#
#   runtime  .venv with the pinned runtime dependencies and the `byteward` command; the dashboard
#   dev      runtime, and the tools that format, check and test Python
#   tests    dev, and what the tests drive: Node packages, Chromium, a font, strace
#   bench    dev, and what the benchmarks compare with: nginx, wrk
#
# A finished step leaves a stamp that holds the hash of all it depends on, so a second run only
# compares hashes. PYTHON names the interpreter for a new .venv (default: python3).
set -eu
cd "$(dirname "$0")/.."

level=${1:-runtime}
case $level in
runtime | dev | tests | bench) ;;
*)
    echo "setup: unknown level '$level': runtime, dev, tests or bench" >&2
    exit 2
    ;;
esac

python=${PYTHON:-python3}
stamps=.venv/.stamps
node_stamp=tests/node/node_modules/.stamp
dashboard_stamp=src/byteward/http/dashboard/static/.stamp

say() { echo "setup: $*" >&2; }

fail() {
    say "$*"
    exit 2
}

# hash_of FILE… : one hash over the files and the place of the checkout, which scripts in .venv name.
hash_of() { { pwd -P && cat "$@"; } | sha256sum | cut -d' ' -f1; }

# is_current STAMP HASH
is_current() { [ -f "$1" ] && [ "$(cat "$1")" = "$2" ]; }

require_python() {
    "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null ||
        fail "Python 3.11 or newer is needed; '$python' is" \
            "$("$python" -V 2>/dev/null || echo none). Set PYTHON to a newer one."
}

# An empty virtual environment and uv in it. Debian splits ensurepip off into python3-venv; its pip
# can fill a .venv from outside instead.
create_venv() {
    require_python
    say "creating .venv with $("$python" -V)"
    if ! "$python" -c 'import ensurepip' 2>/dev/null &&
        ! "$python" -m pip --version >/dev/null 2>&1; then
        scripts/system-packages.sh python3-venv
    fi
    if "$python" -c 'import ensurepip' 2>/dev/null; then
        "$python" -m venv --clear .venv
        set -- .venv/bin/python -m pip
    else
        "$python" -m venv --clear --without-pip .venv
        set -- "$python" -m pip --python .venv/bin/python
    fi
    "$@" --quiet --disable-pip-version-check install \
        --require-hashes --only-binary :all: --requirement requirements/bootstrap.txt
    mkdir -p "$stamps"
}

uv_install() { .venv/bin/uv pip install --quiet --python .venv/bin/python "$@"; }

# install_pins NAME : the packages of requirements/NAME.txt, wheels only: nothing unpinned is built.
# pyvips has no wheel; bootstrap.txt pins what builds it.
install_pins() {
    key=$(hash_of "requirements/$1.txt")
    is_current "$stamps/$1" "$key" && return
    say "installing requirements/$1.txt"
    uv_install --require-hashes --only-binary :all: --no-binary pyvips \
        --no-build-isolation-package pyvips --requirement "requirements/$1.txt"
    echo "$key" >"$stamps/$1"
}

# The checkout itself, editable, built with the hatchling that bootstrap.txt pins.
install_project() {
    key=$(hash_of pyproject.toml src/byteward/__init__.py)
    is_current "$stamps/project" "$key" && return
    say "installing byteward from this checkout"
    uv_install --offline --no-deps --no-build-isolation --editable .
    echo "$key" >"$stamps/project"
}

set_up_python() {
    key=$(hash_of requirements/bootstrap.txt)
    if ! is_current "$stamps/bootstrap" "$key" || ! .venv/bin/python -c '' 2>/dev/null; then
        create_venv
        echo "$key" >"$stamps/bootstrap"
    fi
    # dev.txt holds all of runtime.txt, at the same versions.
    [ "$level" = runtime ] || install_pins dev
    install_pins runtime
    install_project
}

node_major() { node -p 'process.versions.node.split(".")[0]' 2>/dev/null || echo 0; }

has_node() { [ "$(node_major)" -ge 20 ] && command -v npm >/dev/null 2>&1; }

# The dashboard's pages, from dashboard/ into the package. The server runs without them.
build_dashboard() {
    key=$(find dashboard -type f -not -path 'dashboard/node_modules/*' -print0 |
        LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum | cut -d' ' -f1)
    is_current "$dashboard_stamp" "$key" && return
    if ! has_node; then
        say "the dashboard is not built: install Node 20 or newer with npm and run 'make setup' again"
        return
    fi
    say "building the dashboard"
    npm ci --prefix dashboard --no-audit --no-fund --loglevel=error >&2
    npm run --prefix dashboard --silent build -- --logLevel warn >&2
    echo "$key" >"$dashboard_stamp"
}

set_up_node() {
    major=$(node_major)
    has_node ||
        fail "the tests run the official JavaScript client: Node 20 or newer with npm is needed"
    key=$(hash_of tests/node/package-lock.json)-$major
    is_current "$node_stamp" "$key" && return
    say "installing the Node packages of tests/node"
    npm ci --prefix tests/node --no-audit --no-fund --loglevel=error >&2
    echo "$key" >"$node_stamp"
}

# Two runs at once take turns; the lock is on the folder itself, so no file is left behind.
if command -v flock >/dev/null 2>&1; then
    exec 9<requirements
    flock 9
fi

set_up_python
build_dashboard
case $level in
tests)
    set_up_node
    scripts/system-packages.sh chromium fonts-dejavu-core strace
    ;;
bench) scripts/system-packages.sh nginx wrk ;;
esac
