"""What a person's signature is over: section 4 of `docs/spec/operation.md`.

Guarantees: `message` returns the signed bytes of an approval only if it was made for this operation and, for a passkey, on the enrolled
page and relying party, with the person present and verified. Refuses: `approval.form`, `.challenge`, `.origin`, `.rp`, `.flags`, in this order.
Leaves to the caller: the key and the signature. Trusts: what the enrolment says of relying party and origin.
"""

from __future__ import annotations

import base64
import json
from hashlib import sha256
from typing import Any

from akashi_verifier import Failure, demand
from akashi_verifier.operation import PASSKEY, Approval

PRESENT, VERIFIED, ATTESTED, EXTENDED = 1, 4, 64, 128


def message(
    approval: Approval, operation_id: bytes, rp_hash: bytes | None, origin_hash: bytes | None, where: str
) -> bytes:
    """The bytes under the approval's signature."""
    if approval.kind != PASSKEY:
        return b"akashi/approval/1\0" + operation_id
    members = _members(approval.client, where)
    demand(members.get("type") == "webauthn.get", "approval.form", where)
    challenge = base64.b64encode(operation_id, b"-_").decode().strip("=")
    demand(members.get("challenge") == challenge, "approval.challenge", where)
    origin = members.get("origin")
    same = isinstance(origin, str) and all(ord(letter) < 128 for letter in origin)
    demand(same and sha256(str(origin).encode()).digest() == origin_hash, "approval.origin", where)
    framed = members.get("crossOrigin", False) is not False or "topOrigin" in members
    demand(not framed, "approval.origin", where)
    data = approval.authenticator
    demand(data[:32] == rp_hash, "approval.rp", where)
    flags = data[32]
    demand(bool(flags & PRESENT and flags & VERIFIED) and not flags & ATTESTED, "approval.flags", where)
    demand((len(data) == 37) == (not flags & EXTENDED), "approval.flags", where)
    return data + sha256(approval.client).digest()


def _members(client: bytes, where: str) -> dict[str, Any]:
    """The members of clientDataJSON; one object, no name twice, no number with a fraction."""

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        demand(len({name for name, _ in pairs}) == len(pairs), "approval.form", where)
        return dict(pairs)

    def never(_: str) -> None:
        raise Failure("approval.form", where)

    # Sixteen brackets at most, so that nobody's reader runs out of stack.
    demand(sum(byte in b"{[" for byte in client) <= 16, "approval.form", where)
    try:
        found = json.loads(str(client, "utf-8"), object_pairs_hook=once, parse_float=never, parse_constant=never)
    except ValueError:
        raise Failure("approval.form", where) from None
    demand(isinstance(found, dict), "approval.form", where)
    members: dict[str, Any] = found
    return members
