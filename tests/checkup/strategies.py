"""Neutral records for property tests: any mix of national items, every status, invented people.

Guarantees: what is made obeys the rules of the record (no EMPTY items, values standard, answers with code and label,
numbers in canonical decimals). Refuses: names that do not come from ``akashi.checkup.generate``.
Use: ``records(items)``; ``results(items)`` for items alone; extend in your own file with ``.map`` or ``.flatmap``.
"""

from __future__ import annotations

from datetime import date, timedelta
from random import Random

from hypothesis import strategies as st

from akashi.checkup import ItemResult, ItemTable, NeutralRecord, Status
from akashi.checkup.cells.numbers import WORD_OF_QUALIFIER
from akashi.checkup.cells.terms import NOT_DONE, UNMEASURABLE
from akashi.checkup.formats.items import Item
from akashi.checkup.generate import person

# Free text: kana, kanji, widths, signs that XML and CSV must escape; no control characters, no outer spaces.
_SIGNS = "あカｶ漢字所見なし、。（）ＡaZ0９ -+=<>&\"'@;/#%|　〜①髙𠮷"
TEXTS = st.text(_SIGNS, min_size=1, max_size=24).map(lambda text: " ".join(text.split())).filter(bool)
DAYS = st.integers(0, 400).map(lambda days: date(2025, 4, 1) + timedelta(days=days))
_DOCTORS = ("架空　医師", "星見　医師", "")


def national(items: ItemTable) -> list[Item]:
    """Items of the national code system (17 signs), in table order; names of doctors are left out."""
    return [item for item in items.items.values() if len(item.code) == 17 and item.entry and not item.system]


@st.composite
def numbers(draw: st.DrawFn, item: Item) -> str:
    """A canonical decimal that fits the item's digits (its input range is not asked)."""
    whole = draw(st.integers(0, 10 ** max(item.integers, 1) - 1))
    decimals = item.decimals
    return f"{whole}.{draw(st.integers(0, 10**decimals - 1)):0{decimals}d}" if decimals else str(whole)


@st.composite
def _measured(draw: st.DrawFn, item: Item) -> dict[str, str | Status]:
    number = draw(numbers(item))
    more: dict[str, str | Status] = {"flag": draw(st.sampled_from(("", "L", "N", "H")))}
    if draw(st.booleans()):
        more["low"] = draw(st.one_of(st.just(""), numbers(item)))
        more["high"] = draw(st.one_of(st.just(""), numbers(item)))
    sign = draw(st.sampled_from(("", "", "", "<", "<=", ">=", ">")))
    if not sign:
        return more | {"standard": number, "original": number}
    text = number + WORD_OF_QUALIFIER[sign]
    status = Status.BELOW if sign.startswith("<") else Status.ABOVE
    return more | {"status": status, "qualifier": sign, "standard": text, "original": text}


@st.composite
def _said(draw: st.DrawFn, item: Item, items: ItemTable) -> dict[str, str | Status]:
    if item.type == "PQ":
        return draw(_measured(item))
    labels = items.labels(item.code)
    if item.type in {"CD", "CO"} and labels:
        code = draw(st.sampled_from(sorted(labels)))
        return {"coded": code, "standard": labels[code], "original": labels[code]}
    text = draw(DAYS).isoformat() if item.type == "ST" and item.bytes == 8 else draw(TEXTS)
    return {"standard": text, "original": text}


@st.composite
def result(draw: st.DrawFn, item: Item, items: ItemTable, occurrence: int = 1) -> ItemResult:
    """One result of ``item`` in any status but EMPTY."""
    said: dict[str, str | Status] = {"status": Status.VALUE, "standard": "", "original": ""}
    kind = draw(st.sampled_from(("said", "said", "said", "said", "not_done", "unmeasurable", "unmatched")))
    if kind == "said":
        said |= draw(_said(item, items))
    elif kind == "unmatched":
        text = draw(TEXTS)
        said |= {"status": Status.UNMATCHED, "standard": text, "original": text}
    else:
        word = NOT_DONE if kind == "not_done" else UNMEASURABLE
        said |= {"status": Status(kind), "standard": word, "original": word}
    more = {
        "judgement": draw(st.sampled_from(("", "", "C6"))),
        "method": draw(st.sampled_from(("", item.method))),
        "text": draw(st.one_of(st.just(""), TEXTS)) if draw(st.booleans()) else "",
        "performer": draw(st.sampled_from(_DOCTORS)) if item.author_item else "",
    }
    return ItemResult(
        code=item.code, occurrence=occurrence, unit=item.unit, group=item.group, name=item.name, **more, **said  # type: ignore[arg-type]  # a dict of the fields' own types
    )  # fmt: skip


@st.composite
def results(draw: st.DrawFn, items: ItemTable, *, max_size: int = 12) -> tuple[ItemResult, ...]:
    """Results of distinct items, a doctor's name item where a result names a performer, sometimes a second reading."""
    known = national(items)
    grouped = [item for item in known if item.group]
    authored = [item for item in known if item.author_item]
    chosen = draw(st.lists(st.sampled_from(known), max_size=max_size, unique_by=lambda item: item.code))
    chosen += draw(st.lists(st.sampled_from(grouped + authored), max_size=4, unique_by=lambda item: item.code))
    made: dict[tuple[str, int], ItemResult] = {}
    for item in chosen:
        made.setdefault((item.code, 1), draw(result(item, items)))
        if not item.group and draw(st.integers(0, 9)) == 0:
            made.setdefault((item.code, 2), draw(result(item, items, 2)))
    for given in list(made.values()):
        name = items.items[given.code].author_item
        if given.performer and name and (name, 1) not in made:
            shown = items.items[name].name
            made[name, 1] = ItemResult(name, 1, Status.VALUE, "", given.performer, given.performer, name=shown)
    return tuple(made.values())


def _fields(random: Random, day: date, serial: int) -> dict[str, str]:
    who = person(random, serial)
    maybe = random.random
    values = {
        "person.id": who.identifier, "person.name": who.name, "person.kana": who.kana, "person.sex": who.sex,
        "person.birth": who.birth.isoformat(), "visit.date": day.isoformat(),
        "visit.created": (day + timedelta(days=random.randrange(30))).isoformat(),
        "visit.report": random.choice(("10", "40", "41")), "visit.program": random.choice(("010", "030", "990")),
        "institution.code": "9910000001", "institution.name": "架空健診センター",
        "insurance.insurer": who.insurer, "insurance.number": who.number,
    }  # fmt: skip
    optional = {
        "person.postal": f"{random.randrange(100, 999)}-{random.randrange(10_000):04d}",
        "person.address": f"架空県星見市緑町{random.randrange(1, 30)}-{random.randrange(1, 30)}",
        "institution.telephone": "00-0000-0000", "institution.postal": "100-0000",
        "institution.address": "架空県星見市<1>&2", "insurance.insurer_name": "架空健康保険組合",
        "insurance.symbol": f"{random.randrange(1, 999)}", "insurance.branch": f"{random.randrange(100):02d}",
        "visit.number": f"{random.randrange(10**6):06d}", "visit.course": "定期健診", "employer.name": "星見製作所",
    }  # fmt: skip
    values |= {target: value for target, value in optional.items() if maybe() < 0.7}
    if maybe() < 0.5:
        values |= {"ticket.number": f"{random.randrange(10**10, 10**11)}"}
        if maybe() < 0.7:
            values |= {"ticket.kind": "1", "ticket.expires": (day + timedelta(days=90)).isoformat()}
    return values


@st.composite
def records(draw: st.DrawFn, items: ItemTable, *, max_size: int = 12) -> NeutralRecord:
    """A valid record of an invented person; every required identity field is there."""
    fields = _fields(Random(draw(st.integers(0, 2**32 - 1))), draw(DAYS), draw(st.integers(1, 99_999)))
    return NeutralRecord(1, 2, "tiny", items.table_id, fields, dict(fields), draw(results(items, max_size=max_size)))
