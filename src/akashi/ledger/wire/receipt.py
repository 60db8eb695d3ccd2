"""Receipts: one leaf, its inclusion proof and a checkpoint in one text file (docs/spec/checkpoint.md section 3).

Guarantees: C2SP ``tlog-proof`` v1 with the leaf in ``extra``, so that a receipt is complete by itself; parse then
format gives the identical bytes. Refuses everything else. Verifies nothing: that is ``proof.verify``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from akashi.ledger.errors import EncodingError
from akashi.ledger.wire.merkle import HASH_SIZE
from akashi.ledger.wire.note import Checkpoint, decode_base64, decode_decimal, encode_base64, parse_checkpoint

MAX_RECEIPT_BYTES = 64 * 1024
MAX_PATH = 63
_MAGIC = "c2sp.org/tlog-proof@v1"
_EXTRA, _INDEX = "extra ", "index "


@dataclass(frozen=True, slots=True)
class ReceiptFile:
    """A parsed receipt; ``path`` is leaf's sibling first, ``note`` the checkpoint's bytes."""

    leaf: bytes
    index: int
    path: tuple[bytes, ...]
    note: bytes
    checkpoint: Checkpoint


def format_receipt(leaf: bytes, index: int, path: Sequence[bytes], note: bytes) -> bytes:
    """The receipt file. Raises :class:`EncodingError` if no reader would accept it."""
    head = [_MAGIC, _EXTRA + encode_base64(leaf), f"{_INDEX}{index}", *map(encode_base64, path), "", ""]
    receipt = "\n".join(head).encode("ascii") + note
    parse_receipt(receipt)
    return receipt


def parse_receipt(data: bytes) -> ReceiptFile:
    """Strictly parse a receipt. Raises :class:`EncodingError` ``receipt.format`` or ``note.*``."""
    head, separator, note = data.partition(b"\n\n")
    if len(data) > MAX_RECEIPT_BYTES or not separator:
        raise EncodingError("receipt.format")
    try:
        rows = head.decode("ascii").split("\n")
    except UnicodeDecodeError as error:
        raise EncodingError("receipt.format") from error
    if not 3 <= len(rows) <= 3 + MAX_PATH or rows[0] != _MAGIC:
        raise EncodingError("receipt.format")
    if not rows[1].startswith(_EXTRA) or not rows[2].startswith(_INDEX):
        raise EncodingError("receipt.format")
    leaf = decode_base64(rows[1].removeprefix(_EXTRA))
    index = decode_decimal(rows[2].removeprefix(_INDEX))
    path = [decode_base64(row) for row in rows[3:]]
    hashes = [item for item in path if item is not None and len(item) == HASH_SIZE]
    if not leaf or index is None or len(hashes) != len(path):
        raise EncodingError("receipt.format")
    return ReceiptFile(leaf, index, tuple(hashes), note, parse_checkpoint(note))
