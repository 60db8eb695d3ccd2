#!/usr/bin/env bash
# Regenerates the language-neutral vectors: runs every tests/vectors/generate*.py. Same code, same bytes.
set -euo pipefail
cd "$(dirname "$0")/.."
shopt -s nullglob
for generator in tests/vectors/generate*.py; do
    echo "vectors: ${generator#tests/vectors/}"
    PYTHONPATH=src:. .venv/bin/python "$generator"
done
