#!/usr/bin/env bash
# Regenerates the pages that come from the code: runs every tools/*_doc.py with --write. Same code, same bytes.
set -euo pipefail
cd "$(dirname "$0")/.."
for page in tools/*_doc.py; do
    echo "docs: $(basename "$page" .py)"
    PYTHONPATH=src:. .venv/bin/python -m "tools.$(basename "$page" .py)" --write
done
