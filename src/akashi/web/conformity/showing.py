"""What templates need of conformity: tones and words of enums, bars, differences, days.

Guarantees: pure; a verdict is told by a word and a sign, never by colour alone. Refuses nothing. Trusts: the caller's values.

>>> [(one.key, one.start, one.width) for one in bar(Shares(3, 0, 0, 1, 0))]
[('measured', 0.0, 75.0), ('open', 75.0, 25.0)]
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from difflib import SequenceMatcher

from akashi.app.conformity.views import ends_soon
from akashi.conformity.model import DAY_MS, Answer, Basis, Decision, Shares, Verdict
from akashi.web.rendering import day

TONES = {
    Verdict.CONFORMS: "good",
    Verdict.PARTIAL: "warn",
    Verdict.FAILS: "stop",
    Verdict.NOT_APPLICABLE: "",
    Verdict.UNDECIDED: "open",
}
SIGNS = {
    Verdict.CONFORMS: "○",
    Verdict.PARTIAL: "△",
    Verdict.FAILS: "×",
    Verdict.NOT_APPLICABLE: "－",
    Verdict.UNDECIDED: "？",
}
_KEYS = ("measured", "document", "word", "open", "not_applicable")
_JAPAN = timezone(timedelta(hours=9))
_LABELLED = 9.0
"""From this width (per cent) a segment has room for its number."""


@dataclass(frozen=True, slots=True)
class Segment:
    """One piece of a bar, in per cent."""

    key: str
    count: int
    start: float
    width: float

    @property
    def labelled(self) -> bool:
        """Whether its number fits into it."""
        return self.width >= _LABELLED

    @property
    def middle(self) -> float:
        """Where its number stands."""
        return round(self.start + self.width / 2, 2)


class Typed(dict[str, str]):
    """What was typed into a form, for a template; a field that nobody filled is empty.

    >>> Typed({"text": "x"})["due"]
    ''
    """

    def __missing__(self, key: str) -> str:
        """Empty."""
        return ""


def bar(shares: Shares) -> list[Segment]:
    """The segments of a bar, empty ones left out."""
    made, at = [], 0
    for key, count in parts(shares):
        if count:
            made.append(Segment(key, count, round(100 * at / shares.total, 2), round(100 * count / shares.total, 2)))
        at += count
    return made


def parts(shares: Shares) -> list[tuple[str, int]]:
    """Every kind with its count, also the empty ones."""
    return [(key, getattr(shares, key)) for key in _KEYS]


def added(all_shares: Sequence[Shares]) -> Shares:
    """Several sheets as one."""
    return Shares(*(sum(getattr(one, key) for one in all_shares) for key in _KEYS))


def verdict(one: Decision, now_ms: int) -> dict[str, object]:
    """A decision for a template."""
    return {
        "verdict": one.verdict.name.lower(),
        "tone": TONES[one.verdict],
        "sign": SIGNS[one.verdict],
        "basis": one.basis.name.lower() if one.basis is not Basis.NONE else "",
        "expires_ms": one.expires_ms or None,
        "soon": ends_soon(one, now_ms),
        "contradiction": one.contradiction,
        "carried": one.carried,
    }


def differences(before: str, after: str) -> list[tuple[str, str]]:
    """(``same`` | ``gone`` | ``new``, text) pieces from one text to the next.

    >>> differences("年1回", "年2回")
    [('same', '年'), ('gone', '1'), ('new', '2'), ('same', '回')]
    """
    pieces: list[tuple[str, str]] = []
    for tag, a, b, c, d in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if tag == "equal":
            pieces.append(("same", before[a:b]))
            continue
        pieces += [(kind, text) for kind, text in (("gone", before[a:b]), ("new", after[c:d])) if text]
    return pieces


def changes(history: Sequence[Answer]) -> list[dict[str, object]]:
    """A history (newest first) with what differs from the version before."""
    rows = []
    for at, one in enumerate(history):
        before = history[at + 1] if at + 1 < len(history) else None
        rows.append(
            {
                "at_ms": one.answered_ms,
                "reply": one.reply.name.lower(),
                "before": before.reply.name.lower() if before and before.reply is not one.reply else "",
                "pieces": differences(before.text if before else one.text, one.text),
                "added": len(set(one.evidence) - set(before.evidence if before else ())),
                "removed": len(set(before.evidence if before else ()) - set(one.evidence)),
                "owner": one.owner,
                "carried": bool(one.carried_from),
            }
        )
    return rows


def day_value(at_ms: int) -> str:
    """A day as date fields carry it; empty for 0."""
    return day(at_ms, "en") if at_ms else ""


def day_end(text: str) -> int | None:
    """The last millisecond of a day in Japan, ``None`` for what is no day, or one before 1970.

    >>> day_end("1970-01-01"), day_end("soon")
    (53999999, None)
    """
    try:
        at = datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=_JAPAN)
        end = int(at.timestamp() * 1000) + DAY_MS - 1
        return end if end >= 0 else None
    except (ValueError, OverflowError):
        return None
