"""Storage receipts: a server's signed word that it holds the bytes (docs/spec/sealed-payload.md section 5).

Guarantees: one encoding, strict parsing, signature verified against the key that the caller took from the ledger. Left to
the caller: whether that key was enrolled and valid.
"""

from __future__ import annotations

from dataclasses import dataclass

from akashi.ledger.errors import EncodingError, ProofError
from akashi.ledger.wire import cbor
from akashi.ledger.wire.envelope import Signer, key_id, parse_cose, sign_cose, verify_signature

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
