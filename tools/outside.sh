#!/usr/bin/env bash
# Sets up .tools: programs that we run as separate processes and never import (requirements-tools.in).
#
# A virtual environment of its own, from its own hash-locked file, as some of them ask for other versions of libraries
# than we do. Wheels only, with one exception: sslyze is published as source only. It is built from its locked source
# with the locked setuptools, without build isolation, so that nothing unlocked is fetched. Does nothing when done.
set -euo pipefail
cd "$(dirname "$0")/.."

lock=requirements-tools.txt
source_only=sslyze
stamp=.tools/akashi.stamp
digest=$(cat "$lock" tools/outside.sh | sha256sum | cut -d' ' -f1)
[ -f "$stamp" ] && [ "$(cat "$stamp")" = "$digest" ] && exit 0

echo "setup: installing the packages of $lock"
[ -x .tools/bin/pip ] || .venv/bin/python -m venv .tools
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
awk -v name="$source_only" '/^[a-z]/ { mine = index($0, name "==") == 1 } !mine' "$lock" >"$work/wheels.txt"
awk -v name="$source_only" '/^[a-z]/ { mine = index($0, name "==") == 1 } mine' "$lock" >"$work/source.txt"
install() {
    .tools/bin/python -m pip install --quiet --disable-pip-version-check --no-input --require-hashes --no-deps "$@" </dev/null
}
install --only-binary=:all: -r "$work/wheels.txt"
install --no-build-isolation --no-binary="$source_only" -r "$work/source.txt"
tools/oscal_schemas.sh
echo "$digest" >"$stamp"
