"""A software authenticator: makes passkeys and assertions like a browser would, right ones and wrong ones."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from akashi.identity.factors.passkeys import from_base64, to_base64

UP, UV, AT = 1, 4, 64


@dataclass
class Authenticator:
    """One credential of one person at one site; the fields can be bent to make wrong answers."""

    rp_id: str = "localhost"
    origin: str = "https://localhost:8444"
    flags: int = UP | UV
    counter: int = 0
    counts: bool = True
    curve: ec.EllipticCurve = field(default_factory=ec.SECP256R1)
    edwards: bool = False
    client_extra: dict[str, Any] = field(default_factory=dict)
    credential: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    user: bytes = b""

    def __post_init__(self) -> None:
        self.key: ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey = (
            ed25519.Ed25519PrivateKey.generate() if self.edwards else ec.generate_private_key(self.curve)
        )

    def create(self, options: dict[str, Any]) -> str:
        """The answer of ``navigator.credentials.create``."""
        self.user = from_base64(options["user"]["id"])
        data = self._data(self.flags | AT) + bytes(16) + len(self.credential).to_bytes(2, "big")
        data += self.credential + cbor2.dumps(self._cose())
        attestation = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})
        response = {
            "clientDataJSON": to_base64(self._client("webauthn.create", options["challenge"])),
            "attestationObject": to_base64(attestation),
        }
        return self._answer(response, {"credProps": {"rk": True}})

    def get(self, options: dict[str, Any]) -> str:
        """The answer of ``navigator.credentials.get``."""
        if self.counts:
            self.counter += 1
        data, client = self._data(self.flags), self._client("webauthn.get", options["challenge"])
        response = {
            "clientDataJSON": to_base64(client),
            "authenticatorData": to_base64(data),
            "signature": to_base64(self._sign(data + sha256(client).digest())),
            "userHandle": to_base64(self.user),
        }
        return self._answer(response, {})

    def _answer(self, response: dict[str, Any], results: dict[str, Any]) -> str:
        id_ = to_base64(self.credential)
        return json.dumps(
            {"id": id_, "rawId": id_, "type": "public-key", "response": response, "clientExtensionResults": results}
        )

    def _data(self, flags: int) -> bytes:
        return sha256(self.rp_id.encode()).digest() + bytes([flags]) + self.counter.to_bytes(4, "big")

    def _client(self, type_: str, challenge: str) -> bytes:
        return json.dumps({"type": type_, "challenge": challenge, "origin": self.origin} | self.client_extra).encode()

    def _sign(self, message: bytes) -> bytes:
        if isinstance(self.key, ed25519.Ed25519PrivateKey):
            return self.key.sign(message)
        return self.key.sign(message, ec.ECDSA(hashes.SHA256()))

    def _cose(self) -> dict[int, Any]:
        if isinstance(self.key, ed25519.Ed25519PrivateKey):
            raw = self.key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
            return {1: 1, 3: -8, -1: 6, -2: raw}
        numbers = self.key.public_key().public_numbers()
        size = (self.curve.key_size + 7) // 8
        crv = {"secp256r1": 1, "secp384r1": 2}[self.curve.name]
        return {1: 2, 3: -7, -1: crv, -2: numbers.x.to_bytes(size, "big"), -3: numbers.y.to_bytes(size, "big")}
