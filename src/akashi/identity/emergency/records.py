"""Emergency accounts, openings and declarations in the replicated state.

Guarantees: every row begins with its institution, so that a server shows it to that institution only. Spaces: ``emga`` account, ``emgo``
opening, ``emgd`` declaration, ``emgu`` opener 00 opening (an opening whose review is owed), ``emgx`` every digest that ever sealed one.
"""

from __future__ import annotations

from collections.abc import Iterator

from akashi.identity.emergency.model import (
    AccountState,
    Declaration,
    EmergencyAccount,
    Opening,
    OpenReason,
    ReviewVerdict,
    Stage,
    StepOutcome,
    Tick,
)
from akashi.identity.model import Role
from akashi.ledger.errors import LedgerDamaged
from akashi.ledger.state import ReadState, WriteState
from akashi.ledger.wire.cbor import Value

ACCOUNTS, OPENINGS, DECLARATIONS, OWED, DIGESTS = "emga", "emgo", "emgd", "emgu", "emgx"


def account(state: ReadState, person: str) -> EmergencyAccount | None:
    """The sealed account of this person handle."""
    row = state.get(ACCOUNTS, person.encode())
    return None if row is None else _account(person, row)


def accounts(state: ReadState) -> Iterator[EmergencyAccount]:
    """All of them, in the order of their handles; through a member's view that member's only."""
    return (_account(key.decode(), row) for key, row in state.scan(ACCOUNTS))


def opening(state: ReadState, handle: str) -> Opening | None:
    """The opening with this handle."""
    row = state.get(OPENINGS, handle.encode())
    return None if row is None else _opening(handle, row)


def openings(state: ReadState) -> Iterator[Opening]:
    """All openings, in the order of their handles."""
    return (_opening(key.decode(), row) for key, row in state.scan(OPENINGS))


def present_opening(state: ReadState, found: EmergencyAccount | None) -> Opening | None:
    """The opening that an account stands under."""
    return None if found is None or found.opening is None else opening(state, found.opening)


def declaration(state: ReadState, handle: str) -> Declaration | None:
    """The declared emergency with this handle."""
    row = state.get(DECLARATIONS, handle.encode())
    return None if row is None else _declaration(handle, row)


def declarations(state: ReadState) -> Iterator[Declaration]:
    """All declared emergencies, in the order of their handles."""
    return (_declaration(key.decode(), row) for key, row in state.scan(DECLARATIONS))


def owes_review(state: ReadState, person: str) -> bool:
    """Has the person an opening of their own that nobody reviewed yet?"""
    return next(iter(state.scan(OWED, person.encode() + b"\x00")), None) is not None


def was_used(state: ReadState, digest: bytes) -> bool:
    """Did this digest ever seal an account?"""
    return state.get(DIGESTS, digest) is not None


def save_account(state: WriteState, value: EmergencyAccount) -> None:
    """Insert or replace; the digest is remembered for good."""
    state.put(
        ACCOUNTS,
        value.person.encode(),
        [
            value.institution, int(value.state), value.sealed, value.generation, int(value.grants), value.opening,
            value.since_ms,
        ],
    )  # fmt: skip
    state.put(DIGESTS, value.sealed, [value.institution, value.person])


def save_opening(state: WriteState, value: Opening) -> None:
    """Insert or replace; a review is owed from the opening on until it is given."""
    head: list[Value] = [value.institution, value.account, int(value.reason), value.opener, value.alone]
    times: list[Value] = [int(value.stage), value.asked_ms, value.until_ms, value.second, value.opened_ms]
    ends: list[Value] = [value.taken_by, value.closed_ms, value.reviewer]
    ends += [None if value.verdict is None else int(value.verdict), value.notes, value.declaration, value.generation]
    state.put(OPENINGS, value.handle.encode(), [*head, *times, *ends])
    owed = value.opener.encode() + b"\x00" + value.handle.encode()
    if value.stage in (Stage.OPEN, Stage.CLOSED):
        state.put(OWED, owed, [value.institution])
    else:
        state.delete(OWED, owed)


def save_declaration(state: WriteState, value: Declaration) -> None:
    """Insert or replace."""
    ticks: list[Value] = [[one.step, int(one.outcome), one.person, one.at_ms] for one in value.ticks]
    state.put(
        DECLARATIONS,
        value.handle.encode(),
        [
            value.institution, int(value.cause), value.checklist, value.by, value.declared_ms, value.ended_ms,
            list(value.openings), ticks,
        ],
    )  # fmt: skip


def _account(person: str, row: Value) -> EmergencyAccount:
    match row:
        case [str(of), int(stands), bytes(sealed), int(n), int(grants), (str() | None) as opened, int(since)]:
            return EmergencyAccount(person, of, AccountState(stands), sealed, n, Role(grants), opened, since)
    raise LedgerDamaged("state.emga")


def _opening(handle: str, row: Value) -> Opening:
    match row:
        case [
            str(of), str(who), int(reason), str(opener), bool(alone),
            int(stage), int(asked), int(until), (str() | None) as second, (int() | None) as opened,
            (str() | None) as taken, (int() | None) as closed, (str() | None) as reviewer,
            (int() | None) as verdict, (bytes() | None) as notes, (str() | None) as declared, int(n),
        ]:  # fmt: skip
            found = None if verdict is None else ReviewVerdict(verdict)
            head = (handle, of, who, OpenReason(reason), opener, alone, Stage(stage), asked, until)
            return Opening(*head, second, opened, taken, closed, reviewer, found, notes, declared, n)
    raise LedgerDamaged("state.emgo")


def _declaration(handle: str, row: Value) -> Declaration:
    match row:
        case [
            str(of),
            int(cause),
            int(checklist),
            str(by),
            int(at),
            (int() | None) as ended,
            list(opened),
            list(ticks),
        ]:
            names = tuple(one for one in opened if isinstance(one, str))
            made = tuple(_tick(one) for one in ticks)
            return Declaration(handle, of, OpenReason(cause), checklist, by, at, ended, names, made)
    raise LedgerDamaged("state.emgd")


def _tick(row: Value) -> Tick:
    match row:
        case [int(step), int(outcome), str(person), int(at)]:
            return Tick(step, StepOutcome(outcome), person, at)
    raise LedgerDamaged("state.emgd")
