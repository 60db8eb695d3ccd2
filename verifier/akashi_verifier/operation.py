"""Operations: the COSE_Sign1 envelope and the statement of `docs/spec/operation.md`.

Guarantees: what `parse` returns has every field in its form; the checks run in the order of the specification.
Refuses: malformed envelopes (`op.*`, `cose.*`, `cbor.*`). Leaves to the caller: whose key it is, and `verify`.
Trusts: nobody; `verify` trusts the public key it is given.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key

from akashi_verifier import Failure, cbor, demand
from akashi_verifier.tree import digest, is_bytes, is_int

ED25519, ESP256 = -19, -9
PASSKEY = 1
MAX_APPROVALS = 4
MAX_ENVELOPE = 32_768
MAX_LIFETIME_MS = 604_800_000
_KIND = re.compile(r"[a-z][a-z_]{1,23}\.[a-z][a-z_]{1,31}")
_HANDLE = re.compile(r"[a-z]{2,5}-[0-9a-z]{4,32}")

PublicKey = ed25519.Ed25519PublicKey | ec.EllipticCurvePublicKey

_P = 2**255 - 19
_Y8 = int.from_bytes(bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"), "little")
_SMALL = {0, 1, _P - 1, _Y8, _P - _Y8}  # y of the eight points of Ed25519 whose order divides 8


@dataclass(frozen=True, slots=True)
class Operation:
    """A parsed operation; times in milliseconds since 1970, `signed` is what the signature covers."""

    id: bytes
    ledger: bytes
    kind: str
    version: int
    institution: str
    person: str | None
    device: str | None
    subject: str | None
    body: dict[int, Any]
    claimed: int
    expires: int
    algorithm: int
    key_id: bytes
    signed: bytes
    signature: bytes
    approvals: tuple[Approval, ...] = ()


@dataclass(frozen=True, slots=True)
class Approval:
    """A person's signature over the operation id (operation.md 4), as it stands in the envelope."""

    kind: int
    key_id: bytes
    authenticator: bytes
    client: bytes
    signature: bytes


def is_handle(value: Any) -> bool:
    """Whether the value is a handle (operation.md 2)."""
    return isinstance(value, str) and _HANDLE.fullmatch(value) is not None


def parse(envelope: bytes, expected_type: str = "akashi-op/1") -> Operation:
    """Parse an envelope of operation.md 1-4 (raises the classes of operation.md 5, in their order)."""
    algorithm, key_id, protected, payload, signature = open_envelope(envelope, expected_type)
    pair = cbor.decode(payload)
    demand(isinstance(pair, list) and len(pair) == 2, "op.payload")
    approvals = _read_approvals(pair[1])
    # The head of an array of two is one byte: the statement is what lies between it and the approvals.
    statement, encoded = pair[0], payload[1 : len(payload) - len(cbor.encode(pair[1]))]
    _check_statement(statement)
    signed = cbor.encode(["Signature1", protected, b"", payload])
    institution, person, device = statement[4]
    return Operation(
        id=digest("akashi/op/1", encoded),
        ledger=statement[1],
        kind=statement[2],
        version=statement[3],
        institution=institution,
        person=person,
        device=device,
        subject=statement[6],
        body=statement[7],
        claimed=statement[8],
        expires=statement[9],
        algorithm=algorithm,
        key_id=key_id,
        signed=signed,
        signature=signature,
        approvals=approvals,
    )


def _read_approvals(value: Any) -> tuple[Approval, ...]:
    """operation.md 4: the form of the approvals; whose they are and whether they hold comes with the registry."""
    demand(isinstance(value, list), "op.approvals")
    demand(len(value) <= MAX_APPROVALS, "approval.many")
    found = []
    for item in value:
        demand(isinstance(item, list) and len(item) == 5, "op.approvals")
        kind, key, authenticator, client, signature = item
        demand(is_int(kind) and kind in (PASSKEY, 2, 3), "op.approvals")
        demand(is_bytes(key, 32) and is_bytes(signature, 64), "op.approvals")
        demand(is_bytes(authenticator) and is_bytes(client), "op.approvals")
        long = 37 <= len(authenticator) <= 1024 and 1 <= len(client) <= 2048
        demand(long if kind == PASSKEY else authenticator + client == b"", "op.approvals")
        found.append(Approval(kind, key, authenticator, client, signature))
    return tuple(found)


def open_envelope(envelope: bytes, expected_type: str) -> tuple[int, bytes, bytes, bytes, bytes]:
    """Return (algorithm, key id, protected, payload, signature) of a COSE_Sign1 as operation.md 1 wants it."""
    demand(len(envelope) <= MAX_ENVELOPE, "op.size")
    demand(envelope[:1] == b"\xd2", "cose.tag")
    parts = cbor.decode(envelope[1:])
    demand(isinstance(parts, list) and len(parts) == 4, "cose.shape")
    protected, unprotected, payload, signature = parts
    demand(is_bytes(protected) and is_bytes(payload) and is_bytes(signature), "cose.shape")
    demand(isinstance(unprotected, dict) and not unprotected, "cose.unprotected")
    demand(len(signature) == 64, "cose.signature")
    head = cbor.decode(protected)
    demand(isinstance(head, dict) and list(head) == [1, 4, 16], "cose.protected")
    demand(is_int(head[1]) and head[1] in (ED25519, ESP256), "cose.algorithm")
    demand(is_bytes(head[4], 32), "cose.key")
    demand(isinstance(head[16], str) and head[16] == expected_type, "cose.type")
    return head[1], head[4], protected, payload, signature


def _check_statement(statement: Any) -> None:
    """operation.md 2, field by field in the order of operation.md 5."""
    demand(isinstance(statement, list) and len(statement) == 11, "op.statement")
    version, ledger, kind, kind_version, actor, auth, subject, body, claimed, expires, nonce = statement
    demand(is_int(version) and version == 1, "op.statement")
    demand(is_bytes(ledger, 16), "op.ledger")
    demand(isinstance(kind, str) and _KIND.fullmatch(kind) is not None, "op.kind")
    demand(is_int(kind_version) and 1 <= kind_version <= 0xFFFF, "op.version")
    demand(subject is None or is_handle(subject), "op.subject")
    demand(isinstance(body, dict), "op.body")
    demand(is_int(claimed) and is_int(expires) and 0 <= claimed < expires, "op.time")
    demand(expires <= claimed + MAX_LIFETIME_MS, "op.lifetime")
    demand(is_bytes(nonce, 16), "op.nonce")
    demand(isinstance(actor, list) and len(actor) == 3 and is_handle(actor[0]), "op.actor")
    demand(all(part is None or is_handle(part) for part in actor[1:]), "op.actor")
    demand(isinstance(auth, list) and len(auth) == 3, "op.auth")
    demand(is_int(auth[0]) and 0 <= auth[0] <= 8 and is_int(auth[1]) and auth[1] >= 0, "op.auth")
    demand(auth[2] is None or is_bytes(auth[2], 32), "op.auth")


def load_key(spki: bytes, algorithm: int, code: str) -> PublicKey:
    """Load a SubjectPublicKeyInfo that fits the algorithm and is in its one encoding; else refuse with `code`."""
    try:
        key = load_der_public_key(spki)
        same = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo) == spki
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise Failure(code, "public key") from None
    demand(same, code, "public key")
    if algorithm == ED25519 and isinstance(key, ed25519.Ed25519PublicKey):
        return key
    if algorithm == ESP256 and isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1):
        return key
    raise Failure(code, "algorithm of the public key")


def signature_holds(key: PublicKey, signature: bytes, message: bytes) -> bool:
    """Whether the 64-byte signature (Ed25519, or ESP256 as r || s) is the key's over the message."""
    if isinstance(key, ed25519.Ed25519PublicKey):
        return ed25519_holds(key.public_bytes_raw(), signature, message)
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    try:
        key.verify(encode_dss_signature(r, s), message, ec.ECDSA(SHA256()))
    except InvalidSignature:
        return False
    return True


def ed25519_holds(public: bytes, signature: bytes, message: bytes) -> bool:
    """Ed25519 as section 1 of the page wants it: RFC 8032's equation without the cofactor, and no odd point.

    OpenSSL checks the equation, that `s` is below the order and, by comparing bytes, that R is written in its one way. It lets pass a key of small order,
    under which anybody can sign, and a key written in a second way; both are refused here.
    """
    if len(public) != 32 or len(signature) != 64 or _is_odd(public) or _is_odd(signature[:32]):
        return False
    try:
        ed25519.Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def _is_odd(point: bytes) -> bool:
    """Of small order, or `y` not below the field's order; the highest bit is the sign of x."""
    y = int.from_bytes(point, "little") % 2**255
    return y >= _P or y in _SMALL
