"""What can be said of one normalised cell by its item alone: range, length, answer.

Guarantees: pure; the same function serves every format, so a value is out of range for all or for none; a code the cell already
has is not said twice. Refuses: changing the cell. Trusts: the item table.

>>> from akashi.checkup.model import Outcome, Status
>>> cell_findings(CellLimits(low=20.0, high=250.0), Outcome("300", Status.VALUE))
('cell.range',)
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from akashi.checkup.cells.fold import width
from akashi.checkup.formats.items import ItemTable
from akashi.checkup.model import Outcome, Status

_DAY, _DAY_BYTES = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}"), 8
_BOUNDS = ("未満", "以下", "以上", "超")


@dataclass(frozen=True, slots=True)
class CellLimits:
    """What an item allows: input range, bytes of a text (0: any), and answers (empty: any)."""

    low: float = -math.inf
    high: float = math.inf
    text_bytes: int = 0
    answers: Mapping[str, str] = field(default_factory=dict)


_FREE = CellLimits()


def limits_of(items: ItemTable, code: str, answers: str = "") -> CellLimits:
    """The limits of item ``code``; ``answers`` names another answer table than the item's, where the source did."""
    item = items.items.get(code)
    if item is None:
        return _FREE
    if item.type == "ST":
        return CellLimits(text_bytes=item.bytes)
    if item.type == "PQ":
        return CellLimits(low=float(item.low or "-inf"), high=float(item.high or "inf"))
    return CellLimits(answers=items.answers.get(answers, {}) if answers else items.labels(code))


def number_of(outcome: Outcome) -> float | None:
    """The number that the cell states, whether measured or a bound; ``None`` for words."""
    text = outcome.standard
    if outcome.qualifier:
        for word in _BOUNDS:
            text = text.removesuffix(word)
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _too_wide(text: str, limit: int) -> bool:
    # No sign is wider than two, so most texts need no counting. Days are written without dashes where bytes count.
    return len(text) * 2 > limit and width(text) > limit and not (limit >= _DAY_BYTES and _DAY.fullmatch(text))


def cell_findings(limits: CellLimits, outcome: Outcome) -> tuple[str, ...]:
    """The codes to add to ``outcome.findings``: ``cell.range``, ``cell.bytes``, ``cell.answer``."""
    if outcome.status is Status.EMPTY or outcome.status is Status.UNMATCHED:
        return ()
    if limits.answers:
        wrong = outcome.coded != "" and outcome.coded not in limits.answers
        return ("cell.answer",) if wrong else ()
    if limits.text_bytes:
        return ("cell.bytes",) if _too_wide(outcome.standard, limits.text_bytes) else ()
    if limits.low == -math.inf and limits.high == math.inf:
        return ()
    value = None if outcome.status in {Status.NOT_DONE, Status.UNMEASURABLE} else number_of(outcome)
    outside = value is not None and not limits.low <= value <= limits.high
    return ("cell.range",) if outside and "cell.range" not in outcome.findings else ()
