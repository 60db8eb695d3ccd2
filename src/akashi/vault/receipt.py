"""Storage receipts: a server's signed word that it holds the bytes (docs/spec/sealed-payload.md section 5).

Guarantees: one encoding, strict parsing, signature verified against the key that the caller took from the ledger.
:func:`check_storage` is for ``apply``: there the key must be a server's, enrolled and current at the block time, and where several
servers keep the ledger a quorum of them must hold the same bytes. Left to the caller of anything else: whether that key was enrolled and valid.

What ``PayloadStore.stage`` returns is one receipt, or where there are several servers a CBOR sequence (RFC 8742) of receipts, the staging
server's first: :func:`joined_receipts` and :func:`split_receipts`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from akashi.ledger.errors import EncodingError, ProofError, Refused
from akashi.ledger.events import Context
from akashi.ledger.keyring.members import MAX_MEMBERS, members, quorum
from akashi.ledger.model import Purpose
from akashi.ledger.registry import key_record
from akashi.ledger.rules import is_current
from akashi.ledger.state import ReadState
from akashi.ledger.wire import cbor
from akashi.ledger.wire.envelope import Signer, key_id, parse_cose, sign_cose, verify_signature
from akashi.vault.sealing.wraps import digest_of_digests

STORAGE_TYPE = "akashi-storage/1"
MAX_RECEIPT = 1024
"""Bytes of one receipt, at most."""
MAX_COPIES = MAX_MEMBERS - 1
"""Receipts beside the staging server's."""
_COSE_TAG = b"\xd2"  # tag 18 (RFC 9052 section 2)


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


def joined_receipts(receipts: Sequence[bytes]) -> bytes:
    """Receipts as one value, the staging server's first. One receipt is itself."""
    return b"".join(receipts)


def split_receipts(data: bytes) -> tuple[bytes, tuple[bytes, ...]]:
    """(the staging server's receipt, those of further servers). Raises :class:`EncodingError`.

    An inverse of :func:`joined_receipts` that looks at no more than where each one ends (the COSE tag and one array).
    """
    found: list[bytes] = []
    at = 0
    while at < len(data):
        if data[at : at + 1] != _COSE_TAG or len(found) > MAX_COPIES:
            raise EncodingError("storage.sequence")
        _, end = cbor.decode_item(data, at + 1)
        found.append(data[at:end])
        at = end
    if not found or max(map(len, found)) > MAX_RECEIPT:
        raise EncodingError("storage.sequence")
    return found[0], tuple(found[1:])


def check_storage(
    state: ReadState,
    context: Context,
    data: bytes,
    *,
    payload: bytes,
    body_digest: bytes,
    wraps: tuple[bytes, ...],
    copies: Sequence[bytes] = (),
) -> StorageReceipt:
    """The receipt, if a current server key signed it for exactly this payload (docs/spec/sealed-payload.md section 5).

    Where several servers keep the ledger, ``data`` and ``copies`` together must come from a quorum of those that vote now, and promise
    no end. Raises ``Refused``: ``storage.encoding``, ``.signer``, ``.signature``, ``.payload``, ``.body``, ``.wraps``, and ``.again``,
    ``.until``, ``.quorum`` (too few), ``.copies`` (copies although one server keeps the ledger alone).
    """
    voting = {one.server_key for one in members(state)}
    if copies and not voting:
        raise Refused("storage.copies")
    held: dict[bytes, StorageReceipt] = {}
    for one in (data, *copies):
        key, stored = _checked(state, context, one, payload, body_digest, wraps)
        if key in held:
            raise Refused("storage.again")
        held[key] = stored
    first, *others = held.values()
    if any(one.size != first.size for one in others):
        raise Refused("storage.body")
    # ``apply`` knows no height, so a copy that ends at one is no copy that a quorum can rest on.
    if voting and any(one.until_height is not None for one in held.values()):
        raise Refused("storage.until")
    if voting and len(voting & held.keys()) < quorum(len(voting)):
        raise Refused("storage.quorum")
    return first


def _checked(
    state: ReadState, context: Context, data: bytes, payload: bytes, body_digest: bytes, wraps: tuple[bytes, ...]
) -> tuple[bytes, StorageReceipt]:
    """One receipt and whose it is. Raises ``Refused`` ``storage.*``."""
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
    return key, stored


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
