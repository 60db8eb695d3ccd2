"""Checkpoints: what is written is parsed, what is altered is refused, and known lines must verify."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from akashi.errors import Misuse
from akashi.ledger.errors import EncodingError, ProofError
from akashi.ledger.wire.note import (
    NoteKey,
    NoteKind,
    cosign,
    decode_base64,
    decode_decimal,
    encode_base64,
    origin_of,
    parse_checkpoint,
    parse_vkey,
    sign_checkpoint,
    verify_cosignatures,
    verify_log,
    vkey,
)
from tests.vectors.world import COSIGNER, LEDGER_ID, LOG, NEXT_LOG, ORIGIN

ROOT = bytes(range(32))
NOTE = cosign(sign_checkpoint(ORIGIN, 7, ROOT, LOG), COSIGNER, 1_790_000_000)
LOG_KEY = NoteKey(ORIGIN, NoteKind.ED25519, LOG.public_key)
WITNESS = {"w": NoteKey(COSIGNER.name, NoteKind.COSIGNATURE, COSIGNER.public_key)}


def test_what_is_signed_is_read() -> None:
    """Origin, size, root and both lines come back, and both verify."""
    checkpoint = parse_checkpoint(NOTE)
    assert (checkpoint.origin, checkpoint.size, checkpoint.root) == (ORIGIN, 7, ROOT)
    assert verify_log(checkpoint, [LOG_KEY]) == checkpoint.lines[0]
    assert verify_cosignatures(checkpoint, WITNESS) == {"w": 1_790_000_000}


def test_every_flipped_byte_is_noticed() -> None:
    """No byte of a cosigned checkpoint can change unnoticed by somebody who knows both keys."""
    for at in range(len(NOTE)):
        changed = NOTE[:at] + bytes([NOTE[at] ^ 1]) + NOTE[at + 1 :]
        try:
            checkpoint = parse_checkpoint(changed)
            verify_log(checkpoint, [LOG_KEY])
            noticed = verify_cosignatures(checkpoint, WITNESS) == {}
        except (EncodingError, ProofError) as error:
            noticed = error.failure.startswith("note.")
        assert noticed, at


def test_line_of_unknown_key_is_ignored() -> None:
    """A stranger's line neither helps nor harms."""
    longer = cosign(NOTE, replace(NEXT_LOG, name="example.org/stranger"), 1)
    assert verify_cosignatures(parse_checkpoint(longer), WITNESS) == {"w": 1_790_000_000}


def test_second_wrong_line_of_a_known_key_is_refused() -> None:
    """A known key's line must verify even if a right one stands before it."""
    line = NOTE.split(b"\n")[4]
    blob = bytearray(decode_base64(line.split(b" ")[2].decode()) or b"")
    blob[-1] ^= 1
    wrong = line.rsplit(b" ", 1)[0] + b" " + encode_base64(bytes(blob)).encode() + b"\n"
    with pytest.raises(ProofError) as raised:
        verify_log(parse_checkpoint(NOTE + wrong), [LOG_KEY])
    assert raised.value.failure == "note.signature"


def test_unknown_log_is_unsigned() -> None:
    """Without a line of a believed key a checkpoint counts for nothing."""
    with pytest.raises(ProofError) as raised:
        verify_log(parse_checkpoint(NOTE), [replace(LOG_KEY, public=NEXT_LOG.public_key)])
    assert raised.value.failure == "note.unsigned"


def test_cosigner_key_cannot_stand_in_for_the_log() -> None:
    """A key is believed for its own type of line only."""
    checkpoint = parse_checkpoint(NOTE)
    with pytest.raises(ProofError):
        verify_log(checkpoint, WITNESS.values())
    assert verify_cosignatures(checkpoint, {"log": LOG_KEY}) == {}


def test_cosignature_of_wrong_length_is_refused() -> None:
    """A known cosigner's line with 63 bytes of signature is a wrong signature, not an unknown line."""
    parsed = parse_checkpoint(NOTE)
    line = parsed.lines[1]
    shorter = replace(parsed, lines=(parsed.lines[0], replace(line, blob=line.blob[:-1])))
    with pytest.raises(ProofError) as raised:
        verify_cosignatures(shorter, WITNESS)
    assert raised.value.failure == "note.signature"


def test_log_key_must_be_named_as_its_origin() -> None:
    """Signing another origin with this log's key is a defect of ours."""
    with pytest.raises(Misuse):
        sign_checkpoint(origin_of("example.net", LEDGER_ID, 1), 7, ROOT, LOG)


@pytest.mark.parametrize("domain", ["", "a" * 65, "Example.org", "a b", "a\n"])
def test_domain_outside_its_form_is_refused(domain: str) -> None:
    """An origin has one form."""
    with pytest.raises(EncodingError) as raised:
        origin_of(domain, LEDGER_ID, 1)
    assert raised.value.failure == "note.origin"


def test_vkey_round_trip() -> None:
    """A verifier key is read as it was written."""
    text = vkey(ORIGIN, NoteKind.ED25519, LOG.public_key)
    assert parse_vkey(text) == LOG_KEY


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace("+", "", 1),
        lambda text: text.upper(),
        lambda text: text + "=",
        lambda text: text.replace("example", "ex ample"),
        lambda text: vkey(ORIGIN, NoteKind.ED25519, LOG.public_key[:-1]),
        lambda text: f"{ORIGIN}+00000000+{text.rsplit('+', 1)[1]}",
    ],
)
def test_other_vkeys_are_refused(change: object) -> None:
    """Each other text is no verifier key."""
    assert callable(change)
    with pytest.raises(EncodingError) as raised:
        parse_vkey(change(vkey(ORIGIN, NoteKind.ED25519, LOG.public_key)))
    assert raised.value.failure == "note.key"


@given(st.binary(max_size=80))
def test_base64_round_trip(data: bytes) -> None:
    """Each byte string has one text."""
    assert decode_base64(encode_base64(data)) == data


@given(st.text(alphabet="AQgw/+= \n", max_size=12))
def test_base64_accepts_only_what_it_would_write(text: str) -> None:
    """A text that is accepted is the one encoding of what it gives."""
    data = decode_base64(text)
    assert data is None or encode_base64(data) == text


@given(st.text(alphabet="0123456789-+_ \u0663", max_size=21))
def test_decimal_accepts_only_what_it_would_write(text: str) -> None:
    """No signs, no leading zeros, no digits of other scripts, nothing above 2**63 - 1."""
    number = decode_decimal(text)
    assert number is None or (str(number) == text and number < 1 << 63)


@given(st.binary(max_size=300))
def test_arbitrary_bytes_never_raise_anything_else(data: bytes) -> None:
    """Hostile notes are refused with a class of the page."""
    with pytest.raises(EncodingError) as raised:
        parse_checkpoint(NOTE[:60] + data)
    assert raised.value.failure.startswith("note.")
