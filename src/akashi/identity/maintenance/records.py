"""Visits in the replicated state.

Guarantees: every row begins with its institution, so that a server shows it to that institution only. Spaces: ``vis`` visit; ``vism``
maintainer 00 visit, for visits that are not over.
"""

from __future__ import annotations

from collections.abc import Iterator

from akashi.identity.maintenance.model import Reads, Saw, Visit, VisitStage, VisitVerdict
from akashi.ledger.errors import LedgerDamaged
from akashi.ledger.state import ReadState, WriteState
from akashi.ledger.wire.cbor import Value

VISITS, OF_MAINTAINER = "vis", "vism"


def visit(state: ReadState, handle: str) -> Visit | None:
    """The visit with this handle."""
    row = state.get(VISITS, handle.encode())
    return None if row is None else _visit(handle, row)


def visits(state: ReadState) -> Iterator[Visit]:
    """All visits, in the order of their handles; through a member's view that member's only."""
    return (_visit(key.decode(), row) for key, row in state.scan(VISITS))


def pending_visits(state: ReadState, maintainer: str) -> list[Visit]:
    """The visits of one person that are applied for or under way."""
    prefix = maintainer.encode() + b"\x00"
    found = [visit(state, key.removeprefix(prefix).decode()) for key, _ in state.scan(OF_MAINTAINER, prefix)]
    return [one for one in found if one is not None]


def save_visit(state: WriteState, value: Visit) -> None:
    """Insert or replace."""
    head: list[Value] = [value.institution, value.maintainer, value.requester, value.plan, value.sources]
    head += [value.from_ms, value.to_ms, int(value.reads), value.impersonates, value.emergency, value.requested_ms]
    tail: list[Value] = [int(value.stage), _int(value.verdict), value.decider, value.decided_ms]
    tail += [value.begun_ms, value.ended_ms, value.report, value.reporter, _int(value.saw), value.deviations]
    state.put(VISITS, value.handle.encode(), [*head, *tail, value.reviewer, _int(value.review), list(value.acted_as)])
    index = value.maintainer.encode() + b"\x00" + value.handle.encode()
    over = value.verdict is VisitVerdict.REFUSED and value.stage is VisitStage.REQUESTED
    if value.stage in (VisitStage.REQUESTED, VisitStage.BEGUN) and not over:
        state.put(OF_MAINTAINER, index, [value.institution])
    else:
        state.delete(OF_MAINTAINER, index)


def _int(value: int | None) -> int | None:
    return None if value is None else int(value)


def _visit(handle: str, row: Value) -> Visit:
    match row:
        case [
            str(of), str(who), str(by), bytes(plan), bytes(sources),
            int(start), int(end), int(reads), bool(acts), bool(urgent), int(asked),
            int(stage), (int() | None) as verdict, (str() | None) as decider, (int() | None) as decided,
            (int() | None) as begun, (int() | None) as ended, (bytes() | None) as report, (str() | None) as reporter,
            (int() | None) as saw, (int() | None) as deviations, (str() | None) as reviewer, (int() | None) as review,
            list(acted_as),
        ]:  # fmt: skip
            return Visit(
                handle, of, who, by, plan, sources, start, end, Reads(reads), acts, urgent, asked,
                VisitStage(stage), None if verdict is None else VisitVerdict(verdict), decider, decided,
                begun, ended, report, reporter, None if saw is None else Saw(saw), deviations,
                reviewer, None if review is None else VisitVerdict(review),
                tuple(one for one in acted_as if isinstance(one, str)),
            )  # fmt: skip
    raise LedgerDamaged("state.vis")
