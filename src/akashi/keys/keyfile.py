"""A person's device key in a file of their own: PKCS #8, encrypted with a passphrase.

Guarantees: the file is written durably, for its owner only, and never over another; ``repr`` shows nothing of it. Refuses an empty passphrase and
other keys than P-256. Trusted: whoever has file and passphrase signs as the person, until the key is revoked.
"""

from __future__ import annotations

from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

from akashi.durable import write_file
from akashi.keys.errors import KeyExists, KeyUnsuitable, PassphraseEmpty, PassphraseWrong
from akashi.keys.signers import P256Signer

MOST_BYTES = 8 * 1024


def make_key_file(path: Path, passphrase: bytes) -> P256Signer:
    """Make a key and write it to ``path``. Raises :class:`KeyExists`, :class:`PassphraseEmpty`."""
    if path.exists():
        raise KeyExists(name=path.name)
    if not passphrase:
        raise PassphraseEmpty
    key = ec.generate_private_key(ec.SECP256R1())
    write_file(path, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(passphrase)))
    return P256Signer(key)


def key_of_file(name: str, data: bytes, passphrase: bytes) -> P256Signer:
    """The key in a file's bytes; ``name`` is for messages. Raises :class:`PassphraseWrong`, :class:`KeyUnsuitable`."""
    if b"ENCRYPTED" not in data[:64]:
        raise KeyUnsuitable(name=name, kind="plain")
    try:
        key = load_pem_private_key(data, passphrase or None)
    except (ValueError, TypeError) as error:
        raise PassphraseWrong from error
    except UnsupportedAlgorithm as error:
        raise KeyUnsuitable(name=name, kind="algorithm") from error
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
        raise KeyUnsuitable(name=name, kind="curve")
    return P256Signer(key)
