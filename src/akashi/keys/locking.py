"""How the master key of a key store is locked: under a passphrase, and under a recovery key that only shares make whole.

Guarantees: argon2id for what people choose, HKDF for 32 random bytes; both wrappings are AES-256-GCM with all parameters
authenticated, and a checksum tells rot from a wrong secret. Refuses: costs that would exhaust the machine, an empty passphrase.
Trusted: whoever has a wrapping and its secret has the master key.
"""

from __future__ import annotations

import secrets
from hashlib import sha256

from argon2.low_level import Type, hash_secret_raw
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from akashi.keys.errors import KeystoreDamaged, PassphraseEmpty, PassphraseWrong, RecoveryKeyWrong
from akashi.keys.model import Cost
from akashi.ledger.errors import EncodingError
from akashi.ledger.wire import cbor

MASTER_FILE = "keystore.akashi"
RECOVERY_FILE = "recovery.akashi"
KEY_SIZE = 32
_NONCE, _SALT, _DIGEST, _SET = 12, 16, 32, 16


def derive(master: bytes, info: bytes) -> bytes:
    """32 bytes for one use (RFC 5869, no salt: the master key is uniform)."""
    return HKDF(SHA256(), KEY_SIZE, salt=None, info=info).derive(master)


def _passphrase_key(passphrase: bytes, salt: bytes, cost: Cost) -> AESGCM:
    if not passphrase:
        raise PassphraseEmpty
    raw = hash_secret_raw(passphrase, salt, cost.passes, cost.memory_kib, cost.lanes, KEY_SIZE, Type.ID)
    return AESGCM(raw)


def wrap_master(master: bytes, passphrase: bytes, cost: Cost) -> bytes:
    """The content of the master file."""
    salt, nonce = secrets.token_bytes(_SALT), secrets.token_bytes(_NONCE)
    head = cbor.encode(["akashi-keystore", 1, [cost.passes, cost.memory_kib, cost.lanes], salt, nonce])
    body = head + _passphrase_key(passphrase, salt, cost).encrypt(nonce, master, head)
    # A checksum, not a protection: it tells rot from a mistyped passphrase, which GCM alone cannot.
    return body + sha256(body).digest()


def unwrap_master(data: bytes, passphrase: bytes) -> bytes:
    """The master key. Raises ``PassphraseWrong`` or ``KeystoreDamaged``."""
    body, checksum = data[:-_DIGEST], data[-_DIGEST:]
    if sha256(body).digest() != checksum:
        raise KeystoreDamaged(name=MASTER_FILE, failure="checksum")
    try:
        fields, end = cbor.decode_item(body, 0)
    except EncodingError as error:
        raise KeystoreDamaged(name=MASTER_FILE, failure="format") from error
    match fields:
        case ["akashi-keystore", 1, [int(passes), int(memory), int(lanes)], bytes(salt), bytes(nonce)]:
            cost = Cost(passes, memory, lanes)
        case _:
            raise KeystoreDamaged(name=MASTER_FILE, failure="format")
    if not cost.within_bounds() or len(salt) != _SALT or len(nonce) != _NONCE or len(body) - end != KEY_SIZE + 16:
        raise KeystoreDamaged(name=MASTER_FILE, failure="bounds")
    try:
        return _passphrase_key(passphrase, salt, cost).decrypt(nonce, body[end:], body[:end])
    except InvalidTag as error:
        raise PassphraseWrong from error


def wrap_for_recovery(master: bytes, recovery: bytes, of_set: bytes) -> bytes:
    """The content of the recovery file: which set of shares it is for (16 bytes), and the master key under the recovery key."""
    nonce = secrets.token_bytes(_NONCE)
    head = cbor.encode(["akashi-recovery", 1, of_set, nonce])
    sealed = AESGCM(derive(recovery, b"akashi/keystore/recovery/1")).encrypt(nonce, master, head)
    return cbor.encode(["akashi-recovery", 1, of_set, nonce, sealed])


def recovery_set(data: bytes) -> bytes:
    """For which set of shares a recovery file is. Raises ``KeystoreDamaged``."""
    return _recovery_fields(data)[0]


def unwrap_for_recovery(data: bytes, recovery: bytes) -> bytes:
    """The master key. Raises ``RecoveryKeyWrong`` (other shares, or altered) or ``KeystoreDamaged``."""
    of_set, nonce, sealed = _recovery_fields(data)
    head = cbor.encode(["akashi-recovery", 1, of_set, nonce])
    try:
        return AESGCM(derive(recovery, b"akashi/keystore/recovery/1")).decrypt(nonce, sealed, head)
    except InvalidTag as error:
        raise RecoveryKeyWrong from error


def _recovery_fields(data: bytes) -> tuple[bytes, bytes, bytes]:
    try:
        fields = cbor.decode(data)
    except EncodingError as error:
        raise KeystoreDamaged(name=RECOVERY_FILE, failure="format") from error
    match fields:
        case ["akashi-recovery", 1, bytes(of_set), bytes(nonce), bytes(sealed)] if (
            len(of_set) == _SET and len(nonce) == _NONCE and len(sealed) == KEY_SIZE + 16
        ):
            return of_set, nonce, sealed
    raise KeystoreDamaged(name=RECOVERY_FILE, failure="format")
