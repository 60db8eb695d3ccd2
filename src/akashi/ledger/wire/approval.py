"""A person's own signature over an operation id: its form, and which bytes it is over (docs/spec/operation.md section 4).

Guarantees: ``parse_approvals`` accepts exactly what ``approvals_value`` produces; ``signed_message`` gives the bytes that the signature must be over,
and gives none for an assertion that was made for another operation, page or relying party, or without the person. Refuses clocks and lookups:
whose key it is and whether it counts is for ``rules.decide_approver``. Trusts nobody; the counter of an authenticator is ignored, because
whoever has only the ledger cannot know the one before.

>>> challenge_of(bytes(32))
'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'
"""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from hashlib import sha256
from typing import Never

from akashi.ledger.errors import EncodingError, Refused
from akashi.ledger.model import Approval, ApprovalKind
from akashi.ledger.wire.cbor import Value

MAX_APPROVALS = 4
AUTHENTICATOR_DATA = range(37, 1024 + 1)
CLIENT_DATA = range(1, 2048 + 1)
_SIGNATURE, _KEY, _FIELDS = 64, 32, 5
_KINDS = {int(kind): kind for kind in ApprovalKind}
_MAX_BRACKETS = 16
_USER_PRESENT, _USER_VERIFIED, _ATTESTED, _EXTENSIONS = 0x01, 0x04, 0x40, 0x80


def approvals_value(approvals: tuple[Approval, ...]) -> Value:
    """The array of an envelope: ``[kind, key id, authenticatorData, clientDataJSON, signature]`` each."""
    return [[int(one.kind), one.key, one.authenticator_data, one.client_data, one.signature] for one in approvals]


def parse_approvals(value: Value) -> tuple[Approval, ...]:
    """The approvals of an envelope. Raises :class:`EncodingError` ``op.approvals``, or ``approval.many`` above four."""
    if not isinstance(value, list):
        raise EncodingError("op.approvals")
    if len(value) > MAX_APPROVALS:
        raise EncodingError("approval.many")
    return tuple([_parse(item) for item in value])


def _parse(value: Value) -> Approval:
    if not isinstance(value, list) or len(value) != _FIELDS:
        raise EncodingError("op.approvals")
    number, key, authenticator_data, client_data, signature = value
    kind = _KINDS.get(number) if type(number) is int else None
    if not (isinstance(authenticator_data, bytes) and isinstance(client_data, bytes)) or kind is None:
        raise EncodingError("op.approvals")
    if (
        not (isinstance(key, bytes) and len(key) == _KEY and isinstance(signature, bytes))
        or len(signature) != _SIGNATURE
    ):
        raise EncodingError("op.approvals")
    if kind is ApprovalKind.PASSKEY:
        fits = len(authenticator_data) in AUTHENTICATOR_DATA and len(client_data) in CLIENT_DATA
    else:
        fits = not authenticator_data and not client_data
    if not fits:
        raise EncodingError("op.approvals")
    return Approval(kind, key, signature, authenticator_data, client_data)


def challenge_of(operation_id: bytes) -> str:
    """The challenge of a passkey: the operation id in base64url without padding (WebAuthn level 3, section 5.8.1)."""
    return urlsafe_b64encode(operation_id).rstrip(b"=").decode()


def raw_message(operation_id: bytes) -> bytes:
    """What a browser key or a device key signs: "akashi/approval/1" 00 operation id."""
    return b"akashi/approval/1\x00" + operation_id


def signed_message(
    approval: Approval, operation_id: bytes, rp_id_hash: bytes | None, origin_digest: bytes | None
) -> bytes:
    """The bytes that the approval's signature must be over.

    ``rp_id_hash``, ``origin_digest``: as the key's enrolment says. Raises :class:`Refused` ``approval.form``, ``approval.challenge``, ``approval.origin``,
    ``approval.rp``, ``approval.flags``, in this order (WebAuthn level 3, section 7.2, steps 11 to 17 and 20).
    """
    if approval.kind is not ApprovalKind.PASSKEY:
        return raw_message(operation_id)
    said = client_data(approval.client_data)
    if said.get("type") != "webauthn.get":
        raise Refused("approval.form")
    if said.get("challenge") != challenge_of(operation_id):
        raise Refused("approval.challenge")
    origin = said.get("origin")
    if not isinstance(origin, str) or not origin.isascii() or sha256(origin.encode()).digest() != origin_digest:
        raise Refused("approval.origin")
    if said.get("crossOrigin", False) is not False or "topOrigin" in said:
        raise Refused("approval.origin")
    data = approval.authenticator_data
    if data[:32] != rp_id_hash:
        raise Refused("approval.rp")
    _verify_flags(data)
    return data + sha256(approval.client_data).digest()


def _verify_flags(data: bytes) -> None:
    """User present and verified, nothing attested, and no more bytes than the flags announce (WebAuthn level 3, section 6.1)."""
    flags = data[32]
    longer = len(data) > AUTHENTICATOR_DATA.start
    if not flags & _USER_PRESENT or not flags & _USER_VERIFIED or flags & _ATTESTED:
        raise Refused("approval.flags")
    if longer != bool(flags & _EXTENSIONS):
        raise Refused("approval.flags")


def client_data(data: bytes) -> dict[str, object]:
    """The members of a clientDataJSON, read strictly: one object in UTF-8, no name twice, no fractions, at most 16 brackets.

    Raises :class:`Refused` ``approval.form``. What else a browser adds is read and left alone (WebAuthn level 3, section 5.8.1.2).
    """
    if data.count(b"{") + data.count(b"[") > _MAX_BRACKETS:
        raise Refused("approval.form")
    try:
        value = json.loads(
            data.decode("utf-8"), object_pairs_hook=_members, parse_float=_refuse, parse_constant=_refuse
        )
    except ValueError as error:
        raise Refused("approval.form") from error
    if not isinstance(value, dict):
        raise Refused("approval.form")
    return value


def _members(pairs: list[tuple[str, object]]) -> dict[str, object]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise Refused("approval.form")
    return made


def _refuse(_: str) -> Never:
    raise Refused("approval.form")
