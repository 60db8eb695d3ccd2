"""Writes the vectors: one JSON file each, the same bytes every time. Run by ``make vectors``."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.vectors.cases_approval import APPROVALS
from tests.vectors.cases_bundle import BUNDLES
from tests.vectors.cases_wire import WIRE, Vector

HERE = Path(__file__).parent
FORMATS = ("cbor", "operation", "leaf", "note", "trust", "receipt", "bundle")
"""Formats whose files this generator owns."""


def vectors() -> Iterator[tuple[str, str]]:
    """(file name, content) of every vector."""
    seen = set()
    for maker in (*WIRE, *BUNDLES, *APPROVALS):
        for vector in maker():
            name = f"{vector.format}-{vector.name}.json"
            if name in seen:
                raise ValueError(name)
            seen.add(name)
            yield name, render(vector)


def render(vector: Vector) -> str:
    """The file's text: UTF-8 JSON, keys in the order of the README."""
    return json.dumps(vector.to_json(), ensure_ascii=False, indent=1) + "\n"


def main() -> int:
    """Replace all files of :data:`FORMATS`."""
    made = dict(vectors())
    for path in HERE.glob("*.json"):
        if path.name.split("-")[0] in FORMATS and path.name not in made:
            path.unlink()
    for name, text in made.items():
        (HERE / name).write_text(text, encoding="utf-8")
    print(f"vectors: {len(made)} files")
    return 0


if __name__ == "__main__":
    sys.exit(main())
