"""Persons' approvals in both verifiers: they agree on every input, and the second one says who signed."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from akashi.ledger.errors import EncodingError, Refused
from akashi.ledger.model import ApprovalKind
from akashi.ledger.wire import cbor
from akashi.ledger.wire.approval import parse_approvals, signed_message
from akashi_verifier import Failure, assertion
from akashi_verifier.__main__ import main
from akashi_verifier.operation import Approval, _read_approvals
from tests.vectors.people import DOCTOR, DOCTORS_PASSKEY, NURSE, ORIGIN, RP_ID

VECTORS = Path(__file__).parents[1] / "vectors"
OPERATION = bytes(range(32))
RP_HASH, ORIGIN_HASH = sha256(RP_ID.encode()).digest(), sha256(ORIGIN.encode()).digest()
RIGHT = DOCTORS_PASSKEY.approve(OPERATION)
MEMBERS = json.loads(RIGHT.client_data)


def first(authenticator: bytes, client: bytes) -> bytes | str:
    """What the first implementation says: signed bytes or failure class."""
    made = RIGHT._replace(authenticator_data=authenticator, client_data=client)
    try:
        return signed_message(made, OPERATION, RP_HASH, ORIGIN_HASH)
    except Refused as error:
        return error.reason


def second(authenticator: bytes, client: bytes) -> bytes | str:
    """What the second says."""
    made = Approval(int(ApprovalKind.PASSKEY), RIGHT.key, authenticator, client, RIGHT.signature)
    try:
        return assertion.message(made, OPERATION, RP_HASH, ORIGIN_HASH, "")
    except Failure as failure:
        return failure.code


@st.composite
def bent(draw: st.DrawFn) -> bytes:
    """The right text with some bytes replaced."""
    data = bytearray(RIGHT.client_data)
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(data) - 1))
        data[at : at + draw(st.integers(0, 2))] = draw(st.sampled_from(TOKENS))
    return bytes(data)


TOKENS = [
    b"",
    b'"',
    b"\\",
    b"{",
    b"}",
    b"[",
    b"]",
    b",",
    b":",
    b"1.5",
    b"1e3",
    b"-0",
    b"NaN",
    b"null",
    b"\xff",
    b"\xef\xbb\xbf",
    b"\\ud800",
    b"\x00",
    b" ",
]
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**20), 10**20) | st.text(max_size=4) | st.floats(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)


@given(bent())
@settings(max_examples=300)
def test_both_read_bent_client_data_alike(client: bytes) -> None:
    """Quotes, brackets, numbers and broken UTF-8 anywhere: the same class, or the same signed bytes."""
    assert first(RIGHT.authenticator_data, client) == second(RIGHT.authenticator_data, client)


@given(st.dictionaries(st.sampled_from([*MEMBERS, "topOrigin", "more"]), VALUES, max_size=4), st.booleans())
@settings(max_examples=200)
def test_both_judge_members_alike(changes: dict[str, object], ascii_only: bool) -> None:
    """Members of any type and value: the same class, or the same signed bytes."""
    client = json.dumps(MEMBERS | changes, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")
    assert first(RIGHT.authenticator_data, client) == second(RIGHT.authenticator_data, client)


@given(st.integers(0, 255), st.binary(max_size=3), st.integers(0, 36), st.integers(0, 255))
@settings(max_examples=200)
def test_both_judge_authenticator_data_alike(flags: int, tail: bytes, at: int, mask: int) -> None:
    """Every combination of flags, with bytes behind and a changed byte: the same class, or the same signed bytes."""
    data = bytearray(RIGHT.authenticator_data[:32] + bytes([flags]) + bytes(4) + tail)
    data[at] ^= mask
    assert first(bytes(data), RIGHT.client_data) == second(bytes(data), RIGHT.client_data)


ITEM = st.tuples(
    st.integers(-1, 4) | st.booleans(),
    st.binary(min_size=31, max_size=33),
    st.sampled_from([b"", bytes(36), bytes(37), bytes(1024), bytes(1025)]),
    st.sampled_from([b"", b"{", bytes(2048), bytes(2049), "text"]),
    st.binary(min_size=63, max_size=65),
).map(list)


@given(st.lists(ITEM | st.just(None) | st.just([]), max_size=6) | st.just({}))
@settings(max_examples=200)
def test_both_read_the_form_alike(value: cbor.Value) -> None:
    """Numbers, lengths and counts at their edges: the same class, or the same approvals."""
    ours: object
    theirs: object
    try:
        ours = [tuple(one) for one in parse_approvals(value)]
    except EncodingError as error:
        ours = error.failure
    try:
        theirs = [
            (one.kind, one.key_id, one.signature, one.authenticator, one.client) for one in _read_approvals(value)
        ]
    except Failure as failure:
        theirs = failure.code
    assert ours == theirs


def test_program_says_who_signed_and_for_whom_the_gateway_did(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Own signature with kind and basis, another's signature, and the gateway's on behalf."""
    vector = json.loads((VECTORS / "bundle-approved.json").read_text("utf-8"))
    (tmp_path / "a.akashi").write_bytes(bytes.fromhex(vector["input_hex"]))
    (tmp_path / "trust").write_text(vector["trust"], encoding="utf-8")
    status = main(["--trust", str(tmp_path / "trust"), str(tmp_path / "a.akashi")])
    said = capsys.readouterr().out
    assert status == 0
    assert "本人の署名 signed by the person: パスキー passkey, 機関が登録" in said
    assert f"署名 signed by {NURSE}: 端末の鍵 device key" in said
    assert f"署名 signed by {DOCTOR}: パスキー passkey" in said
    assert "機関のゲートウェイが代わって署名" in said
    assert "本人確認のうえ再登録" in said
