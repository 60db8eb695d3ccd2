"""Values that stand beside an item code: read by what the item table says of the code.

Guarantees: one reading for every coded format; a number keeps its digits, a coded answer gets its label, a grade such
as ``+-`` its code, a date becomes ISO. Refuses: raising on any text, and reading an unknown code's value at all: it
stays verbatim.

>>> from akashi.checkup.formats.items import ItemTable
>>> CodedValues(ItemTable("sha256:0", {}, {}), date(2026, 4, 1)).read("9N001", "170").findings
('read.item_unknown',)
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from datetime import date

from akashi.checkup.cells.fold import clean, key, normal
from akashi.checkup.cells.kinds import CellRule, Reader, reader
from akashi.checkup.cells.numbers import GRADES, NumberRule
from akashi.checkup.cells.terms import read_code
from akashi.checkup.formats.items import Item, ItemTable
from akashi.checkup.model import Finding, Outcome, Status

FindingSink = Callable[[Finding], None]
MEASURED = frozenset({Status.VALUE, Status.BELOW, Status.ABOVE})
# Outcomes remembered over all items of one file, and the longest text worth it.
REMEMBERED, LONGEST = 20_000, 64
DATE_BYTES = 8
_CODE = re.compile(r"[0-9A-Z]{5,17}")


def is_code(text: str) -> bool:
    """Whether ``text`` is shaped like an item code; anything else may be a person's data and is never shown as one."""
    return _CODE.fullmatch(text) is not None


def is_date(item: Item) -> bool:
    """Whether the item's text is a day: the table gives such texts eight bytes (YYYYMMDD)."""
    return item.type == "ST" and item.bytes == DATE_BYTES


def same_unit(given: str, item: Item) -> bool:
    """Whether ``given`` is one of the ways in which the table writes the item's unit; nothing given means its own."""
    return not given or given == item.unit or key(given) in {key(item.unit), key(item.xml_unit), key(item.ucum)}


def _coded(item: Item, items: ItemTable, on: date, *, by_label: bool) -> Reader:
    labels = items.labels(item.code)
    codes = {label: code for code, label in reversed(list(labels.items()))}
    graded = reader("graded", CellRule(on=on, labels=labels)) if set(codes) & set(GRADES) else None

    def read(text: str) -> Outcome:
        # Some tables number their grades one higher than they call them: label １ is code 2. What the format writes
        # goes first, so that one is never taken for the other.
        code = codes.get(text) if by_label else text if text in labels else None
        if code is not None:
            return Outcome(labels[code], Status.VALUE, code)
        outcome = read_code(text, {}, labels)
        if graded is not None and outcome.status is Status.UNMATCHED:
            again = graded(text)
            return outcome if again.status is Status.UNMATCHED else again
        return outcome

    return read


def _reader(item: Item, items: ItemTable, on: date, *, by_label: bool) -> Reader:
    if item.type == "PQ":
        number = NumberRule(item.unit, "1", item.low, item.high, item.decimals or None)
        return reader("number", CellRule(on=on, number=number))
    if item.type in {"CD", "CO"}:
        return _coded(item, items, on, by_label=by_label)
    return reader("date" if is_date(item) else "text", CellRule(on=on))


def _unknown(text: str) -> Outcome:
    return Outcome(clean(text)[0], Status.UNMATCHED, findings=("read.item_unknown",)) if text.strip() else Outcome()


class CodedValues:
    """Reads values by their item code, remembering outcomes within a bound."""

    def __init__(self, items: ItemTable, on: date, *, by_label: bool = False) -> None:
        """``by_label``: the format writes answers by their label, not by their code."""
        self._items, self._on, self._by_label = items, on, by_label
        self._readers: dict[str, Reader] = {}
        self._known: dict[tuple[str, str], Outcome] = {}

    def read(self, code: str, text: str) -> Outcome:
        """The outcome of ``text`` as a value of item ``code``."""
        known = self._known.get((code, text))
        if known is not None:
            return known
        read = self._readers.get(code)
        if read is None:
            item = self._items.items.get(code)
            if item is None:
                return _unknown(text)
            read = self._readers[code] = _reader(item, self._items, self._on, by_label=self._by_label)
        outcome = read(text)
        if len(self._known) < REMEMBERED and len(text) <= LONGEST:
            self._known[code, text] = outcome
        return outcome


_TO_HALF = {unicodedata.normalize("NFKC", chr(sign)): chr(sign) for sign in range(0xFF61, 0xFF9E)}
_TO_HALF |= {"\u3099": "ﾞ", "\u309a": "ﾟ", "　": " "}


def half_kana(text: str) -> str:
    """Full-width kana and spaces in half width (a voiced sound becomes two signs); other signs stay.

    >>> half_kana("ガギ　パー")
    'ｶﾞｷﾞ ﾊﾟｰ'
    """
    return "".join(_TO_HALF.get(sign, sign) for sign in normal("NFD", text))
