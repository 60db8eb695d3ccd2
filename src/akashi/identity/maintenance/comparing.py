"""The journal of a visit against its plan. Pure.

Guarantees: every entry is looked at; what the plan does not expect, what was refused, what was seen without being planned, what happened
outside the window and a test account that was used without being named are deviations, each with its entry's number.
"""

from __future__ import annotations

from collections.abc import Iterable

from akashi.identity.journal import Access, Outcome, What
from akashi.identity.maintenance.model import Comparison, Deviation, Saw, Visit, WorkPlan
from akashi.identity.maintenance.rules import has_personal

_ALWAYS = frozenset(
    {
        What.SIGN_IN, What.SIGN_OUT, What.SESSION_ENDED, What.SECOND_PLACE, What.PROVED_AGAIN, What.APPROVED, What.PASSWORD_SET,
        What.FACTOR_SET, What.MAINTENANCE_REQUESTED, What.MAINTENANCE_BEGUN, What.MAINTENANCE_ENDED,
    }
)  # fmt: skip
"""What belongs to being there at all."""
SEEING = frozenset({What.READ, What.OPENED, What.DOWNLOADED, What.EXPORTED, What.CONVERTED})


def entries_of(visit: Visit, plan: WorkPlan, entries: Iterable[Access]) -> list[Access]:
    """What the visitor did, and what was done as the plan's test accounts, from the visit's beginning to its end."""
    begun = visit.begun_ms if visit.begun_ms is not None else visit.from_ms
    ended = visit.ended_ms if visit.ended_ms is not None else visit.to_ms
    tests = {*plan.test_accounts, *visit.acted_as}
    return [
        entry
        for entry in entries
        if (entry.person == visit.maintainer and visit.from_ms <= entry.at_ms <= ended)
        or (entry.person in tests and begun <= entry.at_ms <= ended)
    ]


def compare(visit: Visit, plan: WorkPlan, entries: Iterable[Access]) -> Comparison:
    """Compare the entries of the visit (:func:`entries_of`) with the plan."""
    expected = _ALWAYS | set(plan.expects)
    deviations: list[Deviation] = []
    seen: dict[str, None] = {}
    acted: dict[str, None] = dict.fromkeys(visit.acted_as)
    count = saw = 0
    for entry in entries:
        count += 1
        if entry.person is not None and entry.person != visit.maintainer:
            acted.setdefault(entry.person)
            if entry.person not in visit.acted_as:
                deviations.append(Deviation("visit.test_account_unsaid", entry.number, entry.what))
        # A mistyped code is the lock-out's to judge.
        if entry.outcome is not Outcome.DONE and entry.what is not What.SIGN_IN:
            deviations.append(Deviation("visit.refused_act", entry.number, entry.what))
        elif entry.what not in expected:
            deviations.append(Deviation("visit.unplanned_act", entry.number, entry.what))
        if entry.what in SEEING and entry.outcome is Outcome.DONE:
            saw += 1
            if entry.subject is not None:
                seen.setdefault(entry.subject)
            if not has_personal(plan.reads):
                deviations.append(Deviation("visit.unplanned_data", entry.number, entry.what))
    if any(one not in plan.test_accounts for one in visit.acted_as):
        deviations.append(Deviation("visit.test_account_unplanned", 0))
    verdict = Saw.NOTHING if not saw else Saw.PLANNED if has_personal(plan.reads) else Saw.UNPLANNED
    return Comparison(count, tuple(seen), tuple(acted), tuple(deviations), verdict)
