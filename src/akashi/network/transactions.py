"""Transactions: several signed operations that travel to consensus as one.

Guarantees: one encoding; parsing is a function of the bytes alone, so every server judges a proposal alike. Refuses: more than
:data:`MAX_OPERATIONS` or :data:`MAX_BYTES`, an operation twice, and what does not re-encode to the same bytes. Trusts nothing in it: signatures are checked when the block is executed.

Format: deterministic CBOR ``[1, [envelope, …]]``; a result is ``[reason, …]`` with ``""`` for accepted (docs/spec/network.md).

>>> parse_results(results_of(["", "signer.unknown"]))
('', 'signer.unknown')
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from akashi.ledger.errors import EncodingError
from akashi.ledger.model import Operation
from akashi.ledger.wire import cbor
from akashi.ledger.wire.envelope import parse_operation
from akashi.network.errors import TransactionMalformed

VERSION = 1
MAX_OPERATIONS = 1_000
MAX_BYTES = 1_000_000
_ROOM = 64


def pack(envelopes: Sequence[bytes]) -> bytes:
    """One transaction of these operations, which must fit (see :func:`batches`)."""
    made = cbor.encode([VERSION, list(envelopes)])
    if not envelopes or len(envelopes) > MAX_OPERATIONS or len(made) > MAX_BYTES:
        raise TransactionMalformed("size")
    return made


def batches(envelopes: Iterable[bytes]) -> Iterator[list[bytes]]:
    """Groups in order, each small enough for one transaction."""
    group: list[bytes] = []
    held = _ROOM
    for envelope in envelopes:
        room = len(envelope) + 5
        if group and (len(group) == MAX_OPERATIONS or held + room > MAX_BYTES):
            yield group
            group, held = [], _ROOM
        group.append(envelope)
        held += room
    if group:
        yield group


def unpack(transaction: bytes) -> list[Operation]:
    """The operations of a transaction. Raises :class:`TransactionMalformed`."""
    if len(transaction) > MAX_BYTES:
        raise TransactionMalformed("size")
    try:
        value = cbor.decode(transaction)
        match value:
            case [1, [*envelopes]] if 0 < len(envelopes) <= MAX_OPERATIONS:
                operations = [parse_operation(one) for one in envelopes if isinstance(one, bytes)]
            case _:
                raise TransactionMalformed("form")
    except EncodingError as error:
        raise TransactionMalformed(error.failure) from error
    if len(operations) != len(envelopes) or len({one.id for one in operations}) != len(operations):
        raise TransactionMalformed("operations")
    return operations


def results_of(reasons: Sequence[str]) -> bytes:
    """What every server must say of a transaction's operations: a short ASCII reason each, empty for accepted."""
    return cbor.encode(list(reasons))


def parse_results(data: bytes) -> tuple[str, ...]:
    """Inverse of :func:`results_of`. Raises :class:`TransactionMalformed`."""
    try:
        value = cbor.decode(data)
    except EncodingError as error:
        raise TransactionMalformed(error.failure) from error
    if not isinstance(value, list):
        raise TransactionMalformed("form")
    reasons = [one for one in value if isinstance(one, str)]
    if len(reasons) != len(value):
        raise TransactionMalformed("form")
    return tuple(reasons)
