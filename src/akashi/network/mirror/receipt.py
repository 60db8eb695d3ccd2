"""What a mirror says about itself: a signed file that goes back on the next medium (docs/spec/mirror-bundle.md section 5).

Guarantees: one encoding, strict parsing, a signature by the mirror's own key. Left to the caller: that this key is the one on the ledger
(:func:`verify_mirror_receipt` takes it). A receipt has room for :data:`MAX_GONE` erasures; a mirror with more writes several, one after the other.
"""

from __future__ import annotations

from akashi.ledger.errors import EncodingError, ProofError
from akashi.ledger.model import HANDLE, Algorithm
from akashi.ledger.wire import cbor
from akashi.ledger.wire.cbor import Value
from akashi.ledger.wire.envelope import Signer, key_id, parse_cose, sign_cose, verify_signature
from akashi.ledger.wire.note import origin_parts
from akashi.network.mirror.model import Gone, MirrorReceipt, Transport

RECEIPT_TYPE = "akashi-mirror-receipt/1"
MAX_GONE = 200
"""So that a receipt fits into one operation."""
MAX_RECEIPT_BYTES = 24 * 1024
_HASH, _PAYLOAD = 32, 16
_MOST = 1 << 53


def encode_receipt(receipt: MirrorReceipt) -> bytes:
    """The signed payload."""
    transport = receipt.transport
    gone: list[Value] = [[one.payload, one.order, one.erased_ms] for one in receipt.gone]
    return cbor.encode(
        [
            1, receipt.origin, receipt.mirror, receipt.number, receipt.size, receipt.root, receipt.made_ms,
            [transport.number, transport.suite, transport.public], receipt.destroyed, gone,
        ]
    )  # fmt: skip


def sign_mirror_receipt(receipt: MirrorReceipt, signer: Signer) -> bytes:
    """The COSE_Sign1."""
    return sign_cose(signer, RECEIPT_TYPE, encode_receipt(receipt))


def parse_mirror_receipt(data: bytes) -> tuple[MirrorReceipt, bytes]:
    """(receipt, key id); verifies no signature. Raises :class:`EncodingError` ``receipt.*``, ``cose.*``, ``cbor.*``."""
    if len(data) > MAX_RECEIPT_BYTES:
        raise EncodingError("receipt.size")
    _, key, payload, _, _ = parse_cose(data, RECEIPT_TYPE)
    return _parse(payload), key


def verify_mirror_receipt(data: bytes, algorithm: int, spki: bytes) -> MirrorReceipt:
    """The receipt if ``spki`` signed it. Raises :class:`EncodingError` or :class:`ProofError`."""
    if len(data) > MAX_RECEIPT_BYTES:
        raise EncodingError("receipt.size")
    stated, key, payload, signed, signature = parse_cose(data, RECEIPT_TYPE)
    if key != key_id(spki) or int(stated) != algorithm:
        raise ProofError("key")
    verify_signature(Algorithm(algorithm), spki, signed, signature)
    return _parse(payload)


def _parse(payload: bytes) -> MirrorReceipt:
    match cbor.decode(payload):
        case [
            1, str(origin), str(mirror), int(number), int(size), bytes(root), int(made), [int(at), int(suite), bytes(public)],
            int(destroyed), list(rows),
        ]:  # fmt: skip
            transport = Transport(at, suite, public)
            gone = tuple(_gone(row) for row in rows)
        case _:
            raise EncodingError("receipt.shape")
    origin_parts(origin)
    counts = (number, size, made, destroyed, at, suite)
    bounded = all(type(one) is int and 0 <= one < _MOST for one in counts) and at > 0
    if not bounded or len(root) != _HASH or len(gone) > MAX_GONE or not HANDLE.fullmatch(mirror) or destroyed >= at:
        raise EncodingError("receipt.shape")
    receipt = MirrorReceipt(origin, mirror, number, size, root, made, transport, destroyed, gone)
    if encode_receipt(receipt) != payload:
        raise EncodingError("receipt.shape")
    return receipt


def _gone(row: Value) -> Gone:
    match row:
        case [bytes(payload), bytes(order), int(erased)] if len(payload) == _PAYLOAD and len(order) == _HASH:
            if 0 <= erased < _MOST:
                return Gone(payload, order, erased)
    raise EncodingError("receipt.shape")
