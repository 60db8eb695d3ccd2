"""What a writer of records says and counts, and how a text is carried by CP932.

Guarantees: every finding goes to the caller's sink and is counted by code. Refuses: dropping a sign silently: one that
the encoding lacks becomes 〓 with a finding.

>>> carried("髙い𠮷", "cp932")
('髙い〓', True)
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from akashi.checkup.cells.fold import clean
from akashi.checkup.cells.numbers import WORD_OF_QUALIFIER
from akashi.checkup.formats.items import Item
from akashi.checkup.model import Finding, ItemResult, NeutralRecord, Status
from akashi.checkup.writers.standard_csv import REPLACEMENT, encodable

_WEAKER = {Status.BELOW: "<=", Status.ABOVE: ">="}
FindingSink = Callable[[Finding], None]


def bound(result: ItemResult) -> tuple[str, str]:
    """(number or text, mark) of a result; a value that lies beyond and has no mark gets the weakest that is true: 以下, 以上.

    >>> bound(ItemResult("9N001000000000001", 1, Status.ABOVE, "cm", "250", "250"))
    ('250', '>=')
    """
    sign = result.qualifier if result.qualifier in WORD_OF_QUALIFIER else ""
    plain = result.standard.removesuffix(WORD_OF_QUALIFIER.get(sign, ""))
    return plain, sign or _WEAKER.get(result.status, "")


def answer(result: ItemResult, item: Item | None) -> str:
    """What a format that writes answers by their code writes: a code only where the item has answers, and was understood."""
    coded = result.status is not Status.UNMATCHED and (item is None or item.type in {"CD", "CO"})
    return (result.coded if coded else "") or result.standard


def contradicts(result: ItemResult) -> bool:
    """Whether the mark says the opposite of the status, or nobody knows it."""
    if not result.qualifier:
        return False
    opposite = Status.ABOVE if result.qualifier.startswith("<") else Status.BELOW
    return result.qualifier not in WORD_OF_QUALIFIER or result.status in {opposite, Status.VALUE}


class Tally:
    """Counts records and findings of one file, and hands the findings on."""

    def __init__(self, sink: FindingSink | None) -> None:
        self._sink = sink
        self._codes: Counter[str] = Counter()
        self.records = 0

    def say(self, code: str, record: NeutralRecord, item: str, header: str = "", original: str = "") -> None:
        """One finding about ``item`` (a code or a field) of ``record``."""
        self._codes[code] += 1
        if self._sink is not None:
            self._sink(Finding(code, record.row, record.line, 0, header, original, item))

    def counts(self) -> dict[str, int]:
        """``rows.out`` and the findings per code: numbers only, fit for the ledger."""
        return {"rows.out": self.records} | dict(sorted(self._codes.items()))


def in_signs_of(text: str, encoding: str) -> tuple[str, bool]:
    """``text`` as ``encoding`` gives it back, and whether a sign was replaced."""
    if encoding != "cp932" or text.isascii():
        return text, False
    try:
        data, replaced = text.encode("cp932"), False
    except UnicodeEncodeError:
        mended = "".join(sign if encodable(sign) else REPLACEMENT for sign in text)
        data, replaced = mended.encode("cp932"), True
    # Some signs share one code (the two waves): what is read back is the one that CP932 knows.
    return data.decode("cp932"), replaced


def carried(text: str, encoding: str = "cp932") -> tuple[str, bool]:
    """``text`` on one line in the signs of ``encoding``, and whether any was replaced."""
    return in_signs_of(clean(text)[0], encoding)


def quoted(cells: list[str]) -> bytes:
    """One line of a format that quotes every cell, in CP932."""
    return b",".join(b'"' + cell.replace('"', '""').encode("cp932") + b'"' for cell in cells) + b"\r\n"
