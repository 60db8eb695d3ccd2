"""Cipher suites, whether they stand on the government's list, and which may seal.

Guarantees: a suite number is permanent; every suite says of itself whether *all* its primitives are on the CRYPTREC
list of ciphers recommended for e-government (電子政府推奨暗号リスト, CRYPTREC LS-0001-2022); a profile decides which
suites may *seal*, while whatever is known may always be *opened*, so that retiring a suite loses nothing. HPKE as a
composition is not an entry of that list; the statement is about its primitives (ECDH, HMAC-SHA-256, AES-GCM).
Trusted: whoever sets the profile decides how strongly new payloads are sealed.

>>> [suite.number for suite in SUITES.values() if suite.listed]
[2]
"""

from __future__ import annotations

from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric import ec, mlkem, x25519
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, MLKEM768X25519PublicKey
from cryptography.hazmat.primitives.hpke import Suite as HpkeSuite

from akashi.keys.errors import PublicKeyInvalid, SuiteRefused, SuiteUnknown
from akashi.keys.model import KeyKind

LIST_NAME = "CRYPTREC LS-0001-2022"
_MLKEM_PUBLIC = 1184
_XWING_PUBLIC = 1216


@dataclass(frozen=True, slots=True)
class Suite:
    """One row of the table in docs/spec/sealed-payload.md section 3."""

    number: int
    name: str
    kem: str
    kdf: str
    aead: str
    listed: bool
    """Whether every primitive is on the recommended list."""
    note_ja: str
    note_en: str
    kind: KeyKind
    """The kind of opening key."""
    encapsulated: int
    """Bytes of the encapsulated key; a wrap of a 32-byte key is 48 bytes longer."""


SUITES: dict[int, Suite] = {
    1: Suite(
        number=1,
        name="MLKEM768-X25519/HKDF-SHA256/AES-256-GCM",
        kem="MLKEM768-X25519 (X-Wing)",
        kdf="HKDF-SHA256",
        aead="AES-256-GCM",
        listed=False,
        note_ja="将来の量子計算機にも備える組み合わせ方式です。鍵の包み方（ML-KEM と X25519）は推奨暗号リストにまだありません。",
        note_en="Post-quantum hybrid; its key encapsulation (ML-KEM with X25519) is not on the recommended list yet.",
        kind=KeyKind.XWING,
        encapsulated=1120,
    ),
    2: Suite(
        number=2,
        name="DHKEM-P256/HKDF-SHA256/AES-256-GCM",
        kem="DHKEM(P-256, HKDF-SHA256)",
        kdf="HKDF-SHA256",
        aead="AES-256-GCM",
        listed=True,
        note_ja="使う暗号（ECDH P-256、HMAC-SHA-256、AES-256-GCM）はすべて推奨暗号リストにあります。",
        note_en="All primitives (ECDH P-256, HMAC-SHA-256, AES-256-GCM) are on the recommended list.",
        kind=KeyKind.HPKE_P256,
        encapsulated=65,
    ),
}

_HPKE: dict[int, HpkeSuite] = {
    1: HpkeSuite(KEM.MLKEM768_X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM),
    2: HpkeSuite(KEM.P256, KDF.HKDF_SHA256, AEAD.AES_256_GCM),
}


@dataclass(frozen=True, slots=True)
class Profile:
    """Which algorithms new things are made with: the sealing suite, the kind of signing key, what may not seal."""

    name: str
    suite: int
    signing: KeyKind
    refused: frozenset[int] = frozenset()
    """Suites that may not seal (retired or not listed); opening is never refused."""


DEFAULT = Profile("default", suite=1, signing=KeyKind.ED25519)
LISTED_ONLY = Profile("listed-only", suite=2, signing=KeyKind.P256, refused=frozenset({1}))


def find_suite(number: int) -> Suite:
    """The suite of a number; raises :class:`SuiteUnknown`."""
    suite = SUITES.get(number)
    if suite is None:
        raise SuiteUnknown(suite=number)
    return suite


def hpke_suite(suite: Suite) -> HpkeSuite:
    """The library's object for ``suite``."""
    return _HPKE[suite.number]


def verify_sealing_suite(number: int, profile: Profile) -> None:
    """Raise :class:`SuiteRefused` if ``profile`` does not let ``number`` seal, ``SuiteUnknown`` if there is none."""
    find_suite(number)
    if number in profile.refused:
        raise SuiteRefused(suite=number, profile=profile.name)


def wrap_key(suite: Suite, public: bytes, info: bytes, data_key: bytes) -> bytes:
    """HPKE single shot: encapsulated key || ciphertext of ``data_key`` (RFC 9180 section 6.1, base mode, no AAD).

    ``public`` is the raw HPKE public key (1,216 or 65 bytes); raises :class:`PublicKeyInvalid`.
    """
    try:
        key = _public_key(suite, public)
        return _HPKE[suite.number].encrypt(data_key, key, info)
    except ValueError as error:
        raise PublicKeyInvalid(suite=suite.number) from error


def verify_public(suite: Suite, public: bytes) -> None:
    """Raise :class:`PublicKeyInvalid` unless ``public`` is a raw public key of ``suite``."""
    try:
        _public_key(suite, public)
    except ValueError as error:
        raise PublicKeyInvalid(suite=suite.number) from error


def _public_key(suite: Suite, public: bytes) -> MLKEM768X25519PublicKey | ec.EllipticCurvePublicKey:
    if suite.kind is KeyKind.HPKE_P256:
        if len(public) != 65:
            raise ValueError("length")  # compressed points are valid X9.62, but HPKE has one form only
        return ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), public)
    if len(public) != _XWING_PUBLIC:
        raise ValueError("length")
    return MLKEM768X25519PublicKey(
        mlkem.MLKEM768PublicKey.from_public_bytes(public[:_MLKEM_PUBLIC]),
        x25519.X25519PublicKey.from_public_bytes(public[_MLKEM_PUBLIC:]),
    )
