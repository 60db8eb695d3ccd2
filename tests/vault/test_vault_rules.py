"""The vault's pure decisions and its storage receipts."""

from __future__ import annotations

from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519
from hypothesis import given
from hypothesis import strategies as st

from akashi.keys.signers import Ed25519Signer
from akashi.ledger.errors import EncodingError, ProofError
from akashi.ledger.wire import cbor
from akashi.ledger.wire.envelope import key_id, sign_cose
from akashi.vault.model import PayloadStatus, StoredPayload
from akashi.vault.receipt import StorageReceipt, parse_storage_receipt, sign_receipt, verify_storage_receipt
from akashi.vault.rules import EraseDecision, StageDecision, decide_erase, decide_stage, is_readable, is_stale

ROW = StoredPayload(bytes(16), PayloadStatus.STAGED, b"b" * 32, b"w" * 32, (), 1, 1_000)
RECEIPT = StorageReceipt(bytes(16), bytes(16), bytes(32), bytes(32), 7)
SIGNER = Ed25519Signer(ed25519.Ed25519PrivateKey.from_private_bytes(bytes(32)))


@pytest.mark.parametrize(
    ("status", "same", "other"),
    [
        (PayloadStatus.STAGED, StageDecision.SAME, StageDecision.DIFFERS),
        (PayloadStatus.ANNOUNCED, StageDecision.SAME, StageDecision.DIFFERS),
        (PayloadStatus.ERASING, StageDecision.GONE, StageDecision.GONE),
        (PayloadStatus.ERASED, StageDecision.GONE, StageDecision.GONE),
    ],
)
def test_staging_over_something(status: PayloadStatus, same: StageDecision, other: StageDecision) -> None:
    """Equal bytes are accepted again, other bytes never, and what was erased does not come back."""
    row = replace(ROW, status=status)

    assert decide_stage(row, ROW.body_digest, ROW.wraps_digest) is same
    assert decide_stage(row, bytes(32), ROW.wraps_digest) is other
    assert decide_stage(row, ROW.body_digest, bytes(32)) is other


def test_what_is_not_there_is_stored() -> None:
    """No row, no conflict."""
    assert decide_stage(None, bytes(32), bytes(32)) is StageDecision.STORE


def test_an_erasure_begins_once_and_is_resumed() -> None:
    """Begin, resume after a crash, done."""
    expected = {
        PayloadStatus.STAGED: EraseDecision.BEGIN,
        PayloadStatus.ANNOUNCED: EraseDecision.BEGIN,
        PayloadStatus.ERASING: EraseDecision.RESUME,
        PayloadStatus.ERASED: EraseDecision.DONE,
    }

    assert {status: decide_erase(replace(ROW, status=status)) for status in PayloadStatus} == expected
    assert [is_readable(replace(ROW, status=status)) for status in PayloadStatus] == [True, True, False, False]


@given(age=st.integers(-(10**9), 10**9), limit=st.integers(0, 10**9))
def test_only_old_unannounced_payloads_are_stale(age: int, limit: int) -> None:
    """Exactly the limit is not over it; a clock that stepped back makes nothing stale; announced never is."""
    now_ms = ROW.staged_ms + age

    assert is_stale(ROW, now_ms, limit) is (age > limit)
    assert not is_stale(replace(ROW, status=PayloadStatus.ANNOUNCED), now_ms, limit)


@pytest.mark.parametrize("until", [None, 0, 9])
def test_a_receipt_verifies_under_its_key(until: int | None) -> None:
    """What was signed comes back, with the key id for looking up the key."""
    receipt = replace(RECEIPT, until_height=until)
    data = sign_receipt(receipt, SIGNER)

    assert verify_storage_receipt(data, SIGNER.spki) == receipt
    assert parse_storage_receipt(data) == (receipt, key_id(SIGNER.spki))


def test_a_receipt_under_another_key_or_altered_is_refused() -> None:
    """Attack: a server invents another server's word."""
    data = sign_receipt(RECEIPT, SIGNER)
    other = Ed25519Signer(ed25519.Ed25519PrivateKey.from_private_bytes(bytes([1]) * 32))

    with pytest.raises(ProofError, match="key"):
        verify_storage_receipt(data, other.spki)
    with pytest.raises(ProofError, match="signature"):
        verify_storage_receipt(data[:-1] + bytes([data[-1] ^ 1]), SIGNER.spki)


@pytest.mark.parametrize(
    "payload",
    [
        cbor.encode([2, bytes(16), bytes(16), bytes(32), bytes(32), 7, None]),
        cbor.encode([True, bytes(16), bytes(16), bytes(32), bytes(32), 7, None]),
        cbor.encode([1, bytes(16), bytes(15), bytes(32), bytes(32), 7, None]),
        cbor.encode([1, bytes(16), bytes(16), bytes(32), bytes(32), -1, None]),
        cbor.encode([1, bytes(16), bytes(16), bytes(32), bytes(32), 7, -1]),
        cbor.encode([1, bytes(16), bytes(16), bytes(32), bytes(32), 7]),
        b"\xff",
    ],
)
def test_a_malformed_receipt_is_refused(payload: bytes) -> None:
    """Signed nonsense is nonsense."""
    with pytest.raises(EncodingError):
        parse_storage_receipt(sign_cose(SIGNER, "akashi-storage/1", payload))
    with pytest.raises(EncodingError):
        parse_storage_receipt(sign_cose(SIGNER, "akashi-op/1", RECEIPT.encode()))
