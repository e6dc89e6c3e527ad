#!/bin/sh
# Resolves pyproject.toml into requirements/*.txt: exact versions with hashes, no addresses, for
# every supported Python. Run it after changing a dependency; UPGRADE=1 moves everything.
set -eu
cd "$(dirname "$0")/.."

# compile OUTPUT ARGUMENT…
compile() {
    output=$1
    shift
    .venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
        --no-header --no-annotate --no-emit-index-url --no-emit-find-links \
        ${UPGRADE:+--upgrade} --output-file "$output" "$@"
}

compile requirements/bootstrap.txt --group bootstrap
compile requirements/runtime.txt pyproject.toml
compile requirements/dev.txt --constraints requirements/runtime.txt --group dev pyproject.toml
