"""WebAuthn at the gateway: challenges, what a browser is asked, and whether its answer holds (WebAuthn level 3, sections 7.1 and 7.2).

Guarantees: a challenge is 32 random bytes, kept here, good for five minutes, once, for one ceremony, one person (or nobody yet) and one
certificate. Only this site's origin and relying party id count, not embedded in another page; the user was present and verified.
Refuses: keys other than ES256 on P-256 and Ed25519. Attestation is not asked for: no maker's list is trusted. Trusts: ``webauthn`` for the format,
``cryptography`` for the signatures. Does not judge the signature counter: ``rules.decide_counter`` does.
"""

from __future__ import annotations

import json
import secrets
import threading
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from akashi.identity.factors.model import Ceremony, Factor, Site
from akashi.identity.factors.rules import CHALLENGE_MS
from akashi.late import late

if TYPE_CHECKING:
    import webauthn.helpers.cose
    import webauthn.helpers.exceptions
else:
    webauthn = late("webauthn")

MOST_JSON = 16_384
TIMEOUT_MS = 120_000
# What the library lets through of malformed input, found by fuzzing (tests/identity/factors/test_passkeys.py).
_MALFORMED = (
    ValueError, KeyError, TypeError, IndexError, AttributeError, AssertionError, OverflowError, RecursionError,
    InvalidSignature, UnsupportedAlgorithm, EOFError,
)  # fmt: skip


def _malformed() -> tuple[type[Exception], ...]:
    return (webauthn.helpers.exceptions.WebAuthnException, *_MALFORMED)


def _algorithms() -> list[webauthn.helpers.cose.COSEAlgorithmIdentifier]:
    known = webauthn.helpers.cose.COSEAlgorithmIdentifier
    return [known.ECDSA_SHA_256, known.EDDSA]


class Refusal(Exception):
    """Inside this package: an answer that does not hold; ``reason`` is a short code."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Registered:
    """A new credential, verified."""

    credential: bytes = field(repr=False)
    cose: bytes = field(repr=False)
    spki: bytes = field(repr=False)
    counter: int
    discoverable: bool


@dataclass(frozen=True, slots=True)
class _Kept:
    ceremony: Ceremony
    person: str | None
    certificate: bytes
    until_ms: int


class Challenges:
    """Challenges that wait for their answer; in memory. Thread-safe."""

    def __init__(self, most: int = 4096, each: int = 64) -> None:
        self._kept: dict[bytes, _Kept] = {}
        self._lock = threading.Lock()
        self._most, self._each = most, each

    def new(self, ceremony: Ceremony, person: str | None, certificate: bytes, now_ms: int) -> bytes:
        """A fresh one. A device that asks for very many loses its own oldest, not others'."""
        made = secrets.token_bytes(32)
        with self._lock:
            for old in [key for key, kept in self._kept.items() if not self._good(kept, now_ms)]:
                del self._kept[old]
            mine = [key for key, kept in self._kept.items() if kept.certificate == certificate]
            surplus = mine[: max(0, len(mine) - self._each + 1)]
            if not surplus and len(self._kept) >= self._most:
                surplus = list(self._kept)[:1]
            for old in surplus:
                del self._kept[old]
            self._kept[made] = _Kept(ceremony, person, certificate, now_ms + CHALLENGE_MS)
        return made

    def take(self, challenge: bytes, ceremony: Ceremony, person: str | None, certificate: bytes, now_ms: int) -> bool:
        """Was it made for just this, and not answered yet? It is gone afterwards, whatever the answer."""
        with self._lock:
            kept = self._kept.pop(challenge, None)
        if kept is None or not self._good(kept, now_ms):
            return False
        return (kept.ceremony, kept.person, kept.certificate) == (ceremony, person, certificate)

    @staticmethod
    def _good(kept: _Kept, now_ms: int) -> bool:
        return kept.until_ms - CHALLENGE_MS <= now_ms < kept.until_ms


def creation_options(site: Site, challenge: bytes, person: str, login: str, known: list[Factor]) -> dict[str, object]:
    """What ``PublicKeyCredential.parseCreationOptionsFromJSON`` takes. The user handle is the person's handle, which says nothing."""
    return {
        "rp": {"id": site.rp_id, "name": "Akashi"},
        "user": {"id": to_base64(person.encode()), "name": login, "displayName": login},
        "challenge": to_base64(challenge),
        "pubKeyCredParams": [{"type": "public-key", "alg": int(one)} for one in _algorithms()],
        "timeout": TIMEOUT_MS,
        "excludeCredentials": [{"type": "public-key", "id": to_base64(one.credential)} for one in known],
        "authenticatorSelection": {
            "residentKey": "preferred",
            "requireResidentKey": False,
            "userVerification": "required",
        },
        "attestation": "none",
        "extensions": {"credProps": True},
    }


def request_options(site: Site, challenge: bytes, known: list[Factor]) -> dict[str, object]:
    """What ``PublicKeyCredential.parseRequestOptionsFromJSON`` takes; at sign-in ``known`` is empty, so that it says nothing of anybody."""
    return {
        "rpId": site.rp_id,
        "challenge": to_base64(challenge),
        "timeout": TIMEOUT_MS,
        "userVerification": "required",
        "allowCredentials": [{"type": "public-key", "id": to_base64(one.credential)} for one in known],
    }


def credential_of(answer: str) -> bytes | None:
    """The credential id that an answer names, unverified; ``None`` for anything misshapen."""
    try:
        return from_base64(_strict(answer)["rawId"])
    except (Refusal, *_MALFORMED, webauthn.helpers.exceptions.WebAuthnException):
        return None


def challenge_of(answer: str) -> bytes:
    """The challenge that an answer is about, after the checks that the library leaves out. Raises :class:`Refusal`.

    1. bounded JSON without doubled names; 2. not from a frame of another site (``crossOrigin``, ``topOrigin``).
    """
    try:
        client = _strict(from_base64(_strict(answer)["response"]["clientDataJSON"]).decode())
        challenge = from_base64(client["challenge"])
    except _malformed() as error:
        raise Refusal("form") from error
    if client.get("crossOrigin", False) is not False or "topOrigin" in client:
        raise Refusal("origin")
    return challenge


def verify_creation(site: Site, answer: str, challenge: bytes) -> Registered:
    """The credential of a verified registration. Raises :class:`Refusal`. Left to the caller: taking the challenge."""
    try:
        done = webauthn.verify_registration_response(
            credential=answer,
            expected_challenge=challenge,
            expected_rp_id=site.rp_id,
            expected_origin=site.origin,
            require_user_verification=True,
            supported_pub_key_algs=_algorithms(),
        )
        results = _strict(answer).get("clientExtensionResults") or {}
        resident = results.get("credProps", {}).get("rk") is True
        spki = spki_of(done.credential_public_key)
    except _malformed() as error:
        raise Refusal(_told(error)) from error
    if not 1 <= len(done.credential_id) <= 1023:
        raise Refusal("form")
    return Registered(done.credential_id, done.credential_public_key, spki, done.sign_count, resident)


def verify_answer(site: Site, answer: str, challenge: bytes, cose: bytes, person: str) -> int:
    """The signature counter of a verified assertion by the key ``cose``. Raises :class:`Refusal`.

    Left to the caller: taking the challenge, finding the key, judging the counter.
    """
    try:
        handle = _strict(answer)["response"].get("userHandle")
        webauthn.verify_authentication_response(
            credential=answer,
            expected_challenge=challenge,
            expected_rp_id=site.rp_id,
            expected_origin=site.origin,
            credential_public_key=cose,
            credential_current_sign_count=0,
            require_user_verification=True,
        )
        raw = from_base64(_strict(answer)["response"]["authenticatorData"])
        if handle is not None and from_base64(handle) != person.encode():
            raise Refusal("person")
        return webauthn.helpers.parse_authenticator_data(raw).sign_count
    except _malformed() as error:
        raise Refusal(_told(error)) from error


def spki_of(cose: bytes) -> bytes:
    """The public key as SubjectPublicKeyInfo (DER). Raises :class:`Refusal` for other kinds than P-256 and Ed25519."""
    key = webauthn.helpers.decoded_public_key_to_cryptography(webauthn.helpers.decode_credential_public_key(cose))
    good = isinstance(key, Ed25519PublicKey) or (
        isinstance(key, EllipticCurvePublicKey) and isinstance(key.curve, SECP256R1)
    )
    if not good:
        raise Refusal("algorithm")
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def digests_of(site: Site) -> tuple[bytes, bytes]:
    """SHA-256 of the relying party id and of the origin, as the ledger records them."""
    return sha256(site.rp_id.encode()).digest(), sha256(site.origin.encode()).digest()


def to_base64(data: bytes) -> str:
    """base64url without padding."""
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def from_base64(text: str) -> bytes:
    """The strict inverse; raises ``ValueError``."""
    data = urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
    if to_base64(data) != text:
        raise ValueError("base64url")
    return data


def _strict(text: str) -> dict[str, Any]:
    """One JSON object, bounded, no name twice. Raises ``ValueError``."""
    if len(text) > MOST_JSON:
        raise ValueError("long")
    value = json.loads(text, object_pairs_hook=_once)
    if not isinstance(value, dict):
        raise ValueError("object")  # noqa: TRY004 -- what a browser sent is a value, not a type of ours
    return value


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = dict(pairs)
    if len(names) != len(pairs):
        raise ValueError("twice")
    return names


def _told(error: BaseException) -> str:
    """A short code of what the library found, from its own sentences; nothing of the input is repeated."""
    text = str(error)
    for words, reason in _TOLD:
        if words in text:
            return reason
    return "signature" if "signature" in text.lower() else "form"


_TOLD = (
    ("challenge", "challenge"), ("origin", "origin"), ("RP ID", "rp"), ("verification is required", "user"), ("not verified", "user"),
    ("present", "user"), ("alg", "algorithm"),
)  # fmt: skip
