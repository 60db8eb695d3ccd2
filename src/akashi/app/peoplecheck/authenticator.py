"""A software authenticator for trials: it makes the answers that a browser would, right ones and wrong ones.

Guarantees: its key lives in this object and dies with it; it is no factor of a real person, because nothing protects its key. Used by the
self check, and by the demonstration, which says so. Refuses nothing: whoever asks gets an answer. Formats: WebAuthn level 3, sections 6.1 and 6.5.

>>> SoftwareAuthenticator("localhost", "https://localhost:8444").counter
0
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from akashi.identity.factors.passkeys import from_base64, to_base64

_PRESENT, _VERIFIED, _CREDENTIAL = 0x01, 0x04, 0x40
_NO_MODEL = bytes(16)


@dataclass
class SoftwareAuthenticator:
    """One credential at one site. ``verifies``: whether it says that it has verified its user."""

    rp_id: str
    origin: str
    verifies: bool = True
    counter: int = 0
    credential: bytes = field(default_factory=lambda: secrets.token_bytes(32), repr=False)
    _user: bytes = field(default=b"", repr=False)
    _key: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1()), repr=False
    )

    def create(self, options: Mapping[str, Any]) -> str:
        """The answer of ``navigator.credentials.create``, as JSON."""
        self._user = from_base64(options["user"]["id"])
        numbers = self._key.public_key().public_numbers()
        cose = {1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32, "big"), -3: numbers.y.to_bytes(32, "big")}
        data = self._data(_CREDENTIAL) + _NO_MODEL + len(self.credential).to_bytes(2, "big")
        data += self.credential + cbor2.dumps(cose)
        response = {
            "clientDataJSON": to_base64(self._client("webauthn.create", options["challenge"])),
            "attestationObject": to_base64(cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})),
        }
        return self._answer(response, {"credProps": {"rk": True}})

    def get(self, options: Mapping[str, Any]) -> str:
        """The answer of ``navigator.credentials.get``, as JSON."""
        data, client, signature = self.sign(str(options["challenge"]))
        response = {
            "clientDataJSON": to_base64(client),
            "authenticatorData": to_base64(data),
            "signature": to_base64(signature),
            "userHandle": to_base64(self._user),
        }
        return self._answer(response, {})

    def sign(self, challenge: str) -> tuple[bytes, bytes, bytes]:
        """``(authenticator data, client data, signature in DER)`` over a challenge (base64url)."""
        self.counter += 1
        data, client = self._data(0), self._client("webauthn.get", challenge)
        return data, client, self._key.sign(data + sha256(client).digest(), ec.ECDSA(hashes.SHA256()))

    def _answer(self, response: Mapping[str, str], results: Mapping[str, object]) -> str:
        name = to_base64(self.credential)
        return json.dumps(
            {"id": name, "rawId": name, "type": "public-key", "response": response, "clientExtensionResults": results}
        )

    def _data(self, more: int) -> bytes:
        flags = _PRESENT | (_VERIFIED if self.verifies else 0) | more
        return sha256(self.rp_id.encode()).digest() + bytes([flags]) + self.counter.to_bytes(4, "big")

    def _client(self, kind: str, challenge: str) -> bytes:
        return json.dumps({"type": kind, "challenge": challenge, "origin": self.origin}).encode()
