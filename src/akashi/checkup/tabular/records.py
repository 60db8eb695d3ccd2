"""Building the neutral record of a row from its bound rules.

Guarantees: each item carries its original text beside the standard value, with unit, range, flag, judgement and
method only as the source gives them; an item without a value is there only for its judgement or text (status EMPTY).
Refuses: computing any of these.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from akashi.checkup.formats.items import ItemTable
from akashi.checkup.model import ItemResult, NeutralRecord, Outcome, Role, Status
from akashi.checkup.tabular.binding import BoundRule, Plan

_NONE = Outcome()


@dataclass(frozen=True)
class _ItemPlan:
    code: str
    occurrence: int
    group: str
    roles: dict[Role, BoundRule]


def _read(plan: _ItemPlan, role: Role, row: Sequence[str]) -> tuple[str, Outcome]:
    bound = plan.roles.get(role)
    if bound is None:
        return "", _NONE
    text = row[bound.source]
    return (text.strip(), bound.cells.outcome(text)) if text else ("", _NONE)


def _result(plan: _ItemPlan, row: Sequence[str]) -> ItemResult | None:
    original, value = _read(plan, Role.VALUE, row)
    judged, judgement = _read(plan, Role.JUDGEMENT, row)
    text = _read(plan, Role.TEXT, row)[1].standard
    if value.status is Status.EMPTY and not judged and not text:
        return None
    flag = _read(plan, Role.FLAG, row)[1].standard or value.flag
    bound = plan.roles.get(Role.VALUE)
    return ItemResult(
        code=plan.code,
        occurrence=plan.occurrence,
        status=value.status,
        unit=bound.rule.unit if bound else "",
        original=original,
        standard=value.standard,
        coded=value.coded,
        qualifier=value.qualifier,
        low=_read(plan, Role.LOWER, row)[1].standard,
        high=_read(plan, Role.UPPER, row)[1].standard,
        flag=flag,
        judgement=judged or value.advice,
        judgement_standard=judgement.standard or value.advice,
        method=_read(plan, Role.METHOD, row)[1].standard,
        text=text,
        group=plan.group,
    )


def record_builder(plan: Plan, items: ItemTable, map_id: str) -> Callable[[int, int, Sequence[str]], NeutralRecord]:
    """A function (row number, file line, extended row) -> record."""
    fields = [bound for bound in plan.bound if "." in bound.rule.target]
    grouped: dict[tuple[str, int], dict[Role, BoundRule]] = {}
    for bound in plan.bound:
        if "." not in bound.rule.target:
            grouped.setdefault((bound.rule.target, bound.rule.occurrence), {})[bound.rule.role] = bound
    plans = [
        _ItemPlan(code, occurrence, items.items[code].group if code in items.items else "", roles)
        for (code, occurrence), roles in grouped.items()
    ]

    def build(number: int, line: int, row: Sequence[str]) -> NeutralRecord:
        values: dict[str, str] = {}
        originals: dict[str, str] = {}
        for bound in fields:
            text = row[bound.source]
            outcome = bound.cells.outcome(text)
            originals[bound.rule.target] = text.strip()
            values[bound.rule.target] = (outcome.coded or outcome.standard) if outcome.status is Status.VALUE else ""
        results = tuple(result for result in (_result(plan, row) for plan in plans) if result is not None)
        return NeutralRecord(number, line, map_id, items.table_id, values, originals, results)

    return build
