"""What is missing or too weak: a vendor's replies against own needs, reports that clauses ask for, certificates that run out.

Guarantees: pure; every need, every clause and every certificate is accounted for; an unanswered need is a gap, never met. Refuses
nothing: a reply to something that nobody needs is simply not compared. Trusts nobody: what a vendor says is the vendor's word.

>>> compare({"1": Reply.PARTLY}, [Need("1", Reply.YES, 3), Need("2", Reply.YES, 1)])[0]
Compared(item='1', outcome=<Outcome.WEAKER: 2>, needed=<Reply.YES: 1>, given=<Reply.PARTLY: 2>, risk=3)
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum

from akashi.conformity.flow.model import Certificate
from akashi.conformity.model import DAY_MS, Catalogue, Decision, Item, Mode, Reply, Verdict

WARN_MS = 60 * DAY_MS
_STRENGTH = {Reply.YES: 3, Reply.PARTLY: 2, Reply.NO: 1, Reply.NOT_APPLICABLE: 0}


class Outcome(IntEnum):
    """How a reply compares with a need; smaller is worse."""

    MISSING = 1
    WEAKER = 2
    MET = 3


@dataclass(frozen=True, slots=True)
class Need:
    """What one's own risk assessment needs of an item: the weakest acceptable reply and the risk (1 low to 3 high)."""

    item: str
    reply: Reply
    risk: int = 2


@dataclass(frozen=True, slots=True)
class Compared:
    """One need with what was replied."""

    item: str
    outcome: Outcome
    needed: Reply
    given: Reply | None
    risk: int


def compare(answers: Mapping[str, Reply], required: Sequence[Need]) -> list[Compared]:
    """Every need against the vendor's replies, the highest risks first, gaps before what is met.

    はい meets everything, 一部 what needs 一部, いいえ nothing but a need of いいえ; 対象外 meets only a need of 対象外.
    """
    rows = [_compared(one, answers.get(one.item)) for one in required]
    return sorted(rows, key=lambda one: (one.outcome is Outcome.MET, -one.risk, one.outcome, one.item))


def _compared(need: Need, given: Reply | None) -> Compared:
    if given is None:
        outcome = Outcome.MISSING
    elif given is need.reply or (_STRENGTH[given] >= _STRENGTH[need.reply] and given is not Reply.NOT_APPLICABLE):
        outcome = Outcome.MET
    else:
        outcome = Outcome.WEAKER
    return Compared(need.item, outcome, need.reply, given, need.risk)


def missing_reports(
    catalogue: Catalogue, results: Iterable[Decision], reports: Iterable[tuple[str, str]]
) -> list[Item]:
    """The applicable items of a catalogue that ask for a report and have none. ``reports``: (catalogue, item) of those received."""
    apart = {one.item for one in results if one.verdict is Verdict.NOT_APPLICABLE}
    made = {item for of, item in reports if of == catalogue.id}
    return [
        one
        for one in catalogue.items
        if one.report and one.mode is not Mode.GROUP and one.id not in apart and one.id not in made
    ]


def open_items(decisions: Iterable[Decision]) -> list[Decision]:
    """Applicable items without a verdict: what keeps a system flagged."""
    return [one for one in decisions if one.verdict is Verdict.UNDECIDED]


def verdict_counts(decisions: Iterable[Decision]) -> tuple[int, ...]:
    """How many decisions have each verdict, in the order of the verdicts' numbers."""
    found = [one.verdict for one in decisions]
    return tuple(found.count(verdict) for verdict in Verdict)


def running_out(certificates: Iterable[Certificate], now_ms: int, within_ms: int = WARN_MS) -> list[Certificate]:
    """Certificates that have expired or will within ``within_ms``, the earliest first."""
    due = [one for one in certificates if one.expires_ms <= now_ms + within_ms]
    return sorted(due, key=lambda one: one.expires_ms)
