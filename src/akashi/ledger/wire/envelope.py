"""The signed operation: COSE_Sign1 over ``[statement, approvals]`` (docs/spec/operation.md).

Guarantees: ``parse_operation`` accepts exactly the bytes that ``seal_operation`` can produce (same key, same
statement); everything else is an :class:`EncodingError` with a failure class. Refuses to judge: whether the signature
verifies is ``verify_signature``; whether the key may sign is ``rules``; whether the operation is accepted is ``apply``.

Only the ledger and ``app`` hold a :class:`Signer` (architecture test).
"""

from __future__ import annotations

from functools import lru_cache
from hashlib import sha256
from typing import Protocol

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key

from akashi.ledger.errors import EncodingError, ProofError
from akashi.ledger.model import (
    HANDLE,
    KIND,
    MAX_LIFETIME_MS,
    MAX_OPERATION_BYTES,
    Actor,
    Algorithm,
    Approval,
    Auth,
    AuthMethod,
    Operation,
    Statement,
    operation_id,
)
from akashi.ledger.wire import cbor
from akashi.ledger.wire.approval import approvals_value, parse_approvals
from akashi.ledger.wire.cbor import Value
from akashi.ledger.wire.ed25519 import is_signed

OPERATION_TYPE = "akashi-op/1"
_COSE_SIGN1 = b"\xd2"  # tag 18
_USUAL = b"\xd2\x84\x58\x33"  # an array of four that begins with the protected header of an operation, 51 bytes
_CONTEXT = b"\x84\x6aSignature1"  # the array of four and its first text, RFC 9052 section 4.4
_ED25519_SPKI = bytes.fromhex("302a300506032b6570032100")  # RFC 8410: what stands before the 32 bytes
_ALGORITHM, _KEY_ID, _TYPE = 1, 4, 16
SIGNATURE_SIZE = 64
NONCE_SIZE = 16
DIGEST_SIZE = 32
_METHODS = {int(method): method for method in AuthMethod}


class Signer(Protocol):
    """Signs with one private key. Thread-safe. Never exposes the key."""

    @property
    def algorithm(self) -> Algorithm:
        """Which COSE algorithm the key is for."""
        ...

    @property
    def spki(self) -> bytes:
        """The public key, DER SubjectPublicKeyInfo."""
        ...

    def sign(self, message: bytes) -> bytes:
        """64 bytes: Ed25519 (RFC 8032), or ECDSA r || s (RFC 9053 section 2.1)."""
        ...


def key_id(spki: bytes) -> bytes:
    """SHA-256 of a DER SubjectPublicKeyInfo."""
    return sha256(spki).digest()


def _sig_structure(protected: bytes, payload: bytes) -> bytes:
    head = cbor.encode_bytes_head
    return b"".join((_CONTEXT, head(len(protected)), protected, b"\x40", head(len(payload)), payload))


def sign_cose(signer: Signer, typ: str, payload: bytes) -> bytes:
    """A COSE_Sign1 (tagged) whose protected header names algorithm, key id and ``typ``; unprotected is empty."""
    protected = cbor.encode({_ALGORITHM: int(signer.algorithm), _KEY_ID: key_id(signer.spki), _TYPE: typ})
    signature = signer.sign(_sig_structure(protected, payload))
    return _COSE_SIGN1 + cbor.encode([protected, {}, payload, signature])


def parse_cose(data: bytes, typ: str) -> tuple[Algorithm, bytes, bytes, bytes, bytes]:
    """Strictly parse a COSE_Sign1: (algorithm, key id, payload, Sig_structure, signature)."""
    spliced = _spliced(data)
    if spliced is not None:
        protected, payload, signature = spliced
    else:
        protected, payload, signature = _decoded(data)
    if len(signature) != SIGNATURE_SIZE:
        raise EncodingError("cose.signature")
    algorithm, key = _parse_protected(protected, typ)
    return algorithm, key, payload, _sig_structure(protected, payload), signature


def _spliced(data: bytes) -> tuple[bytes, bytes, bytes] | None:
    """Protected header, payload and signature of an envelope whose heads stand where nearly every operation has them.

    ``None`` for all others, right or wrong: judging those is for the strict decoder. A single encoding means that what has this form is what
    the decoder would have read.
    """
    if data[:4] != _USUAL or data[55:56] != b"\xa0" or data[-66:-64] != b"\x58\x40":
        return None
    if data[56] == 0x58 and data[57] >= 24 and len(data) == 124 + data[57]:
        return data[4:55], data[58:-66], data[-64:]
    if data[56] == 0x59 and data[57] and len(data) == 125 + (data[57] << 8 | data[58]):
        return data[4:55], data[59:-66], data[-64:]
    return None


def _decoded(data: bytes) -> tuple[bytes, bytes, bytes]:
    """Protected header, payload and signature of any envelope."""
    if data[:1] != _COSE_SIGN1:
        raise EncodingError("cose.tag")
    parts = cbor.decode(data[1:])
    if not isinstance(parts, list) or len(parts) != 4:
        raise EncodingError("cose.shape")
    protected, unprotected, payload, signature = parts
    if unprotected != {} or not isinstance(unprotected, dict):
        raise EncodingError("cose.unprotected")
    if not (isinstance(protected, bytes) and isinstance(payload, bytes) and isinstance(signature, bytes)):
        raise EncodingError("cose.shape")
    return protected, payload, signature


@lru_cache(maxsize=4096)
def _parse_protected(protected: bytes, typ: str) -> tuple[Algorithm, bytes]:
    header = cbor.decode(protected)
    if not isinstance(header, dict) or list(header) != [_ALGORITHM, _KEY_ID, _TYPE]:
        raise EncodingError("cose.protected")
    algorithm, key = header[_ALGORITHM], header[_KEY_ID]
    if algorithm not in (Algorithm.ED25519, Algorithm.ESP256) or not isinstance(algorithm, int):
        raise EncodingError("cose.algorithm")
    if not isinstance(key, bytes) or len(key) != DIGEST_SIZE:
        raise EncodingError("cose.key")
    if header[_TYPE] != typ:
        raise EncodingError("cose.type")
    return Algorithm(algorithm), key


def verify_signature(algorithm: Algorithm, spki: bytes, message: bytes, signature: bytes) -> None:
    """Check one signature; raises :class:`ProofError` ``signature``. The caller matches key ids and validity."""
    key = _public_key(algorithm, spki)
    if isinstance(key, bytes):
        if not is_signed(key, message, signature):
            raise ProofError("signature")
        return
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    try:
        key.verify(encode_dss_signature(r, s), message, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature as error:
        raise ProofError("signature") from error


def verify_public_key(algorithm: Algorithm, spki: bytes) -> None:
    """A key of this algorithm, in its one encoding (DER, point uncompressed); raises :class:`ProofError` ``key``."""
    key = _public_key(algorithm, spki)
    if isinstance(key, bytes):
        again = _ED25519_SPKI + key
    else:
        again = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    if again != spki:
        raise ProofError("key")


@lru_cache(maxsize=4096)
def _public_key(algorithm: Algorithm, spki: bytes) -> bytes | ec.EllipticCurvePublicKey:
    """The 32 bytes of an Ed25519 key, or the P-256 key."""
    try:
        key = load_der_public_key(spki)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise ProofError("key") from error
    if algorithm is Algorithm.ED25519 and isinstance(key, ed25519.Ed25519PublicKey):
        return key.public_bytes_raw()
    if (
        algorithm is Algorithm.ESP256
        and isinstance(key, ec.EllipticCurvePublicKey)
        and isinstance(key.curve, ec.SECP256R1)
    ):
        return key
    raise ProofError("key.algorithm")


def encode_statement(statement: Statement) -> bytes:
    """The one encoding of a statement."""
    actor, auth = statement.actor, statement.auth
    return cbor.encode(
        [
            1,
            statement.ledger,
            statement.kind,
            statement.version,
            [actor.institution, actor.person, actor.device],
            [int(auth.method), auth.at_ms, auth.certificate],
            statement.subject,
            statement.body,
            statement.claimed_ms,
            statement.not_after_ms,
            statement.nonce,
        ]
    )


def seal_operation(statement: Statement, signer: Signer, approvals: tuple[Approval, ...] = ()) -> bytes:
    """The envelope of ``statement`` under ``signer``; at most 32 KiB, else :class:`EncodingError`."""
    payload = b"\x82" + encode_statement(statement) + cbor.encode(approvals_value(approvals))
    envelope = sign_cose(signer, OPERATION_TYPE, payload)
    parse_operation(envelope)  # never sign into the world what no reader would accept
    return envelope


def parse_operation(envelope: bytes) -> Operation:
    """Strictly parse an envelope. Raises :class:`EncodingError`; verifies nothing."""
    if len(envelope) > MAX_OPERATION_BYTES:
        raise EncodingError("op.size")
    algorithm, key, payload, signed, signature = parse_cose(envelope, OPERATION_TYPE)
    parts = cbor.decode(payload)
    if not isinstance(parts, list) or len(parts) != 2:
        raise EncodingError("op.payload")
    # One encoding: the head of an array of two is one byte, as is an empty array at the end.
    approvals, length = ((), 1) if parts[1] == [] else (parse_approvals(parts[1]), len(cbor.encode(parts[1])))
    said = payload[1:-length]
    statement = _statement(parts[0])
    return Operation(envelope, statement, said, algorithm, key, signed, signature, operation_id(said), approvals)


def _statement(fields: Value) -> Statement:
    if not isinstance(fields, list) or len(fields) != 11 or fields[0] != 1 or fields[0] is True:
        raise EncodingError("op.statement")
    _, ledger, kind, version, actor, auth, subject, body, claimed, not_after, nonce = fields
    if not isinstance(ledger, bytes) or len(ledger) != NONCE_SIZE:
        raise EncodingError("op.ledger")
    if not isinstance(kind, str) or not _is_kind(kind):
        raise EncodingError("op.kind")
    if type(version) is not int or not 1 <= version < 1 << 16:
        raise EncodingError("op.version")
    if subject is not None and not _is_handle(subject):
        raise EncodingError("op.subject")
    if not isinstance(body, dict):
        raise EncodingError("op.body")
    if type(claimed) is not int or type(not_after) is not int or not 0 <= claimed < not_after:
        raise EncodingError("op.time")
    if not_after - claimed > MAX_LIFETIME_MS:
        raise EncodingError("op.lifetime")
    if not isinstance(nonce, bytes) or len(nonce) != NONCE_SIZE:
        raise EncodingError("op.nonce")
    return Statement(
        ledger,
        kind,
        version,
        _actor(actor),
        _auth(auth),
        subject if isinstance(subject, str) else None,
        body,
        claimed,
        not_after,
        nonce,
    )


@lru_cache(maxsize=256)
def _is_kind(kind: str) -> bool:
    """The same few kinds come again and again, so each is judged once."""
    return KIND.fullmatch(kind) is not None


def _is_handle(value: Value) -> bool:
    return isinstance(value, str) and HANDLE.fullmatch(value) is not None


def _actor(fields: Value) -> Actor:
    if not isinstance(fields, list) or len(fields) != 3:
        raise EncodingError("op.actor")
    institution, person, device = fields
    if not isinstance(institution, str):
        raise EncodingError("op.actor")
    if not (person is None or isinstance(person, str)) or not (device is None or isinstance(device, str)):
        raise EncodingError("op.actor")
    return _known_actor(institution, person, device)


@lru_cache(maxsize=4096)
def _known_actor(institution: str, person: str | None, device: str | None) -> Actor:
    """The same few people act again and again, so each trio of handles is judged once."""
    if not all(handle is None or HANDLE.fullmatch(handle) for handle in (institution, person, device)):
        raise EncodingError("op.actor")
    return Actor(institution, person, device)


def _auth(fields: Value) -> Auth:
    if not isinstance(fields, list) or len(fields) != 3:
        raise EncodingError("op.auth")
    method, at_ms, certificate = fields
    known = _METHODS.get(method) if type(method) is int else None
    if known is None or type(at_ms) is not int or at_ms < 0:
        raise EncodingError("op.auth")
    if certificate is not None and not (isinstance(certificate, bytes) and len(certificate) == DIGEST_SIZE):
        raise EncodingError("op.auth")
    return Auth(known, at_ms, certificate)
