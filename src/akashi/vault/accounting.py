"""Who must say that a payload is gone, and who has said it: erasure where several servers hold copies (docs/network-payloads.md section 3).

Guarantees: from the moment of an order every voting server, and every other holder of copies (a mirror), owes a receipt of its own; the list is
fixed then and each one's first word stands. A ledger that one server keeps alone, with no further holder, has no rows here, and nothing
changes for it. Refuses: words of servers that owe none. Trusts the state; ``apply`` of the kinds in ``events`` decides who may write.

State (owned here; a number is that of ``ledger.keyring.members``, 1 the founding server, also while it keeps the ledger alone):
``payh`` number -> key id of a holder that does not vote (empty: not any more); ``paye`` payload -> ``[ordered, [[number, account, at, horizon, level], ...]]``;
``payw`` number, payload -> ordered, while that server owes its receipt.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

from akashi.ledger.errors import LedgerDamaged, Refused
from akashi.ledger.keyring.members import members
from akashi.ledger.state import ReadState, WriteState
from akashi.ledger.wire.cbor import Value
from akashi.vault.model import Account, CopyAccount, ErasureLevel
from akashi.vault.rules import is_overdue

FOUNDING = 1
"""The number of the server that keeps a ledger alone; it stays its number when further servers come."""
HOLDERS, ACCOUNTS, WAITING = "payh", "paye", "payw"
_LAST_SERVER = 9999
"""Servers have numbers up to here (``network.events``); mirrors are counted on."""


class Owed(NamedTuple):
    """A receipt that is not there yet: whose, for which payload, since when."""

    number: int
    payload: bytes
    ordered_ms: int


def add_holder(state: WriteState, key: bytes) -> int:
    """From now on a mirror with this key (id) holds copies without voting; its number. Raises ``Refused`` ``holder.key``: that key has one."""
    number = max((int.from_bytes(at, "big") for at, _ in state.scan(HOLDERS)), default=0)
    number = max(number, _LAST_SERVER) + 1
    put_holder(state, number, key)
    return number


def put_holder(state: WriteState, number: int, key: bytes) -> None:
    """From now on the server (or mirror) of this number holds copies without voting. Raises ``Refused`` ``holder.number``, ``holder.key``."""
    voting = members(state)
    if number <= (0 if voting else FOUNDING) or number in {one.number for one in voting}:
        raise Refused("holder.number")
    others = {held for at, held in holders(state).items() if at != number}
    if key in others | {one.server_key for one in voting}:
        raise Refused("holder.key")
    state.put(HOLDERS, _at(number), key)


def drop_holder(state: WriteState, number: int) -> None:
    """It gets no further copies; a mirror's number is never given again. What it still owes is ``events.close_copies``'s."""
    if number in holders(state):
        state.put(HOLDERS, _at(number), b"")


def holders(state: ReadState) -> dict[int, bytes]:
    """Number to key id of the holders that do not vote."""
    return {int.from_bytes(at, "big"): key for at, key in state.scan(HOLDERS) if isinstance(key, bytes) and key}


def number_of(state: ReadState, server_key: bytes) -> int | None:
    """The number under which a server's receipts count now, or ``None`` for a server that owes none."""
    voting = members(state)
    found = {one.server_key: one.number for one in voting} | {key: number for number, key in holders(state).items()}
    return found.get(server_key, None if voting else FOUNDING)


def open_accounts(state: WriteState, payload: bytes, block_ms: int) -> None:
    """An order was given: whoever holds copies now owes a receipt. Writes nothing where one server keeps everything."""
    owing = sorted(_numbers(state))
    if not owing:
        return
    if not members(state):
        owing = [FOUNDING, *owing]
    _put(state, payload, block_ms, [CopyAccount(number) for number in owing])
    for number in owing:
        state.put(WAITING, _at(number) + payload, block_ms)


def accounts(state: ReadState, payload: bytes) -> tuple[CopyAccount, ...]:
    """Every copy of a payload whose erasure was ordered, by number; empty where one server keeps everything."""
    return () if (row := _row(state, payload)) is None else row[1]


def ordered_ms(state: ReadState, payload: bytes) -> int | None:
    """When the accounts of a payload were opened, or ``None`` if they never were."""
    return None if (row := _row(state, payload)) is None else row[0]


def settle(state: WriteState, payload: bytes, said: CopyAccount) -> tuple[CopyAccount, ...]:
    """Enter one server's word; the accounts as they are then. Raises ``Refused`` ``payload.holder``, ``payload.said``."""
    row = _row(state, payload)
    if row is None:
        raise LedgerDamaged("state.paye")
    since, old = row
    mine = next((one for one in old if one.number == said.number), None)
    if mine is None:
        raise Refused("payload.holder")
    if mine.account is not Account.WAITING:
        raise Refused("payload.said")
    new = tuple(said if one is mine else one for one in old)
    _put(state, payload, since, new)
    state.delete(WAITING, _at(said.number) + payload)
    return new


def owed_by(state: ReadState, number: int) -> Iterator[Owed]:
    """The receipts that one server still owes, in order of the payloads' ids."""
    yield from _owed(state, _at(number))


def overdue(state: ReadState, now_ms: int, after_ms: int) -> list[Owed]:
    """Receipts that have been missing for longer than ``after_ms``: an alarm for each (docs/network-payloads.md section 3)."""
    return [one for one in _owed(state, b"") if is_overdue(one.ordered_ms, now_ms, after_ms)]


def _owed(state: ReadState, prefix: bytes) -> Iterator[Owed]:
    for at, since in state.scan(WAITING, prefix):
        if not isinstance(since, int) or len(at) != 20:
            raise LedgerDamaged("state.payw")
        yield Owed(int.from_bytes(at[:4], "big"), at[4:], since)


def _numbers(state: ReadState) -> set[int]:
    return {one.number for one in members(state)} | set(holders(state))


def _at(number: int) -> bytes:
    return number.to_bytes(4, "big")


def _row(state: ReadState, payload: bytes) -> tuple[int, tuple[CopyAccount, ...]] | None:
    match state.get(ACCOUNTS, payload):
        case None:
            return None
        case [int(since), list(rows)]:
            return since, tuple(_load(one) for one in rows)
    raise LedgerDamaged("state.paye")


def _load(row: Value) -> CopyAccount:
    match row:
        case [int(number), int(account), int(at), int(horizon), int(level)]:
            return CopyAccount(number, Account(account), at, horizon, ErasureLevel(level))
    raise LedgerDamaged("state.paye")


def _put(state: WriteState, payload: bytes, since: int, rows: list[CopyAccount] | tuple[CopyAccount, ...]) -> None:
    listed: list[Value] = [
        [one.number, int(one.account), one.at_ms, one.backup_horizon_ms, int(one.level)] for one in rows
    ]
    state.put(ACCOUNTS, payload, [since, listed])


def not_proven(number: int, block_ms: int) -> CopyAccount:
    """The account of a server that left without a word: nobody knows what it still holds."""
    return replace(CopyAccount(number), account=Account.NOT_PROVEN, at_ms=block_ms, backup_horizon_ms=block_ms)
