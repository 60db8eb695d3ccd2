"""Leaves, block headers and effects (docs/spec/tree.md).

Guarantees: one encoding each; parsing is strict. The effects digest binds a leaf to the change set that ``apply``
made, so that a rebuild can be compared operation by operation.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from hashlib import sha256

from akashi.ledger.errors import EncodingError
from akashi.ledger.model import Header, Leaf
from akashi.ledger.wire import cbor

ZERO_HASH = bytes(32)
_LEAF_FIELDS = 6
_FIRST = b"\x86\x01"
_HEIGHTS = {0x18: (4, 24), 0x19: (5, 1 << 8), 0x1A: (7, 1 << 16), 0x1B: (11, 1 << 32)}
"""Head of a height to where the time begins after it, and to the smallest height that needs this head."""
_INT64 = 1 << 63
_LEAST_SIZE = 300
_ACCEPTED = b"\x00\x58\x20"  # result 0, and the head of the effects
_FRAME = 3 + 3 + 32  # bytes of a leaf after its time and beside its operation
_SIX = b"\x86"  # the head of an array of six

Changes = Mapping[tuple[str, bytes], bytes | None]
"""(namespace, key) to the new encoded value, or ``None`` for a deletion."""


def effects_digest(changes: Changes) -> bytes:
    """SHA-256("akashi/effects/1" 00 CBOR [[namespace, key, value or null], …]) in (namespace, key) byte order."""
    if not changes:
        return NO_EFFECTS
    # Spliced, because it runs for every operation; keys are unique within a namespace, so sorting never compares two values.
    head = cbor.encode_bytes_head
    parts = [b"akashi/effects/1\x00", cbor.encode_list_head(len(changes))]
    for (space, key), value in sorted(changes.items()):
        parts += (_space(space), head(len(key)), key)
        parts += (b"\xf6",) if value is None else (head(len(value)), value)
    return sha256(b"".join(parts)).digest()


@lru_cache(maxsize=256)
def _space(space: str) -> bytes:
    """What a change in a namespace begins with: an array of three, and the namespace."""
    return b"\x83" + cbor.encode(space)


NO_EFFECTS = sha256(b"akashi/effects/1\x00\x80").digest()


def encode_leaf(leaf: Leaf) -> bytes:
    """``[1, height, block ms, operation, result, effects]``."""
    # Spliced: the envelope is up to 32 KiB, and this runs for every operation.
    head = cbor.encode_bytes_head
    start, result = _start(leaf.height, leaf.block_ms), cbor.encode(leaf.result) if leaf.result else b"\x00"
    effects = leaf.effects
    return b"".join((start, head(len(leaf.envelope)), leaf.envelope, result, head(len(effects)), effects))


@lru_cache(maxsize=64)
def _start(height: int, block_ms: int) -> bytes:
    """What all leaves of a block begin with."""
    return _SIX + cbor.encode([1, height, block_ms])[1:]


def parse_leaf(data: bytes) -> Leaf:
    """Strict inverse of :func:`encode_leaf`; the operation inside is not parsed. Raises :class:`EncodingError`."""
    return _spliced(data) or _decoded(data)


def _spliced(data: bytes) -> Leaf | None:
    """A leaf of the form that nearly all have: accepted, at a time of eight bytes, its operation of 256 bytes to 32 KiB.

    ``None`` for all others, right or wrong: judging those is for the strict decoder. A single encoding means that what has this form is what
    the decoder would have read.
    """
    if data[:2] != _FIRST or data[2:3] > b"\x1b" or len(data) < _LEAST_SIZE:
        return None
    at, least = _HEIGHTS.get(data[2], (3, 1))
    height = int.from_bytes(data[3:at], "big") if at > 3 else data[2]
    end = at + 9
    block_ms = int.from_bytes(data[at + 1 : end], "big")
    if not least <= height < _INT64 or data[at] != 0x1B or not 1 << 32 <= block_ms < _INT64:
        return None
    if len(data) != end + _FRAME + (data[end + 1] << 8 | data[end + 2]) or data[end] != 0x59 or not data[end + 1]:
        return None
    return Leaf(height, block_ms, data[end + 3 : -35], 0, data[-32:]) if data[-35:-32] == _ACCEPTED else None


def _decoded(data: bytes) -> Leaf:
    fields = cbor.decode(data)
    if not isinstance(fields, list) or len(fields) != _LEAF_FIELDS:
        raise EncodingError("leaf.shape")
    version, height, block_ms, envelope, result, effects = fields
    if (
        version != 1
        or type(version) is not int
        or type(height) is not int
        or type(block_ms) is not int
        or type(result) is not int
    ):
        raise EncodingError("leaf.shape")
    if height < 1 or block_ms < 0 or not 0 <= result < 1 << 16:
        raise EncodingError("leaf.range")
    if not isinstance(envelope, bytes) or not isinstance(effects, bytes) or len(effects) != len(ZERO_HASH):
        raise EncodingError("leaf.shape")
    return Leaf(height, block_ms, envelope, result, effects)


def encode_header(header: Header) -> bytes:
    """``[1, height, previous header hash, tree size, root, block ms]``."""
    return cbor.encode([1, header.height, header.previous, header.size, header.root, header.block_ms])


def parse_header(data: bytes) -> Header:
    """Strict inverse of :func:`encode_header`. Raises :class:`EncodingError`."""
    fields = cbor.decode(data)
    if not isinstance(fields, list) or len(fields) != _LEAF_FIELDS:
        raise EncodingError("header.shape")
    version, height, previous, size, root, block_ms = fields
    if (
        version != 1
        or type(version) is not int
        or type(height) is not int
        or type(size) is not int
        or type(block_ms) is not int
    ):
        raise EncodingError("header.shape")
    if height < 1 or size < 1 or block_ms < 0:
        raise EncodingError("header.range")
    if not isinstance(previous, bytes) or not isinstance(root, bytes):
        raise EncodingError("header.shape")
    if len(previous) != len(ZERO_HASH) or len(root) != len(ZERO_HASH):
        raise EncodingError("header.shape")
    return Header(height, previous, size, root, block_ms)


def header_hash(encoded: bytes) -> bytes:
    """SHA-256("akashi/block/1" 00 header)."""
    return sha256(b"akashi/block/1\x00" + encoded).digest()
