"""Writes the tables of docs/conformity.md from catalogues, judges and probes, or tells that they are out of date.

Guarantees: every catalogue and every leaf of the newest guideline is listed with what decides it and the names of its checks' probes; the
same books give the same bytes; the prose around the tables is left as it is. Refuses: a page without the marks. Used as
``python -m tools.conformity_doc [--write]``; without ``--write`` it only compares.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from akashi.app.conformity.library import books, judges
from akashi.app.conformity.telling import MODES
from akashi.conformity.model import Catalogue, Item, Mode

PAGE = Path(__file__).resolve().parents[1] / "docs" / "conformity.md"
SHEET = "mhlw-7.0-draft-ops"
SECTIONS = ("catalogues", "leaves")


def marks(name: str) -> tuple[str, str]:
    """What stands before and after a generated section."""
    return (
        f"<!-- {name}: written by `make docs` from catalogs/ and the judges; do not edit -->",
        f"<!-- end of {name} -->",
    )


def leaves(catalogue: Catalogue) -> list[Item]:
    """The assessable items."""
    return [item for item in catalogue.items if item.mode is not Mode.GROUP]


def catalogue_table() -> str:
    """One line a catalogue."""
    lines = ["| catalogue | document | status | leaves | measured | partly | by people | of these, places |"]
    lines.append("|---|---|---|---|---|---|---|---|")
    for one in books().shelf.catalogues:
        mine = leaves(one)
        counts = [sum(1 for item in mine if item.mode is mode) for mode in (Mode.MEASURED, Mode.PARTLY, Mode.PEOPLE)]
        numbers = " | ".join(str(number) for number in (len(mine), *counts, sum(1 for item in mine if item.place)))
        lines.append(f"| `{one.id}` | {one.title.ja} {one.edition} | {one.status} | {numbers} |")
    return "\n".join(lines)


def leaf_table(name: str = SHEET) -> str:
    """One line a leaf: the clause, what decides it, its checks with the probes that measure them."""
    catalogue = books().shelf.catalogue(name)
    lines = [
        "| item | clause | asks (in our words) | decided by | checks (probe) | holds |",
        "|---|---|---|---|---|---|",
    ]
    for item in leaves(catalogue):
        checks = "<br>".join(f"`{check}` ({_probe(check)})" for check in item.checks) or "–"
        mode = {Mode.MEASURED: "measured", Mode.PARTLY: "partly", Mode.PEOPLE: "by people"}[item.mode]
        text = item.text.en or item.text.ja
        cells = (item.id, item.clause, text.replace("|", "/"), f"{mode} {MODES[item.mode].ja}", checks)
        lines.append(f"| {' | '.join(cells)} | {item.valid_days} days |")
    return "\n".join(lines)


def _probe(check: str) -> str:
    found = judges().find(check)
    return f"`{found.probe}`" if found is not None else "–"


def render(page: str) -> str:
    """``page`` with its sections as the books have them. Raises ``ValueError`` where a mark is missing."""
    for name, table in zip(SECTIONS, (catalogue_table(), leaf_table()), strict=True):
        begin, end = marks(name)
        before, found, rest = page.partition(begin)
        _, closed, after = rest.partition(end)
        if not found or not closed:
            raise ValueError(name)
        page = f"{before}{begin}\n\n{table}\n\n{end}{after}"
    return page


def main() -> int:
    """Compare, or write with ``--write``; exit status 1 when the page is out of date."""
    parser = argparse.ArgumentParser(description="docs/conformity.md from catalogues and judges")
    parser.add_argument("--write", action="store_true", help="write the page instead of comparing")
    page = PAGE.read_text(encoding="utf-8")
    made = render(page)
    if parser.parse_args().write:
        PAGE.write_text(made, encoding="utf-8")
        return 0
    return int(page != made)


if __name__ == "__main__":
    raise SystemExit(main())
