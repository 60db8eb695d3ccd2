"""Evidence bundles: one encoding, every byte counts, hostile files are refused with a class."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from akashi.ledger.errors import EncodingError
from akashi.ledger.proof.bundle import Disclosure, parse_bundle, write_bundle
from akashi.ledger.proof.trust import parse_trust
from akashi.ledger.proof.verdict import Status
from akashi.ledger.proof.verify import verify_bundle
from akashi.ledger.wire import cbor
from tests.vectors.cases_bundle import full_bundle
from tests.vectors.world import begun

LOG, FULL = full_bundle()
DATA = write_bundle(FULL)
SMALL_LOG = begun()
SMALL = write_bundle(SMALL_LOG.bundle([0, 2]))


def test_round_trip() -> None:
    """Parse then write gives the identical bytes, with every item in use."""
    assert write_bundle(parse_bundle(DATA)) == DATA


def test_every_flipped_bit_of_a_small_bundle_is_refused() -> None:
    """Each single-bit change is refused with a failure class: never accepted, never a traceback."""
    trust = parse_trust(SMALL_LOG.trust_file())
    assert verify_bundle(SMALL, trust).status is Status.VERIFIED
    for at in range(len(SMALL)):
        for bit in (1, 0x80):
            changed = SMALL[:at] + bytes([SMALL[at] ^ bit]) + SMALL[at + 1 :]
            verdict = verify_bundle(changed, trust)
            assert (verdict.status, bool(verdict.failure)) == (Status.FAILED, True), at


def test_every_flipped_byte_is_refused_even_with_a_right_end() -> None:
    """Somebody who recomputes the end digest still cannot change a byte of leaves, proofs or notes."""
    trust = parse_trust(SMALL_LOG.trust_file())
    end = SMALL.rindex(b"\x83\x63end")
    count = parse_count(SMALL)
    for at in range(end):
        body = SMALL[:at] + bytes([SMALL[at] ^ 1]) + SMALL[at + 1 : end]
        changed = body + cbor.encode(["end", count, sha256(body).digest()])
        # The head's link to the block before cannot be judged without that block: it is the one thing left open.
        if verify_bundle(changed, trust).status is not Status.FAILED:
            assert parse_bundle(changed) == replace(parse_bundle(SMALL), head=parse_bundle(changed).head), at


def parse_count(data: bytes) -> int:
    """The count in the end item."""
    item = cbor.decode(data[data.rindex(b"\x83\x63end") :])
    assert isinstance(item, list)
    assert isinstance(item[1], int)
    return item[1]


@pytest.mark.parametrize("length", range(0, len(SMALL), 97))
def test_truncated_bundle_is_refused(length: int) -> None:
    """A file cut anywhere is refused."""
    with pytest.raises(EncodingError):
        parse_bundle(SMALL[:length])


def test_secrets_of_a_disclosure_are_not_shown() -> None:
    """Salt and digest do not appear in a representation."""
    shown = repr(Disclosure(b"o" * 32, b"salt" * 8, b"dige" * 8))
    assert "salt" not in shown.replace("salt=", "")
    assert "dige" not in shown.replace("digest", "")


@settings(max_examples=300)
@given(st.integers(0, len(SMALL)), st.binary(max_size=40), st.integers(0, 40))
def test_spliced_bundles_never_raise_anything_else(at: int, data: bytes, skip: int) -> None:
    """Whatever stands in the middle, the answer is a verdict."""
    changed = SMALL[:at] + data + SMALL[at + skip :]
    verdict = verify_bundle(changed, None)
    assert (verdict.failure is None) == (changed == SMALL)
