"""A PKCS#11 module through python-pkcs11: sessions, keys, wrapping.

Guarantees: keys are made inside with CKA_SENSITIVE true and CKA_EXTRACTABLE false, and both are read again before every first use of a
key, together with a probe signature that the recorded public key must verify. A session that was lost (token removed, module
initialised again by somebody else in the process) is made again once per call. A refused PIN is never tried a second time. Refuses:
importing keys. Trusts the module with everything it holds: a module that lies about these attributes cannot be found out.

The PIN is asked for at each login and not kept here; Python cannot erase the copy that the login used.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeVar

import pkcs11
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key
from pkcs11 import Attribute, KeyType, Mechanism, ObjectClass
from pkcs11 import exceptions as failures
from pkcs11.types import PrivateKey, SecretKey, Session
from pkcs11.types import Token as Slot
from pkcs11.util.ec import encode_named_curve_parameters

from akashi.keys.errors import KeystoreDamaged, KeyUnsuitable
from akashi.keys.model import KeyKind
from akashi.keys.tokens.errors import (
    TokenAway,
    TokenKeyDiffers,
    TokenKeyExtractable,
    TokenKeyMissing,
    TokenMissing,
    TokenPinWrong,
)
from akashi.keys.tokens.handles import Sign, TokenEd25519Key, TokenP256Key
from akashi.keys.tokens.model import TokenFacts, TokenPlace

T = TypeVar("T")
WRAPPING = "akashi-wrapping"
"""Label of the token's AES key that wraps opening keys."""
_ID, _NONCE, _TAG_BITS, _POINT, _RAW = 16, 12, 128, 65, 32
_ED25519_OID = b"\x06\x03\x2b\x65\x70"
_LOST = (
    failures.SessionHandleInvalid,
    failures.SessionClosed,
    failures.UserNotLoggedIn,
    failures.DeviceRemoved,
    failures.TokenNotPresent,
    failures.KeyHandleInvalid,
    failures.ObjectHandleInvalid,
)
_PIN_REFUSED = (
    failures.PinIncorrect,
    failures.PinLocked,
    failures.PinLenRange,
    failures.PinInvalid,
    failures.PinExpired,
)
# One at a time for the whole process: a module may be initialised again under another's feet, and not every module locks.
_MODULE = threading.RLock()


class Pkcs11Token:
    """A token that is logged in when first needed. Thread-safe. ``close`` it."""

    def __init__(self, place: TokenPlace, pin: Callable[[], bytes]) -> None:
        self._place, self._pin = place, pin
        self._session: Session | None = None
        self._slot: Slot | None = None
        self._refused = False
        self._found: dict[tuple[ObjectClass, bytes], Any] = {}  # the library's stubs lack sign and encrypt

    def __repr__(self) -> str:
        return f"Pkcs11Token({self._place.label!r})"

    def close(self) -> None:
        """Log out this session."""
        with _MODULE:
            session, self._session = self._session, None
            self._found.clear()
            if session is not None:
                try:
                    session.close()
                except failures.PKCS11Error:
                    return  # it was gone already

    def facts(self) -> TokenFacts:
        """What module and token say of themselves. Needs no PIN."""
        with _MODULE:
            library = self._library()
            slot = self._find_slot(library)
            offered = slot.slot.get_mechanisms()
            return TokenFacts(
                module=Path(self._place.module).name,
                digest=sha256(Path(self._place.module).read_bytes()).hexdigest(),
                library=f"{library.manufacturer_id} {library.library_description}".strip(),
                library_version=_version(library.library_version),
                cryptoki=_version(library.cryptoki_version),
                label=slot.label,
                manufacturer=slot.manufacturer_id,
                model=slot.model,
                firmware=_version(slot.firmware_version),
                ed25519=_has_ed25519(offered),
                wraps=Mechanism.AES_GCM in offered and Mechanism.AES_KEY_GEN in offered,
                declared=self._place.declared,
            )

    def holds(self, kind: KeyKind) -> bool:
        """P-256 always, Ed25519 where the token has EDDSA; opening keys are wrapped instead."""
        return kind is KeyKind.P256 or (kind is KeyKind.ED25519 and self.facts().ed25519)

    def wraps(self) -> bool:
        """Whether the token has AES-GCM."""
        return self.facts().wraps

    def generate(self, kind: KeyKind, label: str) -> tuple[bytes, bytes]:
        """A new pair inside the token; its CKA_ID and SubjectPublicKeyInfo."""
        if kind not in _PARAMETERS:
            raise KeyUnsuitable(name=label, kind=kind.name)
        identifier = secrets.token_bytes(_ID)
        key_type, parameters, mechanism = _PARAMETERS[kind]

        def work(session: Session) -> bytes:
            domain = session.create_domain_parameters(key_type, {Attribute.EC_PARAMS: parameters}, local=True)
            public, _ = domain.generate_keypair(
                id=identifier,
                label=f"akashi {label}",
                store=True,
                mechanism=mechanism,
                private_template={Attribute.SENSITIVE: True, Attribute.EXTRACTABLE: False},
            )
            return bytes(public[Attribute.EC_POINT])

        spki = _spki(kind, self._run(work))
        self._verified(kind, identifier, spki, label)
        return identifier, spki

    def p256(self, identifier: bytes, spki: bytes, name: str) -> ec.EllipticCurvePrivateKey:
        """The P-256 key of an id; see the port."""
        key = load_der_public_key(spki)
        if not isinstance(key, ec.EllipticCurvePublicKey):
            raise TokenKeyDiffers(name=name)
        return TokenP256Key(key, self._verified(KeyKind.P256, identifier, spki, name))

    def ed25519(self, identifier: bytes, spki: bytes, name: str) -> ed25519.Ed25519PrivateKey:
        """The Ed25519 key of an id; see the port."""
        key = load_der_public_key(spki)
        if not isinstance(key, ed25519.Ed25519PublicKey):
            raise TokenKeyDiffers(name=name)
        return TokenEd25519Key(key, self._verified(KeyKind.ED25519, identifier, spki, name))

    def destroy(self, identifier: bytes) -> None:
        """Destroy both halves of a pair; idempotent."""

        def work(session: Session) -> None:
            for kind in (ObjectClass.PRIVATE_KEY, ObjectClass.PUBLIC_KEY):
                for found in list(session.get_objects({Attribute.CLASS: kind, Attribute.ID: identifier})):
                    found.destroy()

        self._run(work)
        self._found.pop((ObjectClass.PRIVATE_KEY, identifier), None)

    def wrap(self, secret: bytes, associated: bytes) -> bytes:
        """Nonce (12) || AES-256-GCM under the token's wrapping key, which is made when it is first needed."""
        nonce = secrets.token_bytes(_NONCE)
        parameters = pkcs11.GCMParams(nonce, associated, _TAG_BITS)

        def work(session: Session) -> bytes:
            key = self._wrapping(session, make=True)
            return bytes(key.encrypt(secret, mechanism=Mechanism.AES_GCM, mechanism_param=parameters))

        return nonce + self._run(work)

    def unwrap(self, wrapped: bytes, associated: bytes) -> bytes:
        """Inverse of :meth:`wrap`."""
        parameters = pkcs11.GCMParams(wrapped[:_NONCE], associated, _TAG_BITS)

        def work(session: Session) -> bytes:
            key = self._wrapping(session, make=False)
            try:
                return bytes(key.decrypt(wrapped[_NONCE:], mechanism=Mechanism.AES_GCM, mechanism_param=parameters))
            except _LOST:
                raise
            except failures.PKCS11Error as error:
                # Modules answer a wrong tag differently; none of them tells more than that it did not open.
                raise KeystoreDamaged(name="token", failure="authentication") from error

        return self._run(work)

    def _verified(self, kind: KeyKind, identifier: bytes, spki: bytes, name: str) -> Sign:
        """How to sign with the key, after it was shown to be protected and the one that was recorded."""
        mechanism = Mechanism.ECDSA if kind is KeyKind.P256 else Mechanism.EDDSA

        def sign(data: bytes) -> bytes:
            def work(session: Session) -> bytes:
                key = self._private(session, identifier, name)
                return bytes(key.sign(data, mechanism=mechanism))

            return self._run(work)

        probe = secrets.token_bytes(32)
        try:
            key = load_der_public_key(spki)
            if isinstance(key, ec.EllipticCurvePublicKey):
                key.verify(
                    TokenP256Key(key, sign).sign(probe, ec.ECDSA(hashes.SHA256())), probe, ec.ECDSA(hashes.SHA256())
                )
            elif isinstance(key, ed25519.Ed25519PublicKey):
                key.verify(sign(probe), probe)
        except InvalidSignature as error:
            raise TokenKeyDiffers(name=name) from error
        return sign

    def _private(self, session: Session, identifier: bytes, name: str) -> Any:
        at = (ObjectClass.PRIVATE_KEY, identifier)
        found = self._found.get(at)
        if found is None:
            try:
                found = session.get_key(object_class=ObjectClass.PRIVATE_KEY, id=identifier)
            except (failures.NoSuchKey, failures.MultipleObjectsReturned) as error:
                raise TokenKeyMissing(name=name) from error
            _require_protected(found, name)
            self._found[at] = found
        return found

    def _wrapping(self, session: Session, *, make: bool) -> Any:
        at = (ObjectClass.SECRET_KEY, WRAPPING.encode())
        found = self._found.get(at)
        if found is None:
            try:
                found = session.get_key(object_class=ObjectClass.SECRET_KEY, label=WRAPPING)
            except failures.NoSuchKey as error:
                if not make:
                    raise TokenKeyMissing(name=WRAPPING) from error
                found = session.generate_key(
                    KeyType.AES,
                    256,
                    label=WRAPPING,
                    store=True,
                    template={Attribute.SENSITIVE: True, Attribute.EXTRACTABLE: False},
                )
            _require_protected(found, WRAPPING)
            self._found[at] = found
        return found

    def _run(self, work: Callable[[Session], T]) -> T:
        """Do ``work`` in a session; once more in a new one if the old was lost."""
        with _MODULE:
            try:
                try:
                    return work(self._logged_in())
                except _LOST:
                    self.close()
                    return work(self._logged_in())
            except failures.PKCS11Error as error:
                self.close()
                raise TokenAway(failure=type(error).__name__) from error

    def _logged_in(self) -> Session:
        if self._session is None:
            if self._refused:
                raise TokenPinWrong
            slot = self._find_slot(self._library())
            try:
                self._session = slot.open(rw=True, user_pin=self._pin().decode("utf-8"))
            except failures.UserAlreadyLoggedIn:
                # The login is the process's, not the session's: another key store is logged in to the same token.
                self._session = slot.open(rw=True)
            except _PIN_REFUSED as error:
                self._refused = True
                raise TokenPinWrong from error
        return self._session

    def _library(self) -> Any:
        if not Path(self._place.module).is_file():
            raise TokenMissing(token=self._place.label)
        try:
            # One name for one file: the library is loaded once in a process, and refused under a second name.
            return pkcs11.lib(str(Path(self._place.module).resolve()))
        except (failures.PKCS11Error, RuntimeError) as error:
            raise TokenMissing(token=self._place.label) from error

    def _find_slot(self, library: Any) -> Slot:
        try:
            found: Slot = library.get_token(token_label=self._place.label)
            return found
        except failures.PKCS11Error:
            self._session = None
            self._found.clear()
        try:
            library.reinitialize()  # a token that was plugged in since shows only after this
            again: Slot = library.get_token(token_label=self._place.label)
            return again
        except (failures.NoSuchToken, failures.MultipleTokensReturned) as error:
            raise TokenMissing(token=self._place.label) from error
        except failures.PKCS11Error as error:
            raise TokenAway(failure=type(error).__name__) from error


_PARAMETERS = {
    KeyKind.P256: (KeyType.EC, encode_named_curve_parameters("secp256r1"), Mechanism.EC_KEY_PAIR_GEN),
    KeyKind.ED25519: (KeyType.EC_EDWARDS, _ED25519_OID, Mechanism.EC_EDWARDS_KEY_PAIR_GEN),
}


def _require_protected(key: object, name: str) -> None:
    """Raise unless the token says that the key is sensitive and cannot be extracted."""
    try:
        protected = (
            isinstance(key, PrivateKey | SecretKey)
            and key[Attribute.SENSITIVE] is True
            and key[Attribute.EXTRACTABLE] is False
        )
    except failures.AttributeTypeInvalid as error:
        raise TokenKeyExtractable(name=name) from error
    if not protected:
        raise TokenKeyExtractable(name=name)


def _has_ed25519(offered: object) -> bool:
    return isinstance(offered, list | set | tuple | frozenset) and (
        Mechanism.EDDSA in offered and Mechanism.EC_EDWARDS_KEY_PAIR_GEN in offered
    )


def _spki(kind: KeyKind, point: bytes) -> bytes:
    """SubjectPublicKeyInfo of a CKA_EC_POINT: a DER octet string, or (some modules) the bare point."""
    if kind is KeyKind.ED25519:
        return ed25519.Ed25519PublicKey.from_public_bytes(point[-_RAW:]).public_bytes(
            Encoding.DER, PublicFormat.SubjectPublicKeyInfo
        )
    return ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point[-_POINT:]).public_bytes(
        Encoding.DER, PublicFormat.SubjectPublicKeyInfo
    )


def _version(pair: tuple[int, int]) -> str:
    return f"{pair[0]}.{pair[1]}"
