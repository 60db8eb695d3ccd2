"""The signed operation and the leaf: parsing accepts what sealing makes, byte for byte, and nothing else."""

from __future__ import annotations

from hashlib import sha256

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given, settings
from hypothesis import strategies as st

from akashi.ledger.errors import EncodingError, ProofError
from akashi.ledger.model import (
    MAX_LIFETIME_MS,
    Actor,
    Algorithm,
    Auth,
    AuthMethod,
    Header,
    Leaf,
    Statement,
)
from akashi.ledger.wire import cbor
from akashi.ledger.wire.cbor import Value
from akashi.ledger.wire.envelope import (
    encode_statement,
    key_id,
    parse_cose,
    parse_operation,
    seal_operation,
    sign_cose,
    verify_signature,
)
from akashi.ledger.wire.leaf import encode_header, encode_leaf, header_hash, parse_header, parse_leaf
from tests.ledger.world import SoftSigner, World

SIGNER = SoftSigner("envelope")
ENVELOPE = World().noted(5)
TIMES = st.integers(0, 1 << 50)
HANDLES = st.from_regex(r"[a-z]{2,5}-[0-9a-z]{4,32}", fullmatch=True)
DIGESTS = st.binary(min_size=32, max_size=32)
STATEMENTS = st.builds(
    lambda claimed, life, **rest: Statement(claimed_ms=claimed, not_after_ms=claimed + life, **rest),
    claimed=TIMES,
    life=st.integers(1, MAX_LIFETIME_MS),
    ledger=st.binary(min_size=16, max_size=16),
    kind=st.from_regex(r"[a-z][a-z_]{1,23}\.[a-z][a-z_]{1,31}", fullmatch=True),
    version=st.integers(1, 65535),
    actor=st.builds(Actor, HANDLES, st.none() | HANDLES, st.none() | HANDLES),
    auth=st.builds(Auth, st.sampled_from(AuthMethod), TIMES, st.none() | DIGESTS),
    subject=st.none() | HANDLES,
    body=st.dictionaries(st.integers(0, 30), TIMES | st.binary(max_size=50) | st.text(max_size=20), max_size=5),
    nonce=st.binary(min_size=16, max_size=16),
)


class PlainP256:
    """An ESP256 signer over a key in memory: r || s, as COSE wants it."""

    algorithm = Algorithm.ESP256

    def __init__(self) -> None:
        self._key = ec.derive_private_key(12345, ec.SECP256R1())
        self.spki = self._key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    def sign(self, message: bytes) -> bytes:
        """64 bytes."""
        r, s = decode_dss_signature(self._key.sign(message, ec.ECDSA(hashes.SHA256())))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")


@settings(max_examples=60)
@given(STATEMENTS)
def test_parse_inverts_seal(statement: Statement) -> None:
    """Every statement comes back as it was, with an id derived from it, and verifies."""
    operation = parse_operation(seal_operation(statement, SIGNER))

    assert operation.statement == statement
    assert operation.statement_bytes == encode_statement(statement)
    assert operation.id == sha256(b"akashi/op/1\x00" + operation.statement_bytes).digest()
    assert operation.key == key_id(SIGNER.spki)
    verify_signature(operation.algorithm, SIGNER.spki, operation.signed_bytes, operation.signature)


def test_p256_signature_verifies() -> None:
    """The second algorithm: ECDSA over P-256 with SHA-256, r || s."""
    signer = PlainP256()
    operation = parse_operation(seal_operation(parse_operation(ENVELOPE).statement, signer))

    verify_signature(operation.algorithm, signer.spki, operation.signed_bytes, operation.signature)

    assert operation.algorithm is Algorithm.ESP256
    with pytest.raises(ProofError, match="signature"):
        verify_signature(operation.algorithm, signer.spki, operation.signed_bytes + b"x", operation.signature)


def test_every_changed_byte_is_noticed() -> None:
    """Flip each byte of an operation: it does not parse, or it does not verify, or it is another key's."""
    signer = World().gateway
    for at in range(len(ENVELOPE)):
        changed = ENVELOPE[:at] + bytes((ENVELOPE[at] ^ 0x01,)) + ENVELOPE[at + 1 :]
        try:
            operation = parse_operation(changed)
        except EncodingError:
            continue
        if operation.key == signer.key:
            with pytest.raises(ProofError):
                verify_signature(operation.algorithm, signer.spki, operation.signed_bytes, operation.signature)


@settings(max_examples=200)
@given(st.sampled_from([0, 1, 23, 24, 25, 255, 256, 257, 600]), st.data())
def test_what_is_read_is_what_the_decoder_reads(length: int, draw: st.DataObject) -> None:
    """Reading the usual form without the decoder neither accepts more nor reads anything else, whatever byte is changed."""
    data = sign_cose(SIGNER, "akashi-op/1", bytes(length))
    at = draw.draw(st.integers(0, 70) | st.integers(0, len(data) - 1))
    drop = draw.draw(st.integers(0, 1))
    data = data[:at] + draw.draw(st.binary(max_size=2)) + data[at + drop :]
    try:
        algorithm, key, payload, signed, signature = parse_cose(data, "akashi-op/1")
    except EncodingError:
        return

    protected = cbor.encode({1: int(algorithm), 4: key, 16: "akashi-op/1"})
    assert cbor.decode(data[1:]) == [protected, {}, payload, signature]
    assert signed == cbor.encode(["Signature1", protected, b"", payload])


@pytest.mark.parametrize("head", [b"\x58\x17", b"\x59\x00\x17", b"\x59\x00\xff", b"\x5a\x00\x00\x01\x00"])
def test_longer_head_of_the_payload_is_refused(head: bytes) -> None:
    """A payload whose length is written with more bytes than it needs is a second encoding of the same operation."""
    data = sign_cose(SIGNER, "akashi-op/1", b"")
    length = int.from_bytes(head[1:], "big")
    data = data[:56] + head + bytes(length) + data[57:]

    with pytest.raises(EncodingError) as error:
        parse_cose(data, "akashi-op/1")

    assert error.value.failure == "cbor.shortest"


@given(st.integers(0, len(ENVELOPE) - 1))
def test_cut_operation_is_refused(length: int) -> None:
    """No prefix of an operation is one."""
    with pytest.raises(EncodingError):
        parse_operation(ENVELOPE[:length])


def sealed(**changes: object) -> bytes:
    """An operation whose statement has raw fields replaced, signed properly."""
    fields = cbor.decode(encode_statement(parse_operation(ENVELOPE).statement))
    assert isinstance(fields, list)
    for at, value in changes.items():
        fields[int(at[1:])] = value  # type: ignore[call-overload]  # CBOR values by construction
    return sign_cose(SIGNER, "akashi-op/1", b"\x82" + cbor.encode(fields) + b"\x80")


@pytest.mark.parametrize(
    ("at", "value", "failure"),
    [
        ("f0", 2, "op.statement"),
        ("f0", True, "op.statement"),
        ("f1", b"short", "op.ledger"),
        ("f2", "Testing.noted", "op.kind"),
        ("f2", "testing.noted\n", "op.kind"),
        ("f3", 0, "op.version"),
        ("f3", True, "op.version"),
        ("f4", ["inst-sender"], "op.actor"),
        ("f4", [None, None, None], "op.actor"),
        ("f4", ["inst-sender", "Yamada", None], "op.actor"),
        ("f5", [9, 0, None], "op.auth"),
        ("f5", [True, 0, None], "op.auth"),
        ("f5", [0, -1, None], "op.auth"),
        ("f5", [0, 0, b"x"], "op.auth"),
        ("f6", "no handle", "op.subject"),
        ("f7", [], "op.body"),
        ("f8", -1, "op.time"),
        ("f9", 0, "op.time"),
        ("f9", 1 << 60, "op.lifetime"),
        ("f10", bytes(15), "op.nonce"),
    ],
)
def test_misshapen_field_has_its_class(at: str, value: Value, failure: str) -> None:
    """A well signed statement with one misshapen field is refused with that field's class."""
    with pytest.raises(EncodingError) as error:
        parse_operation(sealed(**{at: value}))

    assert error.value.failure == failure


@pytest.mark.parametrize(
    ("envelope", "failure"),
    [
        (ENVELOPE[1:], "cose.tag"),
        (b"\xd2\x80", "cose.shape"),
        (b"\xd2" + cbor.encode([b"", {}, b"", b""]), "cose.signature"),
        (b"\xd2" + cbor.encode([b"", {1: 1}, b"", bytes(64)]), "cose.unprotected"),
        (b"\xd2" + cbor.encode([b"\xa0", {}, b"", bytes(64)]), "cose.protected"),
        (b"\xd2" + cbor.encode([cbor.encode({1: -7, 4: bytes(32), 16: "x"}), {}, b"", bytes(64)]), "cose.algorithm"),
        (b"\xd2" + cbor.encode([cbor.encode({1: -19, 4: bytes(31), 16: "x"}), {}, b"", bytes(64)]), "cose.key"),
        (sign_cose(SIGNER, "akashi-storage/1", b"\x82\x00\x80"), "cose.type"),
        (sign_cose(SIGNER, "akashi-op/1", b"\x83\x00\x80\x80"), "op.payload"),
        (sign_cose(SIGNER, "akashi-op/1", b"\x82\x00\x81\x00"), "op.approvals"),
        (ENVELOPE + b"\x00", "cbor.trailing"),
        (bytes(32 * 1024 + 1), "op.size"),
    ],
)
def test_misshapen_envelope_has_its_class(envelope: bytes, failure: str) -> None:
    """Each fault of the envelope has its own class."""
    with pytest.raises(EncodingError) as error:
        parse_operation(envelope)

    assert error.value.failure == failure


def test_too_large_an_operation_is_not_signed() -> None:
    """At most 32 KiB, also for whoever writes it."""
    statement = parse_operation(ENVELOPE).statement._replace(body={1: bytes(33_000)})

    with pytest.raises(EncodingError, match="size"):
        seal_operation(statement, SIGNER)


def test_key_of_another_algorithm_does_not_verify() -> None:
    """The algorithm in the envelope and the enrolled key must belong together."""
    with pytest.raises(ProofError, match="algorithm"):
        verify_signature(Algorithm.ED25519, PlainP256().spki, b"", bytes(64))
    with pytest.raises(ProofError, match="key"):
        verify_signature(Algorithm.ED25519, b"no key", b"", bytes(64))


LEAVES = st.builds(Leaf, st.integers(1, 1 << 40), TIMES, st.binary(max_size=300), st.integers(0, 65535), DIGESTS)
HEADERS = st.builds(Header, st.integers(1, 1 << 40), DIGESTS, st.integers(1, 1 << 40), DIGESTS, TIMES)


@given(LEAVES)
def test_leaf_round_trip(leaf: Leaf) -> None:
    """Parsing inverts encoding, and the spliced encoding is the plain one."""
    encoded = encode_leaf(leaf)

    assert parse_leaf(encoded) == leaf
    assert encoded == cbor.encode([1, leaf.height, leaf.block_ms, leaf.envelope, leaf.result, leaf.effects])


@settings(max_examples=200)
@given(
    st.sampled_from([1, 23, 24, 255, 256, 65535, 65536, (1 << 32) - 1, 1 << 32, (1 << 63) - 1]),
    st.sampled_from([0, (1 << 32) - 1, 1 << 32, 1 << 41, (1 << 63) - 1]),
    st.sampled_from([0, 24, 255, 256, 300, 65535, 65536]),
    st.data(),
)
def test_leaf_is_read_as_the_decoder_reads_it(height: int, block_ms: int, length: int, draw: st.DataObject) -> None:
    """Reading the usual form without the decoder neither accepts more nor reads anything else, whatever byte is changed."""
    data = encode_leaf(Leaf(height, block_ms, bytes(length), 0, bytes(32)))
    if draw.draw(st.booleans()):
        at = draw.draw(st.integers(0, 24) | st.integers(-36, -30))
        data = data[:at] + draw.draw(st.binary(min_size=1, max_size=2)) + data[at + 1 :]
    try:
        leaf = parse_leaf(data)
    except EncodingError:
        return

    assert cbor.decode(data) == [1, leaf.height, leaf.block_ms, leaf.envelope, leaf.result, leaf.effects]
    assert encode_leaf(leaf) == data


@given(HEADERS)
def test_header_round_trip(header: Header) -> None:
    """Parsing inverts encoding; the hash is domain-separated."""
    encoded = encode_header(header)

    assert parse_header(encoded) == header
    assert header_hash(encoded) == sha256(b"akashi/block/1\x00" + encoded).digest()


@pytest.mark.parametrize(
    ("fields", "failure"),
    [
        ([1, 1, 0, b"", 0], "leaf.shape"),
        ([2, 1, 0, b"", 0, bytes(32)], "leaf.shape"),
        ([True, 1, 0, b"", 0, bytes(32)], "leaf.shape"),
        ([1, 1, 0, b"", True, bytes(32)], "leaf.shape"),
        ([1, 1, 0, b"", 0, bytes(31)], "leaf.shape"),
        ([1, 0, 0, b"", 0, bytes(32)], "leaf.range"),
        ([1, 1, -1, b"", 0, bytes(32)], "leaf.range"),
        ([1, 1, 0, b"", 65536, bytes(32)], "leaf.range"),
    ],
)
def test_misshapen_leaf(fields: list[Value], failure: str) -> None:
    """Each fault of a leaf has its class."""
    with pytest.raises(EncodingError) as error:
        parse_leaf(cbor.encode(fields))

    assert error.value.failure == failure


@pytest.mark.parametrize(
    ("fields", "failure"),
    [
        ([1, 1, bytes(32), 1, bytes(32)], "header.shape"),
        ([2, 1, bytes(32), 1, bytes(32), 0], "header.shape"),
        ([1, 1, bytes(31), 1, bytes(32), 0], "header.shape"),
        ([1, 1, bytes(32), 1, 7, 0], "header.shape"),
        ([1, 0, bytes(32), 1, bytes(32), 0], "header.range"),
        ([1, 1, bytes(32), 0, bytes(32), 0], "header.range"),
        ([1, 1, bytes(32), 1, bytes(32), -1], "header.range"),
    ],
)
def test_misshapen_header(fields: list[Value], failure: str) -> None:
    """Each fault of a block header has its class."""
    with pytest.raises(EncodingError) as error:
        parse_header(cbor.encode(fields))

    assert error.value.failure == failure
