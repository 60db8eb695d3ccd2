"""A keystore of files under one passphrase.

Guarantees: each key is one file (mode 0600, written atomically), encrypted with AES-256-GCM under a key derived from a
random master key; the master key is wrapped under argon2id of the passphrase. Name and kind are authenticated, so files
cannot be swapped or renamed unnoticed. A wrong passphrase and a damaged file are different errors. Refuses: overwriting
a key, handing out private keys (but see :meth:`FileKeystore.private_key`), costs that would exhaust the machine.

Trusted: whoever has the directory *and* the passphrase has the keys; whoever can write the directory can destroy keys,
and can put the keystore of an earlier copy back. One process writes at a time (the home's lock is the caller's).

>>> from tempfile import mkdtemp
>>> from akashi.keys.model import FAST_UNSAFE_COST
>>> store = FileKeystore.create(Path(mkdtemp()), b"an example", cost=FAST_UNSAFE_COST)
>>> spki = store.generate("gateway", KeyKind.ED25519)
>>> len(store.signer("gateway").sign(b"message"))
64
"""

from __future__ import annotations

import os
import secrets
import threading
from hashlib import sha256
from pathlib import Path

from argon2.low_level import Type, hash_secret_raw
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from akashi.durable import make_directory, write_file
from akashi.keys.errors import (
    KeyExists,
    KeyMissing,
    KeyNameInvalid,
    KeystoreDamaged,
    KeystoreMissing,
    KeyUnsuitable,
    PassphraseEmpty,
    PassphraseWrong,
)
from akashi.keys.model import NAME, STANDARD_COST, Cost, KeyKind
from akashi.keys.openers import SEED_SIZE, Opener, p256_opener, p256_public, xwing_opener, xwing_public
from akashi.keys.shred import open_in_place, shred_file, shred_handle
from akashi.keys.signers import Ed25519NoteSigner, Ed25519Signer, P256Signer
from akashi.ledger.errors import EncodingError
from akashi.ledger.wire import cbor
from akashi.ledger.wire.envelope import Signer

MASTER_FILE = "keystore.akashi"
SUFFIX = ".key"
_NONCE, _KEY, _SALT, _DIGEST = 12, 32, 16, 32
_P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


class FileKeystore:
    """An unlocked keystore. Thread-safe. See the module's docstring."""

    def __init__(self, directory: Path, master: bytes) -> None:
        self._directory = directory
        self._master = master
        self._keys = AESGCM(_derive(master, b"akashi/keystore/keys/1"))
        self._secrets = AESGCM(_derive(master, b"akashi/keystore/secrets/1"))
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return f"FileKeystore({self._directory.name!r})"

    @classmethod
    def create(cls, directory: Path, passphrase: bytes, *, cost: Cost = STANDARD_COST) -> FileKeystore:
        """A new, empty keystore in ``directory`` (made if needed). Raises ``KeyExists`` if there is one already."""
        make_directory(directory)
        path = directory / MASTER_FILE
        if path.exists():
            raise KeyExists(name=MASTER_FILE)
        master = secrets.token_bytes(_KEY)
        write_file(path, _wrap_master(master, passphrase, cost))
        return cls(directory, master)

    @classmethod
    def open(cls, directory: Path, passphrase: bytes) -> FileKeystore:
        """Unlock. Raises ``KeystoreMissing``, ``PassphraseWrong`` or ``KeystoreDamaged``."""
        try:
            data = (directory / MASTER_FILE).read_bytes()
        except FileNotFoundError as error:
            raise KeystoreMissing from error
        return cls(directory, _unwrap_master(data, passphrase))

    def rotate_passphrase(self, passphrase: bytes, *, cost: Cost = STANDARD_COST) -> None:
        """Lock under another passphrase; keys stay as they are, the old wrapping is overwritten in place."""
        path = self._directory / MASTER_FILE
        data = _wrap_master(self._master, passphrase, cost)
        with self._lock:
            # Held open across the replacement: afterwards it is the only way to the old file's blocks.
            old = open_in_place(path)
            try:
                write_file(path, data)
                shred_handle(old)
            finally:
                os.close(old)

    def names(self) -> list[str]:
        """The names of all keys, sorted."""
        return sorted(path.name.removesuffix(SUFFIX) for path in self._directory.glob("[!.]*" + SUFFIX))

    def generate(self, name: str, kind: KeyKind) -> bytes:
        """Make a key; returns what :meth:`public` returns. Raises ``KeyExists``, ``KeyNameInvalid``."""
        path = self._path(name)
        secret = _new_secret(kind)
        nonce = secrets.token_bytes(_NONCE)
        sealed = self._keys.encrypt(nonce, secret, _associated(name, kind))
        with self._lock:
            if path.exists():
                raise KeyExists(name=name)
            write_file(path, cbor.encode(["akashi-key", 1, name, int(kind), nonce, sealed]))
        return _public_bytes(kind, secret)

    def kind(self, name: str) -> KeyKind:
        """What kind of key ``name`` is."""
        return self._load(name)[0]

    def public(self, name: str) -> bytes:
        """SubjectPublicKeyInfo (DER) of a signing key; the raw HPKE public key of an opening key."""
        return _public_bytes(*self._load(name))

    def signer(self, name: str) -> Signer:
        """A signer for operations. Raises ``KeyUnsuitable`` for opening keys."""
        kind, secret = self._load(name)
        if kind is KeyKind.ED25519:
            return Ed25519Signer(ed25519.Ed25519PrivateKey.from_private_bytes(secret))
        if kind is KeyKind.P256:
            return P256Signer(_p256(secret))
        raise KeyUnsuitable(name=name, kind=kind.name)

    def note_signer(self, name: str, note_name: str) -> Ed25519NoteSigner:
        """A signer for checkpoints under ``note_name``; Ed25519 keys only."""
        kind, secret = self._load(name)
        if kind is not KeyKind.ED25519:
            raise KeyUnsuitable(name=name, kind=kind.name)
        return Ed25519NoteSigner(ed25519.Ed25519PrivateKey.from_private_bytes(secret), note_name)

    def opener(self, name: str) -> Opener:
        """An opener of wraps. Raises ``KeyUnsuitable`` for signing keys."""
        kind, secret = self._load(name)
        if kind is KeyKind.XWING:
            return xwing_opener(secret)
        if kind is KeyKind.HPKE_P256:
            return p256_opener(_p256(secret))
        raise KeyUnsuitable(name=name, kind=kind.name)

    def private_key(self, name: str) -> ec.EllipticCurvePrivateKey:
        """The P-256 key object itself, because X.509 builders and TLS contexts take nothing less."""
        kind, secret = self._load(name)
        if kind is not KeyKind.P256:
            raise KeyUnsuitable(name=name, kind=kind.name)
        return _p256(secret)

    def destroy(self, name: str) -> None:
        """Overwrite the key's file in place, flush, unlink. Limits of the medium: docs/vault.md. Idempotent."""
        path = self._path(name)
        with self._lock:
            shred_file(path)

    def protect(self, label: str, secret: bytes) -> bytes:
        """Encrypt a small secret that lives elsewhere (a TOTP seed); ``label`` is authenticated, not stored."""
        nonce = secrets.token_bytes(_NONCE)
        return nonce + self._secrets.encrypt(nonce, secret, label.encode("utf-8"))

    def reveal(self, label: str, protected: bytes) -> bytes:
        """Inverse of :meth:`protect` under the same label; raises ``KeystoreDamaged`` for anything else."""
        try:
            return self._secrets.decrypt(protected[:_NONCE], protected[_NONCE:], label.encode("utf-8"))
        except (InvalidTag, ValueError) as error:
            raise KeystoreDamaged(name="protected", failure="secret") from error

    def _path(self, name: str) -> Path:
        if not NAME.fullmatch(name):
            raise KeyNameInvalid
        return self._directory / (name + SUFFIX)

    def _load(self, name: str) -> tuple[KeyKind, bytes]:
        path = self._path(name)
        try:
            data = path.read_bytes()
        except FileNotFoundError as error:
            raise KeyMissing(name=name) from error
        try:
            fields = cbor.decode(data)
        except EncodingError as error:
            raise KeystoreDamaged(name=path.name, failure="format") from error
        match fields:
            case ["akashi-key", 1, str(stored), int(number), bytes(nonce), bytes(sealed)]:
                pass
            case _:
                raise KeystoreDamaged(name=path.name, failure="format")
        if stored != name or number not in list(KeyKind):
            raise KeystoreDamaged(name=path.name, failure="name")
        kind = KeyKind(number)
        try:
            return kind, self._keys.decrypt(nonce, sealed, _associated(name, kind))
        except (InvalidTag, ValueError) as error:
            raise KeystoreDamaged(name=path.name, failure="authentication") from error


def _derive(master: bytes, info: bytes) -> bytes:
    return HKDF(SHA256(), _KEY, salt=None, info=info).derive(master)


def _associated(name: str, kind: KeyKind) -> bytes:
    return cbor.encode(["akashi/key/1", name, int(kind)])


def _p256(secret: bytes) -> ec.EllipticCurvePrivateKey:
    return ec.derive_private_key(int.from_bytes(secret, "big"), ec.SECP256R1())


def _new_secret(kind: KeyKind) -> bytes:
    if kind in (KeyKind.P256, KeyKind.HPKE_P256):
        return (1 + secrets.randbelow(_P256_ORDER - 1)).to_bytes(_KEY, "big")
    return secrets.token_bytes(SEED_SIZE)


def _public_bytes(kind: KeyKind, secret: bytes) -> bytes:
    if kind is KeyKind.XWING:
        return xwing_public(secret)
    if kind is KeyKind.HPKE_P256:
        return p256_public(_p256(secret))
    if kind is KeyKind.P256:
        return _p256(secret).public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    signing = ed25519.Ed25519PrivateKey.from_private_bytes(secret)
    return signing.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _passphrase_key(passphrase: bytes, salt: bytes, cost: Cost) -> AESGCM:
    if not passphrase:
        raise PassphraseEmpty
    raw = hash_secret_raw(passphrase, salt, cost.passes, cost.memory_kib, cost.lanes, _KEY, Type.ID)
    return AESGCM(raw)


def _wrap_master(master: bytes, passphrase: bytes, cost: Cost) -> bytes:
    salt, nonce = secrets.token_bytes(_SALT), secrets.token_bytes(_NONCE)
    head = cbor.encode(["akashi-keystore", 1, [cost.passes, cost.memory_kib, cost.lanes], salt, nonce])
    body = head + _passphrase_key(passphrase, salt, cost).encrypt(nonce, master, head)
    # A checksum, not a protection: it tells rot from a mistyped passphrase, which GCM alone cannot.
    return body + sha256(body).digest()


def _unwrap_master(data: bytes, passphrase: bytes) -> bytes:
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
    if not cost.within_bounds() or len(salt) != _SALT or len(nonce) != _NONCE or len(body) - end != _KEY + 16:
        raise KeystoreDamaged(name=MASTER_FILE, failure="bounds")
    try:
        return _passphrase_key(passphrase, salt, cost).decrypt(nonce, body[end:], body[:end])
    except InvalidTag as error:
        raise PassphraseWrong from error
