"""MACs over rows of the state table, so that a change behind the engine's back is noticed.

Guarantees: without the cosigner's key nobody can make a row's tag, nor the sum that the newest block stores of all rows; so a changed or added
row is noticed when it is read, a removed or exchanged one at the next open. The key is derived from a signature and stored
nowhere. Refuses nothing. Trusts: whoever holds the cosigner's key.

>>> seal = RowSeal(bytes(32))
>>> seal.row("a", b"k", b"v") == seal.row("a", b"kv", b"")
False
"""

from __future__ import annotations

import hmac
from hashlib import sha256

from akashi.ledger.wire.note import NoteSigner

TAG_SIZE = 16
_BLOCK = 64  # of SHA-256, in bytes


class RowSeal:
    """MACs over state rows, under a key that is derived from a signature by the cosigner and stored nowhere."""

    def __init__(self, key: bytes) -> None:
        # RFC 2104, with both keyed states made once: copying them takes a third of what an HMAC from the key does.
        self._key = key
        padded = key.ljust(_BLOCK, b"\x00")
        self._inner = sha256(bytes(byte ^ 0x36 for byte in padded))
        self._outer = sha256(bytes(byte ^ 0x5C for byte in padded))

    @classmethod
    def of(cls, cosigner: NoteSigner, ledger_id: bytes) -> RowSeal:
        """The seal of a ledger. Ed25519 signs deterministically (RFC 8032), so the key is the same at every start."""
        return cls(sha256(b"akashi/rows/1\x00" + cosigner.sign(b"akashi/rows/1\x00" + ledger_id)).digest())

    def row(self, space: str, key: bytes, value: bytes) -> bytes:
        """32 bytes: the first half is stored beside the row, the second is its share of the block's sum."""
        name = space.encode()
        message = b"%c%s%s%s%s" % (len(name), name, len(key).to_bytes(4, "big"), key, value)
        inner, outer = self._inner.copy(), self._outer.copy()
        inner.update(message)
        outer.update(inner.digest())
        return outer.digest()

    def total(self, header_hash: bytes, amount: int) -> bytes:
        """What a block stores of the sum of all rows: the sum and its MAC for this block."""
        raw = amount.to_bytes(TAG_SIZE, "big")
        return raw + hmac.digest(self._key, b"\x00" + header_hash + raw, "sha256")[:TAG_SIZE]


def share(tag: bytes) -> int:
    """A row's share of the sum."""
    return int.from_bytes(tag[TAG_SIZE:], "big")
