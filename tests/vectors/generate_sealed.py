"""Writes the vectors of the sealed payload: one JSON file each, the same bytes every time. Run by ``make vectors``.

An HPKE encapsulation is random and a compressor's output depends on its version, so both were made once and stand in
``sealed-kept.txt``; deleting a line there makes that one anew.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.vectors.build_sealed import KEEP, KEPT
from tests.vectors.cases_sealed import SEALED

HERE = Path(__file__).parent


def sealed_vectors() -> Iterator[tuple[str, str]]:
    """(file name, content) of every vector."""
    seen = set()
    for maker in SEALED:
        for vector in maker():
            name = f"sealed-{vector.name}.json"
            if name in seen:
                raise ValueError(name)
            seen.add(name)
            yield name, json.dumps(vector.to_json(), ensure_ascii=False, indent=1) + "\n"


def main() -> int:
    """Replace all ``sealed-*.json``, and what was made for the first time in the kept file."""
    made = dict(sealed_vectors())
    for path in HERE.glob("sealed-*.json"):
        if path.name not in made:
            path.unlink()
    for name, text in made.items():
        (HERE / name).write_text(text, encoding="utf-8")
    KEPT.write_text(KEEP.text(), encoding="ascii")
    print(f"sealed vectors: {len(made)} files")
    return 0


if __name__ == "__main__":
    sys.exit(main())
