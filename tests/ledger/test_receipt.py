"""Receipts: one text form, complete by itself."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from akashi.ledger.errors import EncodingError
from akashi.ledger.proof.trust import parse_trust
from akashi.ledger.proof.verdict import Status
from akashi.ledger.proof.verify import verify_receipt
from akashi.ledger.wire.receipt import MAX_RECEIPT_BYTES, format_receipt, parse_receipt
from tests.vectors.world import begun

LOG = begun()
RECEIPT = format_receipt(LOG.leaves[3], 3, LOG.path(3), LOG.note())


def test_round_trip() -> None:
    """Parse then format gives the identical bytes."""
    parsed = parse_receipt(RECEIPT)
    assert format_receipt(parsed.leaf, parsed.index, parsed.path, parsed.note) == RECEIPT
    assert (parsed.leaf, parsed.index, list(parsed.path)) == (LOG.leaves[3], 3, LOG.path(3))


def test_every_flipped_byte_is_noticed() -> None:
    """No byte of a receipt can change unnoticed by somebody who has the trust file."""
    trust = parse_trust(LOG.trust_file())
    for at in range(len(RECEIPT)):
        changed = RECEIPT[:at] + bytes([RECEIPT[at] ^ 1]) + RECEIPT[at + 1 :]
        verdict = verify_receipt(changed, trust)
        assert (verdict.status, bool(verdict.failure)) == (Status.FAILED, True), at


def test_too_long_a_path_is_refused_on_writing() -> None:
    """A receipt that no reader would accept is never written."""
    with pytest.raises(EncodingError) as raised:
        format_receipt(LOG.leaves[3], 3, [bytes(32)] * 64, LOG.note())
    assert raised.value.failure == "receipt.format"


def test_too_large_a_receipt_is_refused() -> None:
    """Size is bounded before anything is decoded."""
    with pytest.raises(EncodingError) as raised:
        parse_receipt(RECEIPT + bytes(MAX_RECEIPT_BYTES))
    assert raised.value.failure == "receipt.format"


@given(st.binary(max_size=200), st.integers(0, len(RECEIPT)))
def test_arbitrary_bytes_never_raise_anything_else(data: bytes, at: int) -> None:
    """A hostile receipt gives a failed verdict with a class, never a traceback."""
    verdict = verify_receipt(RECEIPT[:at] + data, None)
    assert verdict.failure or RECEIPT.startswith(RECEIPT[:at] + data)
