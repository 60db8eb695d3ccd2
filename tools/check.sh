#!/usr/bin/env bash
# Static gates: style, types, import directions. Runs all of them and fails if one failed.
set -uo pipefail
cd "$(dirname "$0")/.."
export PYTHONPATH=src PATH="$PWD/.venv/bin:$PATH"
status=0
run() { echo "check: $*"; "$@" || status=1; }

run ruff check --quiet .
run ruff format --check --quiet .
run mypy --no-error-summary src/akashi
for program in verifier tools bench; do
    [ -n "$(find "$program" -name '*.py' -print -quit 2>/dev/null)" ] && run mypy --no-error-summary "$program"
done
echo "check: lint-imports"
imports=$(lint-imports --config pyproject.toml --no-cache 2>&1) || { echo "$imports"; status=1; }
[ "$status" -eq 0 ] && echo "check: all gates passed"
exit "$status"
