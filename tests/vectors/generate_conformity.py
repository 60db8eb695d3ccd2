"""Writes the vectors of conformity bundles: one JSON file each, the same bytes every time. Run by ``make vectors``."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.vectors.cases_conformity import CONFORMITY

HERE = Path(__file__).parent


def conformity_vectors() -> Iterator[tuple[str, str]]:
    """(file name, content) of every vector."""
    seen = set()
    for maker in CONFORMITY:
        for case in maker():
            name = f"conformity-{case.name}.json"
            if name in seen:
                raise ValueError(name)
            seen.add(name)
            yield name, json.dumps(case.to_json(), ensure_ascii=False, indent=1) + "\n"


def main() -> int:
    """Replace all ``conformity-*.json``."""
    made = dict(conformity_vectors())
    for path in HERE.glob("conformity-*.json"):
        if path.name not in made:
            path.unlink()
    for name, text in made.items():
        (HERE / name).write_text(text, encoding="utf-8")
    print(f"conformity vectors: {len(made)} files")
    return 0


if __name__ == "__main__":
    sys.exit(main())
