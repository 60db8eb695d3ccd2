"""The RFC 6962 tree: proofs of every index, size and range verify, and nothing else does."""

from __future__ import annotations

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from akashi.ledger.errors import ProofError
from akashi.ledger.wire.merkle import (
    EMPTY_ROOT,
    Frontier,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    node_hash,
    range_proof,
    root_from_inclusion,
    root_from_range,
    root_of,
    subtree_over,
    verify_consistency,
)

LEAVES = [leaf_hash(b"%d" % n) for n in range(70)]


def plain_root(hashes: list[bytes]) -> bytes:
    """RFC 6962 section 2.1, word for word."""
    if not hashes:
        return sha256(b"").digest()
    if len(hashes) == 1:
        return hashes[0]
    k = 1
    while k * 2 < len(hashes):
        k *= 2
    return node_hash(plain_root(hashes[:k]), plain_root(hashes[k:]))


@st.composite
def sizes(draw: st.DrawFn, least: int = 1) -> tuple[int, int]:
    """A tree size and something below it."""
    size = draw(st.integers(least, 70))
    return draw(st.integers(0, size - 1)), size


@given(st.integers(0, 70))
def test_frontier_root_is_the_definitions(size: int) -> None:
    """Appending one by one gives the recursive definition's root."""
    assert root_of(LEAVES[:size]) == plain_root(LEAVES[:size])


def test_empty_root() -> None:
    """The tree of nothing has the hash of nothing."""
    assert Frontier().root() == EMPTY_ROOT == sha256(b"").digest()


@given(sizes())
def test_inclusion_of_every_leaf(case: tuple[int, int]) -> None:
    """The audit path leads from the leaf to the root."""
    index, size = case
    path = inclusion_proof(index, size, subtree_over(LEAVES[:size]))

    assert root_from_inclusion(LEAVES[index], index, size, path) == plain_root(LEAVES[:size])


@given(sizes(2), st.data())
def test_inclusion_does_not_verify_elsewhere(case: tuple[int, int], draw: st.DataObject) -> None:
    """A path for one index does not lead to the root from another, nor with a changed, missing or extra hash."""
    index, size = case
    root = plain_root(LEAVES[:size])
    path = inclusion_proof(index, size, subtree_over(LEAVES[:size]))
    at = draw.draw(st.integers(0, len(path) - 1))
    other = draw.draw(st.integers(0, size - 1).filter(lambda n: n != index))

    assert root_from_inclusion(LEAVES[other], index, size, path) != root
    changed = [*path[:at], bytes(32), *path[at + 1 :]]
    assert root_from_inclusion(LEAVES[index], index, size, changed) != root
    for wrong in (path[:-1], [*path, bytes(32)]):
        with pytest.raises(ProofError, match="length"):
            root_from_inclusion(LEAVES[index], index, size, wrong)


@given(sizes())
def test_consistency_of_every_pair(case: tuple[int, int]) -> None:
    """Every tree extends every smaller one of the same leaves."""
    old, size = case
    proof = consistency_proof(old, size, subtree_over(LEAVES[:size]))

    verify_consistency(old, plain_root(LEAVES[:old]), size, plain_root(LEAVES[:size]), proof)

    assert len(proof) <= 2 * size.bit_length()


@given(sizes(2), st.data())
def test_rewritten_history_is_inconsistent(case: tuple[int, int], draw: st.DataObject) -> None:
    """Attack: change one old leaf and prove consistency with the tree that others have seen."""
    old, size = max(case[0], 1), case[1]
    at = draw.draw(st.integers(0, old - 1))
    rewritten = [*LEAVES[:at], bytes(32), *LEAVES[at + 1 : size]]
    proof = consistency_proof(old, size, subtree_over(rewritten))

    with pytest.raises(ProofError):
        verify_consistency(old, plain_root(LEAVES[:old]), size, plain_root(rewritten), proof)


@given(sizes(2))
def test_consistency_proof_of_wrong_length_is_refused(case: tuple[int, int]) -> None:
    """Missing and extra hashes are noticed."""
    old, size = case
    roots = plain_root(LEAVES[:old]), plain_root(LEAVES[:size])
    proof = consistency_proof(old, size, subtree_over(LEAVES[:size]))

    for wrong in ([*proof, bytes(32)], proof[:-1] if proof else [bytes(32)]):
        with pytest.raises(ProofError):
            verify_consistency(old, roots[0], size, roots[1], wrong)


@given(st.data())
def test_range_proofs(draw: st.DataObject) -> None:
    """Any range with its proof gives the root; one leaf left out, or one hash more, does not."""
    size = draw.draw(st.integers(1, 70))
    start = draw.draw(st.integers(0, size - 1))
    end = draw.draw(st.integers(start + 1, size))
    root = plain_root(LEAVES[:size])
    proof = range_proof(start, end, size, subtree_over(LEAVES[:size]))

    assert root_from_range(LEAVES[start:end], start, size, proof) == root
    with pytest.raises(ProofError, match="length"):
        root_from_range(LEAVES[start:end], start, size, [*proof, bytes(32)])
    if proof:
        with pytest.raises(ProofError, match="length"):
            root_from_range(LEAVES[start:end], start, size, proof[:-1])
    swapped = [bytes(32), *LEAVES[start + 1 : end]]
    assert root_from_range(swapped, start, size, proof) != root


@given(sizes())
def test_range_of_one_holds_the_inclusion_proof(case: tuple[int, int]) -> None:
    """The same hashes in another order (spec/tree.md section 4)."""
    index, size = case
    subtree = subtree_over(LEAVES[:size])

    assert sorted(range_proof(index, index + 1, size, subtree)) == sorted(inclusion_proof(index, size, subtree))


@pytest.mark.parametrize(("index", "size"), [(-1, 3), (3, 3), (0, 0)])
def test_index_outside_the_tree(index: int, size: int) -> None:
    """There is no proof of what is not in the tree."""
    with pytest.raises(ProofError, match="index"):
        inclusion_proof(index, size, subtree_over(LEAVES[:3]))
    with pytest.raises(ProofError, match="index"):
        root_from_inclusion(LEAVES[0], index, size, [])


@pytest.mark.parametrize(("start", "end", "size"), [(0, 0, 3), (2, 1, 3), (0, 4, 3), (-1, 1, 3)])
def test_range_outside_the_tree(start: int, end: int, size: int) -> None:
    """Empty, reversed and overlong ranges are refused."""
    with pytest.raises(ProofError, match="range"):
        range_proof(start, end, size, subtree_over(LEAVES[:3]))


def test_frontier_of_the_wrong_shape() -> None:
    """A frontier's nodes must be as many as the size has bits set."""
    with pytest.raises(ProofError, match="frontier"):
        Frontier(3, [bytes(32)])


@given(st.integers(0, 69))
def test_copied_frontier_is_independent(size: int) -> None:
    """Appending to a copy leaves the original alone."""
    frontier = Frontier()
    for hashed in LEAVES[:size]:
        frontier.append(hashed)
    copy = frontier.copy()
    copy.append(LEAVES[69])

    assert frontier.root() == plain_root(LEAVES[:size])
    assert copy.size == size + 1
