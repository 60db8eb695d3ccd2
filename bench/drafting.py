"""How well and how fast maps are drafted for layouts the drafter has never seen. Shares, not speeds, carry the budget.

Guarantees: the same layouts, truths and invented rows as tests/checkup/drafting. Refuses: hiding a layout: each has its rows.

Run: ``PYTHONPATH=src:. python bench/drafting.py``
"""

from __future__ import annotations

import io
import sys
import time

from akashi.checkup import ItemTable
from akashi.checkup.mapping.draft import draft
from akashi.checkup.mapping.words import WordList, load_words
from bench.checkup import FORMATS, ON, load
from bench.measurement import Measurement
from tests.checkup.drafting.found import found, found_last
from tests.checkup.drafting.layouts import Unseen, held_out, unseen
from tests.checkup.drafting.measure import Figures, agency, figures, file_of, total

SHARED = FORMATS.parent.parent / "shared"
RIGHT, WRONG = "≥ 0.8 of the columns that have a counterpart", "≤ 0.03 of all columns"
ROWS = 1000


def _rows(one: Figures, *, budget: bool) -> list[Measurement]:
    right, wrong = (RIGHT, WRONG) if budget else ("none: one layout of several", "none: one layout of several")
    return [
        Measurement(
            f"drafting {one.name}: placed right", one.right, "columns", one.counterparts, one.share_right, right
        ),
        Measurement(f"drafting {one.name}: placed wrong", one.wrong, "columns", one.columns, one.share_wrong, wrong),
    ]


def _speed(layout: Unseen, items: ItemTable, words: WordList) -> Measurement:
    data = file_of(layout, items, ROWS)
    start = time.process_time()
    draft(io.BytesIO(data), items, words, institution="bench", on=ON)
    seconds = time.process_time() - start
    name = f"drafting {layout.name}: {len(layout.truths)} columns x {ROWS} rows"
    return Measurement(name, seconds, "CPU-s", 5.0, seconds / 5.0, "≤ 1.0 of 5 s")


def measure() -> list[Measurement]:
    """Shares right and wrong per layout and per set, and the time of the widest."""
    items = load()[2]
    words = load_words((FORMATS / "map-words.yaml").read_text())
    real = agency(SHARED, (FORMATS / "maps/agency-830.yaml").read_text())
    sets = {
        "made by rules": unseen(items), "held out": held_out(items), "found": [*found(), *([real] if real else [])],
        "found last": found_last(),
    }  # fmt: skip
    measured: list[Measurement] = []
    for name, layouts in sets.items():
        each = [figures(layout, items, words) for layout in layouts]
        for one in each:
            measured += _rows(one, budget=False)
        measured += _rows(total(f"in all ({name})", each), budget=True)
    measured.append(_speed(real or unseen(items)[2], items, words))
    return measured


if __name__ == "__main__":
    for measurement in measure():
        sys.stdout.write(
            f"{measurement.name}: {measurement.value:.4g} of {measurement.limit or 0:.4g} ({measurement.ratio or 0:.3f})\n"
        )
