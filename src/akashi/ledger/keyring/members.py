"""The servers of a ledger that several keep: who votes, with which keys, and how many make a quorum (docs/spec/network.md).

Guarantees: the rows are the result of applying operations and nothing else; a ledger of one server has none, and everything here then says so. Refuses
rows of another form (:class:`LedgerDamaged`) and members that share a key. Trusts the state. Who may change members is for the kinds of ``network``.

State: ``log`` members -> voting members; ``log`` signers -> the keys of every server that was ever enrolled, voting or not.

>>> [quorum(servers) for servers in (1, 3, 4, 7)]
[1, 3, 3, 5]
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from akashi.ledger.errors import LedgerDamaged, Refused
from akashi.ledger.state import ReadState, WriteState
from akashi.ledger.wire.cbor import Value
from akashi.ledger.wire.note import origin_parts

_MEMBERS, _SIGNERS, _HANDOVER, _GENESIS = b"members", b"signers", b"handover", b"genesis"
MAX_MEMBERS = 22
"""A checkpoint has room for 16 signatures, which is a quorum of 22 and one line of the log."""


class Member(NamedTuple):
    """A server that votes. ``number`` is in its cosigner's name; keys are 32 bytes, ``server_key`` is a key id."""

    number: int
    server_key: bytes
    log_key: bytes
    cosigner_key: bytes


class LogSigner(NamedTuple):
    """The two keys with which one server signs checkpoints."""

    log_key: bytes
    cosigner_key: bytes


def quorum(members: int) -> int:
    """How many of ``members`` must agree: more than two thirds, so that any two quorums share an honest one."""
    return 2 * members // 3 + 1


def members(state: ReadState) -> tuple[Member, ...]:
    """The voting members in order of their numbers; empty where one server keeps the ledger alone."""
    return tuple(_member(one) for one in _rows(state.get("log", _MEMBERS)))


def signers(state: ReadState) -> frozenset[LogSigner]:
    """The keys of every server that was ever enrolled; one of these pairs signed what a server stored."""
    return frozenset(_signer(one) for one in _rows(state.get("log", _SIGNERS)))


def put_members(state: WriteState, voting: Sequence[Member]) -> None:
    """Set who votes from here on. Raises :class:`Refused` ``members.*``."""
    ordered = sorted(voting)
    if not ordered or len(ordered) > MAX_MEMBERS:
        raise Refused("members.count")
    keys = [key for one in ordered for key in one[1:]]
    if len({one.number for one in ordered}) < len(ordered) or len(set(keys)) < len(keys):
        raise Refused("members.keys")
    known = signers(state)
    added = [LogSigner(one.log_key, one.cosigner_key) for one in ordered]
    put_signers(state, [*known, *(one for one in added if one not in known)])
    state.put("log", _MEMBERS, [list(one) for one in ordered])


def put_signers(state: WriteState, pairs: Sequence[LogSigner]) -> None:
    """Remember keys of servers that vote or do not; none is ever forgotten."""
    state.put("log", _SIGNERS, [list(one) for one in sorted({*signers(state), *pairs})])


def handed_over(state: ReadState) -> str | None:
    """The id of the chain that orders this ledger since its ``log.handover``, or ``None`` while one server does."""
    value = state.get("log", _HANDOVER)
    if value is None:
        return None
    if not isinstance(value, str):
        raise LedgerDamaged("state.members")
    return value


def next_chain(chain: str) -> str:
    """The id of the chain that follows.

    >>> next_chain("akashi-00-1")
    'akashi-00-2'
    """
    ledger, _, number = chain.rpartition("-")
    return f"{ledger}-{int(number) + 1}"


def put_handover(state: WriteState, chain: str) -> None:
    """From the next block on only ``chain`` orders: the first, or the one that follows the present one. Raises :class:`Refused` ``handover.*``.

    In a later epoch the first may have any number: chains of the former logs had some, and none shall mean two chains.
    """
    former = handed_over(state)
    first = former is None and _is_later_epoch(state)
    if not first and chain != next_chain(former or f"{chain.rpartition('-')[0]}-0"):
        raise Refused("handover.chain")
    if not members(state):
        raise Refused("handover.members")
    state.put("log", _HANDOVER, chain)


def _is_later_epoch(state: ReadState) -> bool:
    """Whether this log follows another of the same ledger; its genesis then names the last checkpoint that is known of that one."""
    value = state.get("log", _GENESIS)
    return isinstance(value, list) and isinstance(value[0], str) and origin_parts(value[0])[1] > 1


def _rows(value: Value) -> list[Value]:
    if value is None:
        return []
    if not isinstance(value, list):
        raise LedgerDamaged("state.members")
    return value


def _member(value: Value) -> Member:
    match value:
        case [int(number), bytes(server_key), bytes(log_key), bytes(cosigner_key)]:
            return Member(number, server_key, log_key, cosigner_key)
    raise LedgerDamaged("state.members")


def _signer(value: Value) -> LogSigner:
    match value:
        case [bytes(log_key), bytes(cosigner_key)]:
            return LogSigner(log_key, cosigner_key)
    raise LedgerDamaged("state.members")
