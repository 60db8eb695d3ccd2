"""Hostile bytes: both CBOR decoders agree, and the second verifier answers anything with a failure class."""

from __future__ import annotations

import random
import re
from dataclasses import replace
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from akashi.ledger.wire import cbor as first
from akashi_verifier import Failure, cbor, tree
from akashi_verifier.steps import verify
from tests.verifier import writer, writer_tsa
from tests.verifier.bend import mutate

_CLASS = re.compile(r"[a-z]+\.[a-z]+|chain|signature|enrolment|erasure|stamp")
_INTS = st.integers(-(1 << 63), (1 << 63) - 1)
_VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | _INTS | st.binary(max_size=40) | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.integers(0, 1 << 40), inner, max_size=4),
    max_leaves=12,
)
# Heads that lead somewhere: random bytes alone are nearly always a string that is too short.
_BYTES = st.lists(
    st.sampled_from(
        bytes.fromhex("0001171819 1a1b2038 3b404158 60616278 80818298 99a0a1a2 a3b8bbc0 d2e0f4f5 f6f9fbff 5f1c")
    ),
    max_size=14,
).map(bytes) | st.binary(max_size=24)


def mine(data: bytes) -> tuple[str, Any]:
    """What the second decoder says: a value, or a class."""
    try:
        return "value", cbor.decode(data)
    except Failure as failure:
        return "failure", failure.code


def theirs(data: bytes) -> tuple[str, Any]:
    """What the first decoder says: a value, or a class."""
    try:
        return "value", first.decode(data)
    except first.EncodingError as error:
        return "failure", error.failure


@settings(max_examples=600, deadline=None)
@given(_BYTES)
@example(b"\x81" * 17)
@example(b"\x81" * 16 + b"\x80")
@example(b"\xa1" * 16 + b"\xa0")
@example(b"\xa1\xc1\x00")
@example(b"\x9b" + b"\xff" * 8)
def test_decoders_agree_on_any_bytes(data: bytes) -> None:
    """Any bytes: the same verdict, the same value (with its types), the same failure class."""
    assert repr(mine(data)) == repr(theirs(data))


@settings(max_examples=300, deadline=None)
@given(_VALUES, st.integers(0, 1 << 16), st.integers(0, 255))
def test_decoders_agree_on_bent_values(value: Any, place: int, byte: int) -> None:
    """An encoding with one byte replaced is judged alike by both."""
    data = bytearray(cbor.encode(value))
    data[place % len(data)] = byte
    assert repr(mine(bytes(data))) == repr(theirs(bytes(data)))


@settings(max_examples=200, deadline=None)
@given(_VALUES)
def test_encode_then_decode_is_the_same_value(value: Any) -> None:
    """Both encoders write the same bytes, and the second decoder reads the value back."""
    data = cbor.encode(value)
    assert (data, mine(data)) == (first.encode(value), ("value", value))


def _small() -> tuple[bytes, bytes]:
    log, stamps, root = writer_tsa.stamped()
    return log.bundle(more=stamps), log.trust(root)


def test_every_flipped_byte_of_a_bundle_is_refused() -> None:
    """Each byte of a small bundle, flipped: failed, with a class of the specification."""
    bundle, trust = _small()
    for place in range(len(bundle)):
        bent = bundle[:place] + bytes([bundle[place] ^ 0x41]) + bundle[place + 1 :]
        result = verify(bent, trust)
        assert result["status"] == "failed", place
        assert _CLASS.fullmatch(result["failure"]), result["failure"]


def test_every_truncation_of_a_bundle_is_refused() -> None:
    """A bundle cut anywhere fails with bundle.end or a class of CBOR."""
    bundle, trust = _small()
    found = {verify(bundle[:length], trust)["failure"] for length in range(0, len(bundle), 7)}
    assert found <= {"bundle.end", "cbor.short"}


def test_bent_and_resealed_bundles_never_surprise() -> None:
    """Bundles bent inside and given a right end item reach every step; none raises anything but a failure class."""
    log, stamps, root = writer_tsa.stamped()
    items, trust, seeded = log.items(more=stamps), log.trust(root), random.Random(7)
    statuses = set()
    for _ in range(800):
        place = seeded.randrange(len(items))
        bent = [*items[:place], mutate(items[place], seeded), *items[place + 1 :]]
        result = verify(writer.seal(bent), trust)
        statuses.add(result["status"])
        assert result["failure"] is None or _CLASS.fullmatch(result["failure"]), result["failure"]
    assert "failed" in statuses


def test_bent_leaves_under_a_right_tree_never_surprise() -> None:
    """Leaves bent before the tree was built and signed reach the ledger and the registry, and are judged there."""
    seeded, found = random.Random(9), set()
    for _ in range(800):
        log, _, _ = writer_tsa.stamped()
        place = seeded.randrange(len(log.leaves))
        log.leaves[place] = cbor.encode(mutate(cbor.decode(log.leaves[place]), seeded))
        log.headers[-1] = replace(log.headers[-1], root=tree.root(log.hashes))
        result = verify(log.bundle(), log.trust())
        assert result["failure"] is None or _CLASS.fullmatch(result["failure"]), result["failure"]
        found.add(result["failure"])
    assert {"leaf.shape", "signature", "chain"} <= found


def test_bent_receipts_and_trust_files_never_surprise() -> None:
    """A byte replaced in a receipt or a trust file never raises."""
    log, seeded = writer.founded(), random.Random(8)
    receipt, trust = log.receipt(1), log.trust()
    outcomes = set()
    for _ in range(400):
        files = [bytearray(receipt), bytearray(trust)]
        bent = files[seeded.randrange(2)]
        bent[seeded.randrange(len(bent))] = seeded.randrange(256)
        outcomes.add(verify(bytes(files[0]), bytes(files[1]))["status"])
    assert outcomes == {"failed", "verified"}
