"""The RFC 6962 SHA-256 tree: roots, inclusion, consistency and range proofs (docs/spec/tree.md).

Guarantees: pure functions over hashes; a proof that verifies binds the leaves to the root for the given index and
size. Refuses: proofs of the wrong length. Leaves the caller to check who signed the root.

>>> tree = Frontier()
>>> closed = [tree.append(leaf_hash(leaf)) for leaf in (b"a", b"b")]
>>> tree.root() == node_hash(leaf_hash(b"a"), leaf_hash(b"b"))
True
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from hashlib import sha256

from akashi.ledger.errors import ProofError

EMPTY_ROOT = sha256(b"").digest()
HASH_SIZE = 32

Subtree = Callable[[int, int], bytes]
"""Gives the hash of the complete or final subtree over leaves ``[low, high)``."""


def leaf_hash(leaf: bytes) -> bytes:
    """SHA-256(0x00 || leaf); RFC 6962 section 2.1."""
    return sha256(b"\x00" + leaf).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """SHA-256(0x01 || left || right); RFC 6962 section 2.1."""
    return sha256(b"\x01" + left + right).digest()


def split(size: int) -> int:
    """The largest power of two below ``size`` (``size`` > 1)."""
    return 1 << ((size - 1).bit_length() - 1)


class Frontier:
    """The right edge of a growing tree: enough to append leaves and give the root, O(log n) memory."""

    def __init__(self, size: int = 0, nodes: Sequence[bytes] = ()) -> None:
        self.size = size
        self._nodes = list(nodes)  # roots of the complete subtrees, largest first
        if len(self._nodes) != size.bit_count():
            raise ProofError("tree.frontier")

    @property
    def nodes(self) -> tuple[bytes, ...]:
        """Roots of the maximal complete subtrees, left to right."""
        return tuple(self._nodes)

    def copy(self) -> Frontier:
        """An independent frontier with the same content."""
        return Frontier(self.size, self._nodes)

    def append(self, hashed_leaf: bytes) -> list[bytes]:
        """Add one leaf hash; returns the hashes of the complete subtrees it closed, level 1 upwards."""
        closed: list[bytes] = []
        nodes, count = self._nodes, self.size
        while count & 1:
            hashed_leaf = sha256(b"\x01" + nodes.pop() + hashed_leaf).digest()
            closed.append(hashed_leaf)
            count >>= 1
        nodes.append(hashed_leaf)
        self.size += 1
        return closed

    def root(self) -> bytes:
        """The tree's root; SHA-256 of nothing for the empty tree."""
        if not self._nodes:
            return EMPTY_ROOT
        root = self._nodes[-1]
        for node in reversed(self._nodes[:-1]):
            root = node_hash(node, root)
        return root


def root_of(hashes: Sequence[bytes]) -> bytes:
    """The root over leaf hashes, level by level; what is left over at the end of a level goes up as it is."""
    level = list(hashes)
    while len(level) > 1:
        pairs = zip(level[::2], level[1::2], strict=False)
        level = [sha256(b"\x01" + left + right).digest() for left, right in pairs] + level[len(level) & ~1 :]
    return level[0] if level else EMPTY_ROOT


def subtree_over(hashes: Sequence[bytes]) -> Subtree:
    """A :data:`Subtree` that computes from a list of leaf hashes (for tests and small logs)."""
    return lambda low, high: root_of(hashes[low:high])


def inclusion_proof(index: int, size: int, subtree: Subtree) -> list[bytes]:
    """The audit path of leaf ``index`` in a tree of ``size``, leaf's sibling first; RFC 6962 section 2.1.1."""
    if not 0 <= index < size:
        raise ProofError("proof.index")
    low, high, path = 0, size, []
    while high - low > 1:
        middle = low + split(high - low)
        if index < middle:
            path.append(subtree(middle, high))
            high = middle
        else:
            path.append(subtree(low, middle))
            low = middle
    path.reverse()
    return path


def root_from_inclusion(hashed_leaf: bytes, index: int, size: int, path: Sequence[bytes]) -> bytes:
    """The root that ``path`` leads to. Raises :class:`ProofError` if the path has the wrong length."""
    if not 0 <= index < size:
        raise ProofError("proof.index")
    root, low, last, used = hashed_leaf, index, size - 1, 0
    while last > 0:
        if low & 1 or low < last:
            if used == len(path):
                raise ProofError("proof.length")
            sibling = path[used]
            used += 1
            root = node_hash(sibling, root) if low & 1 else node_hash(root, sibling)
        low >>= 1
        last >>= 1
    if used != len(path):
        raise ProofError("proof.length")
    return root


def consistency_proof(old: int, size: int, subtree: Subtree) -> list[bytes]:
    """Hashes that show the tree of ``size`` extends the tree of ``old``; RFC 6962 section 2.1.2."""
    if not 0 <= old <= size:
        raise ProofError("proof.size")
    if old in (0, size):
        return []

    def walk(remaining: int, low: int, high: int, *, whole: bool) -> list[bytes]:
        if remaining == high - low:
            return [] if whole else [subtree(low, high)]
        middle = split(high - low)
        if remaining <= middle:
            return [*walk(remaining, low, low + middle, whole=whole), subtree(low + middle, high)]
        return [*walk(remaining - middle, low + middle, high, whole=False), subtree(low, low + middle)]

    return walk(old, 0, size, whole=True)


def verify_consistency(old: int, old_root: bytes, size: int, root: bytes, proof: Sequence[bytes]) -> None:
    """Check that ``root`` at ``size`` extends ``old_root`` at ``old`` (RFC 9162 section 2.1.4.2), else raise."""
    if not 0 <= old <= size:
        raise ProofError("proof.size")
    if old in (0, size):
        if proof or (old == size and old_root != root) or (old == 0 and old_root != EMPTY_ROOT):
            raise ProofError("proof.consistency")
        return
    hashes = iter(proof if old & (old - 1) else [old_root, *proof])
    low, last = old - 1, size - 1
    while low & 1:
        low >>= 1
        last >>= 1
    try:
        before = after = next(hashes)
        while last > 0:
            if low & 1 or low == last:
                node = next(hashes)
                before, after = node_hash(node, before), node_hash(node, after)
                while low and not low & 1:
                    low >>= 1
                    last >>= 1
            else:
                after = node_hash(after, next(hashes))
            low >>= 1
            last >>= 1
    except StopIteration as error:
        raise ProofError("proof.length") from error
    if next(hashes, None) is not None:
        raise ProofError("proof.length")
    if before != old_root or after != root:
        raise ProofError("proof.consistency")


def range_proof(start: int, end: int, size: int, subtree: Subtree) -> list[bytes]:
    """Hashes beside the leaves ``[start, end)`` that complete the root, left to right (spec/tree.md section 4)."""
    if not 0 <= start < end <= size:
        raise ProofError("proof.range")
    hashes: list[bytes] = []

    def walk(low: int, high: int) -> None:
        if high <= start or low >= end:
            hashes.append(subtree(low, high))
        elif low < start or high > end:
            middle = low + split(high - low)
            walk(low, middle)
            walk(middle, high)

    walk(0, size)
    return hashes


def root_from_range(leaves: Sequence[bytes], start: int, size: int, proof: Sequence[bytes]) -> bytes:
    """The root given leaf hashes ``[start, start + len(leaves))`` and a range proof; raises on a wrong length."""
    end = start + len(leaves)
    if not 0 <= start < end <= size:
        raise ProofError("proof.range")
    hashes: Iterator[bytes] = iter(proof)

    def walk(low: int, high: int) -> bytes:
        if high <= start or low >= end:
            return next(hashes)
        if low >= start and high <= end:
            return root_of(leaves[low - start : high - start])
        middle = low + split(high - low)
        left = walk(low, middle)
        return node_hash(left, walk(middle, high))

    try:
        root = walk(0, size)
    except StopIteration as error:
        raise ProofError("proof.length") from error
    if next(hashes, None) is not None:
        raise ProofError("proof.length")
    return root
