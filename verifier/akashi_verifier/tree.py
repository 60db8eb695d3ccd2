"""Leaves, block headers and the Merkle tree of `docs/spec/tree.md`, by the recursive definitions of RFC 6962 2.1.

Guarantees: a proof is accepted only if every hash in it is used. Refuses: lengths that the shape of the tree does not
dictate. Trusts: SHA-256.

>>> root([leaf_hash(b"")]).hex()[:16]
'6e340b9cffb37a98'
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from akashi_verifier import Failure, cbor, demand

ZERO = bytes(32)


def digest(label: str, *parts: bytes) -> bytes:
    """SHA-256 over `"label" 00 || parts`."""
    return sha256(label.encode() + b"\0" + b"".join(parts)).digest()


def is_int(value: Any) -> bool:
    """Whether the value is a CBOR integer (`True` is one to Python, not to CBOR)."""
    return type(value) is int


def is_bytes(value: Any, length: int | None = None) -> bool:
    """Whether the value is a byte string (of that many bytes)."""
    return isinstance(value, bytes) and (length is None or len(value) == length)


@dataclass(frozen=True, slots=True)
class Leaf:
    """A leaf as the log recorded it; `ms` is the block's time."""

    height: int
    ms: int
    envelope: bytes
    result: int
    effects: bytes


@dataclass(frozen=True, slots=True)
class Header:
    """A block header; `size` and `root` are those of the tree after the block."""

    height: int
    previous: bytes
    size: int
    root: bytes
    ms: int


def parse_leaf(data: bytes) -> Leaf:
    """Parse tree.md 1 (raises `leaf.*`, `cbor.*`)."""
    item = cbor.decode(data)
    demand(isinstance(item, list) and len(item) == 6 and is_int(item[0]) and item[0] == 1, "leaf.shape")
    _, height, ms, envelope, result, effects = item
    demand(is_int(height) and is_int(ms) and is_bytes(envelope) and is_int(result), "leaf.shape")
    demand(is_bytes(effects, 32), "leaf.shape")
    demand(height >= 1 and ms >= 0 and 0 <= result <= 0xFFFF, "leaf.range")
    return Leaf(height, ms, envelope, result, effects)


def parse_header(data: bytes) -> Header:
    """Parse tree.md 3 (raises `header.*`, `cbor.*`)."""
    item = cbor.decode(data)
    demand(isinstance(item, list) and len(item) == 6 and is_int(item[0]) and item[0] == 1, "header.shape")
    _, height, previous, size, root_hash, ms = item
    demand(is_int(height) and is_int(size) and is_int(ms), "header.shape")
    demand(is_bytes(previous, 32) and is_bytes(root_hash, 32), "header.shape")
    demand(height >= 1 and size >= 1 and ms >= 0, "header.range")
    return Header(height, previous, size, root_hash, ms)


def header_hash(header: Header) -> bytes:
    """The name by which the next block calls this one."""
    fields = [1, header.height, header.previous, header.size, header.root, header.ms]
    return digest("akashi/block/1", cbor.encode(fields))


def leaf_hash(leaf: bytes) -> bytes:
    """RFC 6962 2.1: SHA-256(00 || leaf)."""
    return sha256(b"\0" + leaf).digest()


def node(left: bytes, right: bytes) -> bytes:
    """RFC 6962 2.1: SHA-256(01 || left || right)."""
    return sha256(b"\1" + left + right).digest()


def split(count: int) -> int:
    """The largest power of two smaller than `count` (> 1)."""
    return 1 << ((count - 1).bit_length() - 1)


def root(hashes: Sequence[bytes], low: int = 0, high: int | None = None) -> bytes:
    """MTH over leaf hashes [low, high)."""
    high = len(hashes) if high is None else high
    if high == low:
        return sha256(b"").digest()
    if high - low == 1:
        return hashes[low]
    middle = low + split(high - low)
    return node(root(hashes, low, middle), root(hashes, middle, high))


def inclusion_root(index: int, size: int, leaf: bytes, path: Sequence[bytes]) -> bytes:
    """The root that PATH(index, D[size]) leads to from a leaf hash (RFC 6962 2.1.1)."""
    demand(size >= 1, "proof.size")
    demand(0 <= index < size, "proof.index")
    if size == 1:
        demand(not path, "proof.length")
        return leaf
    demand(len(path) > 0, "proof.length")
    k = split(size)
    if index < k:
        return node(inclusion_root(index, k, leaf, path[:-1]), path[-1])
    return node(path[-1], inclusion_root(index - k, size - k, leaf, path[:-1]))


def check_consistency(old: int, old_root: bytes, new: int, new_root: bytes, path: Sequence[bytes]) -> None:
    """RFC 6962 2.1.2: the first `old` leaves of the new tree are the old tree."""
    demand(1 <= old <= new, "proof.size")
    found = _subproof(old, new, old_root, path, known=True)
    demand(found == (old_root, new_root), "proof.consistency")


def _subproof(m: int, n: int, old_root: bytes, path: Sequence[bytes], known: bool) -> tuple[bytes, bytes]:
    """The (old, new) roots of this subtree; `known`: the old tree is the whole subtree's left part, as SUBPROOF's b."""
    if m == n:
        demand(len(path) == (0 if known else 1), "proof.length")
        return (old_root, old_root) if known else (path[0], path[0])
    demand(len(path) > 0, "proof.length")
    k = split(n)
    if m <= k:
        old, new = _subproof(m, k, old_root, path[:-1], known)
        return old, node(new, path[-1])
    old, new = _subproof(m - k, n - k, old_root, path[:-1], known=False)
    return node(path[-1], old), node(path[-1], new)


def range_root(start: int, leaves: Sequence[bytes], size: int, proof: Sequence[bytes]) -> bytes:
    """The root that a range proof (tree.md 4) leads to; `leaves` are leaf hashes."""
    end = start + len(leaves)
    demand(0 <= start < end <= size, "proof.range")
    rest = iter(proof)
    found = _walk(0, size, start, leaves, rest)
    demand(next(rest, None) is None, "proof.length")
    return found


def _walk(low: int, high: int, start: int, leaves: Sequence[bytes], rest: Iterator[bytes]) -> bytes:
    end = start + len(leaves)
    if high <= start or low >= end:
        taken = next(rest, None)
        if taken is None:
            raise Failure("proof.length")
        return taken
    if start <= low and high <= end:
        return root(leaves, low - start, high - start)
    middle = low + split(high - low)
    left = _walk(low, middle, start, leaves, rest)
    return node(left, _walk(middle, high, start, leaves, rest))
