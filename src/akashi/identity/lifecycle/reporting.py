"""Reports of access: who was there, from when, how long, on which device, and what they touched; with marks where somebody should look.

Guarantees: pure; computed from entries of the access journal and nothing else, so that a report can be computed again. Marks are thresholds,
not judgements: a person reviews them and the review is an operation. Refuses names: a report has handles, counts and times.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum

from akashi.identity.journal import Access, Outcome, Stay, What

_HOUR_MS, _JAPAN_MS = 3_600_000, 9 * 3_600_000
_DAY_MS = 24 * _HOUR_MS
_TOUCHES = frozenset(
    {What.READ, What.OPENED, What.DOWNLOADED, What.EXPORTED, What.CONFIRMED, What.SENT, What.CONVERTED}
)
_ASKED = "ledger.approval_wanted"
"""Not a refusal: the person was asked to sign, and the same use case ran again with their answer."""
_EMERGENCY, _TEMPORARY = "emergency", "temporary"
"""How a sign-in's reason says that it was a break-glass account, or the temporary route (``AuthMethod``, lower case)."""


class Mark(IntEnum):
    """Why somebody should look at an entry. Permanent numbers, only appended."""

    OUTSIDE_HOURS = 1
    MANY_SUBJECTS = 2
    EMERGENCY = 3
    TEMPORARY = 4
    REFUSED = 5


@dataclass(frozen=True, slots=True)
class Screening:
    """Thresholds: usual hours in Japan ``[from_hour, to_hour)``, and how many records a person touches on a usual day."""

    from_hour: int
    to_hour: int
    many_subjects: int


@dataclass(frozen=True, slots=True)
class Touched:
    """What one person did to one record in the period."""

    person: str
    subject: str
    count: int
    first_ms: int
    last_ms: int


@dataclass(frozen=True, slots=True)
class Marked:
    """One entry to look at."""

    number: int
    at_ms: int
    person: str
    mark: Mark
    what: What
    subject: str | None


@dataclass(frozen=True, slots=True)
class AccessReport:
    """One period. ``stays`` are the sessions that were open in it, ``people`` how many entries each person made."""

    from_ms: int
    to_ms: int
    stays: tuple[Stay, ...]
    people: tuple[tuple[str, int], ...]
    touched: tuple[Touched, ...]
    marks: tuple[Marked, ...]


def report(
    entries: Iterable[Access], stays: Iterable[Stay], from_ms: int, to_ms: int, screening: Screening
) -> AccessReport:
    """The report of ``[from_ms, to_ms)``."""
    everything = list(entries)
    within = [one for one in everything if from_ms <= one.at_ms < to_ms and one.person is not None]
    special = {one.session: one.reason for one in everything if one.what is What.SIGN_IN and one.session is not None}
    return AccessReport(
        from_ms,
        to_ms,
        tuple(one for one in stays if one.start_ms < to_ms and (one.end_ms is None or one.end_ms >= from_ms)),
        tuple(sorted(Counter(one.person or "" for one in within).items())),
        tuple(_touched(within)),
        tuple(_marks(within, special, screening)),
    )


def is_outside(at_ms: int, screening: Screening) -> bool:
    """Is the moment outside the usual hours in Japan (UTC+9, no summer time)?

    >>> is_outside(0, Screening(7, 20, 50)), is_outside(12 * 3_600_000, Screening(7, 20, 50))
    (False, True)
    """
    hour = (at_ms + _JAPAN_MS) % _DAY_MS // _HOUR_MS
    return not screening.from_hour <= hour < screening.to_hour


def _is_touch(one: Access) -> bool:
    return one.what in _TOUCHES and one.outcome is Outcome.DONE and one.subject is not None


def _touched(entries: list[Access]) -> list[Touched]:
    found: dict[tuple[str, str], list[int]] = defaultdict(list)
    for one in entries:
        if _is_touch(one):
            found[(one.person or "", one.subject or "")].append(one.at_ms)
    return [
        Touched(person, subject, len(times), min(times), max(times))
        for (person, subject), times in sorted(found.items())
    ]


def _marks(entries: list[Access], special: dict[bytes, str | None], screening: Screening) -> list[Marked]:
    seen: dict[tuple[str, int], set[str]] = defaultdict(set)
    result = []
    for one in entries:
        who = (one.number, one.at_ms, one.person or "")
        result += [Marked(*who, mark, one.what, one.subject) for mark in _marks_of(one, special, screening)]
        if _is_touch(one):
            day = seen[(one.person or "", (one.at_ms + _JAPAN_MS) // _DAY_MS)]
            before = len(day)
            day.add(one.subject or "")
            if before <= screening.many_subjects < len(day):  # once a day, where it becomes too many
                result.append(Marked(*who, Mark.MANY_SUBJECTS, one.what, one.subject))
    return result


def _marks_of(one: Access, special: dict[bytes, str | None], screening: Screening) -> list[Mark]:
    marks = [Mark.OUTSIDE_HOURS] if is_outside(one.at_ms, screening) and one.what is not What.SESSION_ENDED else []
    how = special.get(one.session) if one.session is not None else None
    if how == _EMERGENCY:
        marks.append(Mark.EMERGENCY)
    if how == _TEMPORARY:
        marks.append(Mark.TEMPORARY)
    if one.outcome is Outcome.REFUSED and one.reason != _ASKED:
        marks.append(Mark.REFUSED)
    return marks
