"""Storage receipts: a server's signed word that it holds the bytes (docs/spec/sealed-payload.md section 5).

Guarantees: one encoding, strict parsing, signature verified against the key that the caller took from the ledger.
:func:`check_storage` is for ``apply``: there the key must be a server's, enrolled and current at the block time. Left to
the caller of anything else: whether that key was enrolled and valid.
"""

from __future__ import annotations

from dataclasses import dataclass

from akashi.ledger.errors import EncodingError, ProofError, Refused
from akashi.ledger.events import Context
from akashi.ledger.model import Purpose
from akashi.ledger.registry import key_record
from akashi.ledger.rules import is_current
from akashi.ledger.state import ReadState
from akashi.ledger.wire import cbor
from akashi.ledger.wire.envelope import Signer, key_id, parse_cose, sign_cose, verify_signature
from akashi.vault.sealing.wraps import digest_of_digests

STORAGE_TYPE = "akashi-storage/1"


@dataclass(frozen=True, slots=True)
class StorageReceipt:
    """``[1, ledger id, payload id, body digest, wraps digest, size, until height or null]``."""

    ledger_id: bytes
    payload_id: bytes
    body_digest: bytes
    wraps_digest: bytes
    size: int
    until_height: int | None = None

    def encode(self) -> bytes:
        """The signed payload."""
        return cbor.encode(
            [
                1,
                self.ledger_id,
                self.payload_id,
                self.body_digest,
                self.wraps_digest,
                self.size,
                self.until_height,
            ]
        )


def sign_receipt(receipt: StorageReceipt, signer: Signer) -> bytes:
    """The COSE_Sign1."""
    return sign_cose(signer, STORAGE_TYPE, receipt.encode())


def parse_storage_receipt(data: bytes) -> tuple[StorageReceipt, bytes]:
    """(receipt, key id); verifies no signature. Raises :class:`EncodingError`."""
    _, key, payload, _, _ = parse_cose(data, STORAGE_TYPE)
    return _parse(payload), key


def verify_storage_receipt(data: bytes, spki: bytes) -> StorageReceipt:
    """The receipt if ``spki`` signed it; raises ``EncodingError`` or ``ProofError``."""
    algorithm, key, payload, signed, signature = parse_cose(data, STORAGE_TYPE)
    if key != key_id(spki):
        raise ProofError("key")
    verify_signature(algorithm, spki, signed, signature)
    return _parse(payload)


def check_storage(
    state: ReadState, context: Context, data: bytes, *, payload: bytes, body_digest: bytes, wraps: tuple[bytes, ...]
) -> StorageReceipt:
    """The receipt, if a current server key signed it for exactly this payload (docs/spec/sealed-payload.md section 5).

    Raises ``Refused``: ``storage.encoding``, ``.signer``, ``.signature``, ``.payload``, ``.body``, ``.wraps``.
    """
    try:
        _, key = parse_storage_receipt(data)
    except EncodingError as error:
        raise Refused("storage.encoding") from error
    record = key_record(state, key)
    if record is None or record.purpose is not Purpose.SERVER or not is_current(record, context.block_ms):
        raise Refused("storage.signer")
    try:
        stored = verify_storage_receipt(data, record.spki)
    except ProofError as error:
        raise Refused("storage.signature") from error
    if stored.ledger_id != context.statement.ledger or stored.payload_id != payload:
        raise Refused("storage.payload")
    if stored.body_digest != body_digest:
        raise Refused("storage.body")
    if stored.wraps_digest != digest_of_digests(wraps):
        raise Refused("storage.wraps")
    return stored


def _parse(payload: bytes) -> StorageReceipt:
    match cbor.decode(payload):
        case [1, bytes(ledger), bytes(identity), bytes(body), bytes(wraps), int(size), (int() | None) as until]:
            receipt = StorageReceipt(ledger, identity, body, wraps, size, until)
        case _:
            raise EncodingError("storage.shape")
    if [len(ledger), len(identity), len(body), len(wraps)] != [16, 16, 32, 32] or size < 0:
        raise EncodingError("storage.shape")
    if receipt.encode() != payload or (until is not None and until < 0):
        raise EncodingError("storage.shape")
    return receipt
