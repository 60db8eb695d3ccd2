#!/usr/bin/env bash
# Writes the lock files from the .in files: every package with every hash, no index address, no path.
# Versions younger than a week are not taken (cooldown): a hijacked release is usually found within days. Where the
# index tells no upload times pip stops; NO_COOLDOWN=1 then says that a person has looked at the new versions' dates.
set -euo pipefail
cd "$(dirname "$0")/.."
pip_args="--uploaded-prior-to $(date -u -d '7 days ago' +%Y-%m-%dT00:00:00Z)"
[ -z "${NO_COOLDOWN:-}" ] || pip_args=
lock() {
    .venv/bin/pip-compile --quiet --upgrade --generate-hashes --strip-extras --allow-unsafe --no-header \
        --no-emit-index-url --no-emit-trusted-host --no-emit-find-links --no-emit-options \
        --annotation-style=line --pip-args "$pip_args" --output-file "$2" "$1"
}
lock requirements.in requirements.txt
lock requirements-dev.in requirements-dev.txt
lock requirements-tools.in requirements-tools.txt
