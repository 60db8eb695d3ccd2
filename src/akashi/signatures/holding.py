"""The key that signs a document: a P12 or PEM file under a passphrase, or a PKCS#11 token.

Guarantees: the private key stays in this process or in the token; passphrase and PIN are used once and kept nowhere. Refuses an unprotected key
file, a file without the certificate of its key, and RSA below 2048 bits. Trusts whoever holds the file and the passphrase to be the signer.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pkcs11
from asn1crypto import keys, pem
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
    pkcs12,
)
from pyhanko.config.pkcs11 import TokenCriteria
from pyhanko.sign import Signer, SimpleSigner
from pyhanko.sign.general import SigningError
from pyhanko.sign.pkcs11 import PKCS11Signer, open_pkcs11_session
from pyhanko_certvalidator.registry import SimpleCertificateStore

from akashi.signatures.errors import SigningKeyUnusable, TokenUnavailable

MOST_FILE = 256 * 1024
_CERTIFICATES = re.compile(rb"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)
_ENCRYPTED = re.compile(rb"-----BEGIN ENCRYPTED PRIVATE KEY-----|Proc-Type: 4,ENCRYPTED")
_RSA_BITS = 2048
# pyHanko logs subjects and file names at these levels; a name has no place in a log.
logging.getLogger("pyhanko").setLevel(logging.CRITICAL)
logging.getLogger("pyhanko_certvalidator").setLevel(logging.CRITICAL)


@dataclass(frozen=True, slots=True)
class Holding:
    """A key at hand: pyHanko's signer, and the certificate that goes with it."""

    signer: Signer = field(repr=False)
    certificate: x509.Certificate = field(repr=False)


def from_file(data: bytes, passphrase: bytes) -> Holding:
    """The key of a P12 file, or of a PEM file with an encrypted key and its certificates. Raises :class:`SigningKeyUnusable`."""
    if len(data) > MOST_FILE or not passphrase:
        raise SigningKeyUnusable(what="size" if passphrase else "passphrase")
    try:
        if data.lstrip().startswith(b"-----BEGIN"):
            private, held = _from_pem(data, passphrase)
        else:
            private, first, others = pkcs12.load_key_and_certificates(data, passphrase)
            held = [one for one in (first, *others) if one is not None]
    except (ValueError, TypeError) as error:
        raise SigningKeyUnusable(what="passphrase") from error
    if not isinstance(private, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
        raise SigningKeyUnusable(what="algorithm")
    own = [one for one in held if one.public_key() == private.public_key()]
    if not own:
        raise SigningKeyUnusable(what="certificate")
    _require_strength(own[0])
    store = SimpleCertificateStore()
    store.register_multiple(_of(one) for one in held)
    der = private.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    signer = SimpleSigner(signing_cert=_of(own[0]), signing_key=keys.PrivateKeyInfo.load(der), cert_registry=store)
    return Holding(signer, own[0])


def _from_pem(data: bytes, passphrase: bytes) -> tuple[object, list[x509.Certificate]]:
    if not _ENCRYPTED.search(data):
        raise SigningKeyUnusable(what="unprotected")
    certificates = [x509.load_pem_x509_certificate(found.group()) for found in _CERTIFICATES.finditer(data)]
    rest = _CERTIFICATES.sub(b"", data)
    return load_pem_private_key(rest, passphrase), certificates


@dataclass(frozen=True, slots=True)
class Token:
    """Where a key lies in a PKCS#11 module. Trusted: whoever can change ``module`` runs code in this process."""

    module: str
    label: str
    key_label: str
    pin: str = field(repr=False)


@contextmanager
def from_token(token: Token, chain: tuple[bytes, ...] = ()) -> Iterator[Holding]:
    """The key of a token, while the block runs. Raises :class:`TokenUnavailable`, :class:`SigningKeyUnusable`."""
    # One name for one file: a process that has the module loaded already refuses it under a second name.
    module = str(Path(token.module).resolve())
    try:
        session = open_pkcs11_session(module, token_criteria=TokenCriteria(label=token.label), user_pin=token.pin)
    except (pkcs11.PKCS11Error, RuntimeError, OSError, ValueError) as error:
        raise TokenUnavailable from error
    try:
        yield _in_session(session, token, chain)
    finally:
        session.close()


def _in_session(session: pkcs11.Session, token: Token, chain: tuple[bytes, ...]) -> Holding:
    others = [asn1_x509.Certificate.load(der) for der in chain]
    signer = PKCS11Signer(session, key_label=token.key_label, ca_chain=others, bulk_fetch=False, use_raw_mechanism=True)
    try:
        found = signer.signing_cert
    except (pkcs11.PKCS11Error, SigningError) as error:
        raise SigningKeyUnusable(what="certificate") from error
    if found is None:
        raise SigningKeyUnusable(what="certificate")
    certificate = x509.load_der_x509_certificate(found.dump())
    _require_strength(certificate)
    return Holding(signer, certificate)


def _require_strength(certificate: x509.Certificate) -> None:
    key = certificate.public_key()
    weak = isinstance(key, rsa.RSAPublicKey) and key.key_size < _RSA_BITS
    if weak or not isinstance(key, rsa.RSAPublicKey | ec.EllipticCurvePublicKey):
        raise SigningKeyUnusable(what="algorithm")


def _of(certificate: x509.Certificate) -> asn1_x509.Certificate:
    return asn1_x509.Certificate.load(certificate.public_bytes(Encoding.DER))


def certificates_in(data: bytes) -> list[x509.Certificate]:
    """The certificates of a PEM or DER file. Raises :class:`SigningKeyUnusable`."""
    try:
        if pem.detect(data):
            return x509.load_pem_x509_certificates(data)
        return [x509.load_der_x509_certificate(data)]
    except ValueError as error:
        raise SigningKeyUnusable(what="certificate") from error
