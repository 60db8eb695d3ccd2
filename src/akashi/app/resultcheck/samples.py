"""Invented people whose results take every form, and guidance, a claim and old codes: what the probes of this package convert.

Guarantees: five people of the seeded maker; between them each form of a result stands at least once (value, not done, unmeasurable,
below, above, with range, mark and doctor). Refuses: any real person. Trusts ``selfcheck.formats`` for the layout.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from dataclasses import replace

from akashi.app.desk.maps import FORMATS, today
from akashi.app.gateway.home import Gateway
from akashi.app.selfcheck.formats import sample
from akashi.checkup import ItemResult, ItemTable, NeutralRecord, Status, read_records
from akashi.checkup.archive.model import Charge, Claim, Claimant, PricedItem
from akashi.checkup.cells.numbers import WORD_OF_QUALIFIER
from akashi.checkup.cells.terms import NOT_DONE, UNMEASURABLE
from akashi.checkup.formats.items import Item

DOCTOR = "架空　医師"
_OLD_TABLE = "items-v3.csv"
_STEPS = (("1020000001", "積極的支援", "1"), ("1022000011", "2026-05-20", ""), ("1021001032", "62.5", ""))
"""A level, a day and a goal of a guidance."""
CLAIM = Claim(
    Claimant("9910000001", "99000001", "345", "ホシ　ソラ", "1970-01-02", "1", "12", "01", "100-0001", "架空県"), "2", "1", 9000, 1000, 8000,
    ticket="12345678901", expires="2027-03-31", charge_basic=Charge("2", amount=1000), unit_basic=9000,
    unit_detail=(PricedItem(2000, "1"),), paid_basic=1000,
)  # fmt: skip
"""Invented: the insurer's number begins with 99, which no insurer has."""


def plain(gateway: Gateway) -> list[NeutralRecord]:
    """Five people as their institution's file has them. Raises ``Unreached`` where no layout is shipped."""
    layout, data = sample(gateway)
    on, items = today(gateway.clock.now_ms()), gateway.maps.items()
    return list(read_records(io.BytesIO(data), layout, on=on, items=items))


def people(gateway: Gateway) -> list[NeutralRecord]:
    """The same five with all forms between them."""
    items = gateway.maps.items()
    return [replace(one, items=tuple(_formed(one, items))) for one in plain(gateway)]


def _formed(record: NeutralRecord, items: ItemTable) -> Iterator[ItemResult]:
    """The person's results; the first five measured ones each in a form of its own, and a doctor where one may stand."""
    forms: list[Callable[[ItemResult], ItemResult]] = [
        lambda one: replace(one, status=Status.NOT_DONE, standard=NOT_DONE, original=NOT_DONE, flag=""),
        lambda one: replace(one, status=Status.UNMEASURABLE, standard=UNMEASURABLE, original=UNMEASURABLE, flag=""),
        lambda one: _beyond(one, Status.BELOW, "<"),
        lambda one: _beyond(one, Status.ABOVE, ">="),
        lambda one: replace(one, low="1", high="9", flag="H"),
    ]
    for one in record.items:
        if forms and _is_measured(one, items):
            yield forms.pop(0)(one)
        else:
            yield replace(one, performer=DOCTOR) if items.items[one.code].author_item else one


def _beyond(one: ItemResult, status: Status, sign: str) -> ItemResult:
    said = one.standard + WORD_OF_QUALIFIER[sign]
    return replace(one, status=status, qualifier=sign, standard=said, original=said)


def _is_measured(one: ItemResult, items: ItemTable) -> bool:
    item = items.items[one.code]
    return item.type == "PQ" and not item.system and not item.group and one.status is Status.VALUE


def guidance(first: NeutralRecord, items: ItemTable) -> NeutralRecord:
    """A guidance report of the same person."""
    fields = {**first.fields, "visit.report": "22", "visit.program": "100"}
    results = tuple(
        ItemResult(code, 1, Status.VALUE, items.items[code].unit, text, text, coded) for code, text, coded in _STEPS
    )
    return replace(first, fields=fields, originals=fields, items=results)


def old_codes(items: ItemTable) -> list[Item]:
    """The items of the table before the present one, as far as they are known here."""
    with (FORMATS / _OLD_TABLE).open(encoding="utf-8", newline="") as file:
        codes = [row["code"] for row in csv.DictReader(file)]
    return [found for code in codes if (found := items.items.get(code)) is not None and found.entry]


def of_old(first: NeutralRecord, items: ItemTable) -> NeutralRecord:
    """A result of every item that only the earlier table has."""
    return replace(first, items=tuple(_old(item, items) for item in old_codes(items)))


def _old(item: Item, items: ItemTable) -> ItemResult:
    code, label = next(iter(items.labels(item.code).items()), ("", "1"))
    return ItemResult(item.code, 1, Status.VALUE, item.unit, label, label, code, name=item.name)
