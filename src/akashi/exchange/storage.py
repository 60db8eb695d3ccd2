"""Checks that a server has vouched for a payload before a transfer announces it (docs/spec/sealed-payload.md 5).

Guarantees: a pure function of bytes and state: the receipt names this ledger, payload, body and wraps, and is signed by a
key that the ledger holds as a current server key. Refuses everything else with one reason each. Left to the caller:
whether the server still has the bytes tomorrow; that is the scrub's business.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256

from akashi.ledger.errors import EncodingError, ProofError, Refused
from akashi.ledger.model import Purpose
from akashi.ledger.registry import key_record
from akashi.ledger.rules import is_current
from akashi.ledger.state import ReadState
from akashi.ledger.wire import cbor
from akashi.ledger.wire.envelope import parse_cose, verify_signature

STORAGE_TYPE = "akashi-storage/1"


@dataclass(frozen=True, slots=True)
class Stored:
    """What a storage receipt says."""

    ledger: bytes
    payload: bytes
    body_digest: bytes
    wraps_digest: bytes
    size: int


def wraps_digest(digests: tuple[bytes, ...]) -> bytes:
    """SHA-256("akashi/wraps/1" 00 CBOR of the wrap digests, in ascending order of recipient key id)."""
    return sha256(b"akashi/wraps/1\x00" + cbor.encode(list(digests))).digest()


def verify_storage(state: ReadState, receipt: bytes, block_ms: int) -> Stored:
    """The content of a receipt that a current server key signed; raises :class:`Refused` ``storage.*``."""
    try:
        algorithm, key, payload, signed, signature = parse_cose(receipt, STORAGE_TYPE)
        stored = _parse(cbor.decode(payload))
    except EncodingError as error:
        raise Refused("storage.encoding") from error
    record = key_record(state, key)
    if record is None or record.purpose is not Purpose.SERVER or not is_current(record, block_ms):
        raise Refused("storage.signer")
    if record.algorithm != algorithm:
        raise Refused("storage.signer")
    try:
        verify_signature(algorithm, record.spki, signed, signature)
    except ProofError as error:
        raise Refused("storage.signature") from error
    return stored


def _parse(fields: cbor.Value) -> Stored:
    if not isinstance(fields, list) or len(fields) != 7 or fields[0] != 1 or fields[0] is True:
        raise EncodingError("storage.shape")
    _, ledger, payload, body, wraps, size, until = fields
    if not isinstance(ledger, bytes) or not isinstance(payload, bytes):
        raise EncodingError("storage.shape")
    if not isinstance(body, bytes) or not isinstance(wraps, bytes) or type(size) is not int or size < 0:
        raise EncodingError("storage.shape")
    if until is not None and type(until) is not int:
        raise EncodingError("storage.shape")
    return Stored(ledger, payload, body, wraps, size)
