"""Figures of the drafter on a layout whose truth is known."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from random import Random

from akashi.checkup.formats.items import ItemTable
from akashi.checkup.formats.maps import LayoutMap, Locator, MapRule, load_map
from akashi.checkup.generate import Maker
from akashi.checkup.mapping.draft import draft
from akashi.checkup.mapping.model import Draft, Placing
from akashi.checkup.mapping.words import WordList
from akashi.checkup.tabular.layout import Columns, layout_hash
from tests.checkup.drafting.layouts import Unseen
from tests.checkup.drafting.truth import Truth, family

ON = date(2026, 6, 1)
_FILLS = {
    "text": ("特記事項なし", "担当者確認済", "再提出待ち"),
    "date": ("2026/04/01", "2026/05/20"),
    "number": ("65.2", "120", "23"),
}


@dataclass(frozen=True)
class Figures:
    """Columns of one layout. ``right`` and ``missed`` have a counterpart; ``wrong`` went to a false target or were ignored by mistake."""

    name: str
    columns: int
    counterparts: int
    right: int
    wrong: int
    faults: tuple[str, ...] = field(default=(), repr=False)
    missed: tuple[str, ...] = field(default=(), repr=False)

    @property
    def share_right(self) -> float:
        """Of the columns that have a counterpart."""
        return self.right / self.counterparts

    @property
    def share_wrong(self) -> float:
        """Of all columns."""
        return self.wrong / self.columns

    def line(self) -> str:
        """For a person."""
        return (
            f"{self.name}: {self.columns} columns, {self.counterparts} with a counterpart, "
            f"{self.share_right:.1%} right, {self.share_wrong:.1%} wrong"
        )


def total(name: str, figures: list[Figures]) -> Figures:
    """All layouts as if they were one."""
    return Figures(
        name, sum(one.columns for one in figures), sum(one.counterparts for one in figures), sum(one.right for one in figures),
        sum(one.wrong for one in figures),
    )  # fmt: skip


def _truth_map(layout: Unseen) -> LayoutMap:
    rules = []
    count: dict[tuple[str, str], int] = {}
    for number, one in enumerate(layout.truths, 1):
        if one.target and one.kind:
            place = one.target, one.role.value
            count[place] = count.get(place, 0) + 1
            rules.append(MapRule(one.target, count[place], one.role, (Locator(column=number),), one.kind))
    return LayoutMap("truth", "truth", layout_hash(layout.headers, ","), ON, ON, len(layout.headers), {}, tuple(rules))


def rows_of(layout: Unseen, items: ItemTable, count: int = 60, *, messy: bool = True) -> Iterator[list[str]]:
    """Invented rows under the layout's headings."""
    maker = Maker(layout.headers, _truth_map(layout), items, ON, messy=messy)
    random = Random(5)
    for row in maker.rows(7, count):
        for index, one in enumerate(layout.truths):
            if one.fill:
                row[index] = random.choice(_FILLS[one.fill])
        yield row


def file_of(layout: Unseen, items: ItemTable, count: int = 60) -> bytes:
    """The layout as a file."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerows(layout.headers)
    writer.writerows(rows_of(layout, items, count))
    return text.getvalue().encode(layout.encoding)


def drafted(layout: Unseen, items: ItemTable, words: WordList) -> Draft:
    """The drafter's answer."""
    return draft(io.BytesIO(file_of(layout, items)), items, words, institution="unseen", on=ON)


def figures(layout: Unseen, items: ItemTable, words: WordList) -> Figures:
    """How many columns were placed right and wrong."""
    right = wrong = counterparts = 0
    faults: list[str] = []
    missed: list[str] = []
    for column, one in zip(drafted(layout, items, words).columns, layout.truths, strict=True):
        proposal = column.proposal
        counterparts += bool(one.target)
        said = (family(proposal.target, items), proposal.role) if proposal.target else None
        real = (family(one.target, items), one.role) if one.target else None
        if said is not None and said == real:
            right += 1
        elif said is not None or (real is not None and proposal.placing in {Placing.IGNORE, Placing.SPARE}):
            wrong += 1
            faults.append(f"{column.heading} -> {said or proposal.placing} ({proposal.confidence}), truth {real}")
        elif real is not None:
            codes = ",".join(reason.code for reason in proposal.reasons)
            best = [(other.target, other.role.value, other.confidence) for other in column.alternatives[:1]]
            missed.append(f"{column.heading} ({codes}) {best} truth {real}")
    return Figures(layout.name, len(layout.truths), counterparts, right, wrong, tuple(faults), tuple(missed))


def agency(shared: Path, map_text: str) -> Unseen | None:
    """The real layout of 830 columns, when it is there; its truth is our own map of it."""
    path = shared / "data/layouts/agency-830-columns-header.csv"
    if not path.exists():
        return None
    with path.open(encoding="utf-8", newline="") as stream:
        headers = [row for row in csv.reader(stream) if row][:1]
    known = load_map(map_text)
    columns = Columns(headers)
    truths = [Truth()] * columns.size
    for rule in known.rules:
        for place in rule.at:
            index = columns.find_optional(place)
            if index is not None:
                truths[index] = Truth(rule.target, rule.role, rule.kind)
    return Unseen("agency", (tuple(headers[0]),), tuple(truths))
