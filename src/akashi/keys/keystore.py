"""A keystore of files under one passphrase, optionally with a PKCS#11 token.

Guarantees: each key is one file (mode 0600, written atomically), encrypted with AES-256-GCM under a key derived from a
random master key; the master key is wrapped under argon2id of the passphrase. Name and kind are authenticated, so files
cannot be swapped or renamed unnoticed. A wrong passphrase and a damaged file are different errors. With a token, keys that it can
hold are made inside it (the file then says which), all others are wrapped by it as well, so that passphrase *and* token open them.
A key has generations: a name means the current one, and ``make_current`` is the one durable step of a rotation.
Refuses: overwriting a key, handing out private keys (but see :meth:`FileKeystore.private_key`), costs that would exhaust the machine.

Trusted: whoever has the directory *and* the passphrase (and the token, with its PIN) has the keys; whoever can write the directory can
destroy keys, and can put the keystore of an earlier copy back. One process writes at a time (the home's lock is the caller's).

>>> from tempfile import mkdtemp
>>> from akashi.keys.model import FAST_UNSAFE_COST
>>> store = FileKeystore.create(Path(mkdtemp()), b"an example", cost=FAST_UNSAFE_COST)
>>> spki = store.generate("gateway", KeyKind.ED25519)
>>> len(store.signer("gateway").sign(b"message"))
64
"""

from __future__ import annotations

import os
import re
import secrets
import threading
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from akashi.durable import make_directory, remove_file, write_file
from akashi.keys.errors import (
    KeyExists,
    KeyMissing,
    KeyNameInvalid,
    KeystoreDamaged,
    KeystoreMissing,
    KeyUnsuitable,
)
from akashi.keys.locking import (
    KEY_SIZE,
    MASTER_FILE,
    RECOVERY_FILE,
    derive,
    unwrap_for_recovery,
    unwrap_master,
    wrap_for_recovery,
    wrap_master,
)
from akashi.keys.model import NAME, STANDARD_COST, Cost, KeyForm, KeyKind
from akashi.keys.openers import SEED_SIZE, Opener, p256_opener, p256_public, xwing_opener, xwing_public
from akashi.keys.shred import open_in_place, shred_file, shred_handle
from akashi.keys.signers import Ed25519NoteSigner, Ed25519Signer, P256Signer
from akashi.keys.tokens.errors import TokenNeeded
from akashi.keys.tokens.port import Token
from akashi.ledger.errors import EncodingError
from akashi.ledger.wire import cbor
from akashi.ledger.wire.envelope import Signer

SUFFIX = ".key"
CURRENT_FILE = "current.akashi"
_NONCE = 12
_P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_Private = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey


class FileKeystore:
    """An unlocked keystore. Thread-safe. See the module's docstring."""

    def __init__(self, directory: Path, master: bytes, token: Token | None = None) -> None:
        self._directory = directory
        self._master = master
        self._token = token
        self._keys = AESGCM(derive(master, b"akashi/keystore/keys/1"))
        self._secrets = AESGCM(derive(master, b"akashi/keystore/secrets/1"))
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return f"FileKeystore({self._directory.name!r})"

    @classmethod
    def create(
        cls, directory: Path, passphrase: bytes, *, cost: Cost = STANDARD_COST, token: Token | None = None
    ) -> FileKeystore:
        """A new, empty keystore in ``directory`` (made if needed). Raises ``KeyExists`` if there is one already."""
        make_directory(directory)
        path = directory / MASTER_FILE
        if path.exists():
            raise KeyExists(name=MASTER_FILE)
        master = secrets.token_bytes(KEY_SIZE)
        write_file(path, wrap_master(master, passphrase, cost))
        return cls(directory, master, token)

    @classmethod
    def open(cls, directory: Path, passphrase: bytes, token: Token | None = None) -> FileKeystore:
        """Unlock. Raises ``KeystoreMissing``, ``PassphraseWrong`` or ``KeystoreDamaged``."""
        return cls(directory, unwrap_master(_read(directory / MASTER_FILE), passphrase), token)

    @classmethod
    def recover(
        cls,
        directory: Path,
        recovery: bytes,
        passphrase: bytes,
        *,
        cost: Cost = STANDARD_COST,
        token: Token | None = None,
    ) -> FileKeystore:
        """Unlock with the recovery key that shares made, and lock under a new passphrase; the shares are then used up.

        Raises ``KeystoreMissing`` (no recovery file: no shares were made of this keystore), ``RecoveryKeyWrong``, ``KeystoreDamaged``.
        """
        path = directory / RECOVERY_FILE
        master = unwrap_for_recovery(_read(path), recovery)
        write_file(directory / MASTER_FILE, wrap_master(master, passphrase, cost))
        remove_file(path)
        return cls(directory, master, token)

    def rotate_passphrase(self, passphrase: bytes, *, cost: Cost = STANDARD_COST) -> None:
        """Lock under another passphrase; keys stay as they are, the old wrapping is overwritten in place."""
        path = self._directory / MASTER_FILE
        data = wrap_master(self._master, passphrase, cost)
        with self._lock:
            # Held open across the replacement: afterwards it is the only way to the old file's blocks.
            old = open_in_place(path)
            try:
                write_file(path, data)
                shred_handle(old)
            finally:
                os.close(old)

    def allow_recovery(self, recovery: bytes, of_set: bytes) -> None:
        """Let a recovery key (32 bytes, never kept here) unlock this keystore; an earlier one does so no longer."""
        write_file(self._directory / RECOVERY_FILE, wrap_for_recovery(self._master, recovery, of_set))

    @property
    def recoverable(self) -> bool:
        """Whether a recovery key, made whole of shares, would unlock it."""
        return (self._directory / RECOVERY_FILE).is_file()

    @property
    def directory(self) -> Path:
        """Where it lies."""
        return self._directory

    @property
    def token(self) -> Token | None:
        """The token that it uses, if any."""
        return self._token

    def names(self) -> list[str]:
        """The names of all keys, sorted; later generations as ``NAME-2``, ``NAME-3`` …"""
        return sorted(path.name.removesuffix(SUFFIX) for path in self._directory.glob("[!.]*" + SUFFIX))

    def generations(self, name: str) -> list[int]:
        """The generations of a key that are here, oldest first. A key that was never rotated has the first only."""
        later = re.compile(re.escape(name) + r"-([2-9]|[1-9][0-9]{1,5})", re.ASCII)
        there = self.names()
        found = [int(match[1]) for match in map(later.fullmatch, there) if match]
        return sorted(([1] if name in there else []) + found)

    def generation(self, name: str) -> int:
        """Which generation ``name`` means."""
        return self._current().get(name, 1)

    def make_current(self, name: str, generation: int) -> None:
        """From now on ``name`` means this generation, durably. Raises ``KeyMissing``."""
        self._open(self._stem(name, generation))
        with self._lock:
            current = {**self._current(), name: generation}
            rows: list[cbor.Value] = [[one, current[one]] for one in sorted(current)]
            write_file(self._directory / CURRENT_FILE, self.protect(CURRENT_FILE, cbor.encode(rows)))

    def generate(self, name: str, kind: KeyKind, *, generation: int = 1, in_memory: bool = False) -> bytes:
        """Make a key; returns what :meth:`public` returns. Raises ``KeyExists``, ``KeyNameInvalid``.

        With a token the key is made inside it if it can hold the kind, unless ``in_memory`` says that its bytes are needed (TLS).
        """
        path = self._path(name, generation)
        if path.exists():
            raise KeyExists(name=path.name.removesuffix(SUFFIX))
        stem = path.name.removesuffix(SUFFIX)
        if self._token is not None and not in_memory and self._token.holds(kind):
            # A crash here leaves a key in the token that nothing names: it can do nothing, and `keys report` cannot see it.
            identifier, public = self._token.generate(kind, stem)
            self._keep(path, kind, KeyForm.TOKEN, cbor.encode([identifier, public]))
            return public
        secret = _new_secret(kind)
        if self._token is not None and self._token.wraps():
            self._keep(path, kind, KeyForm.WRAPPED, self._token.wrap(secret, _associated(stem, kind, KeyForm.WRAPPED)))
        else:
            self._keep(path, kind, KeyForm.FILE, secret)
        return _public_bytes(kind, secret)

    def kind(self, name: str, generation: int = 0) -> KeyKind:
        """What kind of key ``name`` is; generation 0 is the current one."""
        return self._open(self._stem(name, generation))[0]

    def form(self, name: str, generation: int = 0) -> KeyForm:
        """Where the key's secret is: in the file, in the file and wrapped by the token, or in the token only."""
        return self._open(self._stem(name, generation))[1]

    def public(self, name: str, generation: int = 0) -> bytes:
        """SubjectPublicKeyInfo (DER) of a signing key; the raw HPKE public key of an opening key."""
        kind, form, content = self._open(self._stem(name, generation))
        if form is KeyForm.TOKEN:
            return _reference(name, content)[1]
        return _public_bytes(kind, self._load(name, generation)[1])

    def signer(self, name: str, generation: int = 0) -> Signer:
        """A signer for operations. Raises ``KeyUnsuitable`` for opening keys."""
        kind, private = self._private(name, generation)
        if isinstance(private, ed25519.Ed25519PrivateKey):
            return Ed25519Signer(private)
        if private is not None and kind is KeyKind.P256:
            return P256Signer(private)
        raise KeyUnsuitable(name=name, kind=kind.name)

    def note_signer(self, name: str, note_name: str) -> Ed25519NoteSigner:
        """A signer for checkpoints under ``note_name``; Ed25519 keys only."""
        kind, private = self._private(name, 0)
        if not isinstance(private, ed25519.Ed25519PrivateKey):
            raise KeyUnsuitable(name=name, kind=kind.name)
        return Ed25519NoteSigner(private, note_name)

    def opener(self, name: str, generation: int = 0) -> Opener:
        """An opener of wraps. Raises ``KeyUnsuitable`` for signing keys."""
        kind, secret = self._load(name, generation)
        if kind is KeyKind.XWING:
            return xwing_opener(secret)
        if kind is KeyKind.HPKE_P256:
            return p256_opener(_p256(secret))
        raise KeyUnsuitable(name=name, kind=kind.name)

    def openers(self, name: str) -> list[Opener]:
        """The openers of all generations, the current one first: what was sealed to an older key still opens."""
        current = self.generation(name)
        others = [one for one in reversed(self.generations(name)) if one != current]
        return [self.opener(name, one) for one in [current, *others]]

    def private_key(self, name: str, generation: int = 0) -> ec.EllipticCurvePrivateKey:
        """The P-256 key object itself, because X.509 builders and TLS contexts take nothing less; a token's key signs only."""
        kind, private = self._private(name, generation)
        if kind is not KeyKind.P256 or not isinstance(private, ec.EllipticCurvePrivateKey):
            raise KeyUnsuitable(name=name, kind=kind.name)
        return private

    def destroy(self, name: str, generation: int = 0) -> None:
        """Overwrite the key's file in place, flush, unlink; a token's key is destroyed in the token. Idempotent.

        Limits of the medium: docs/vault.md.
        """
        path = self._path(name, generation or self.generation(name))
        with self._lock:
            if self._token is not None and path.exists():
                _, form, content = self._open(path.name.removesuffix(SUFFIX))
                if form is KeyForm.TOKEN:
                    self._token.destroy(_reference(name, content)[0])
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

    def _current(self) -> dict[str, int]:
        try:
            data = (self._directory / CURRENT_FILE).read_bytes()
        except FileNotFoundError:
            return {}
        try:
            rows = cbor.decode(self.reveal(CURRENT_FILE, data))
        except (EncodingError, KeystoreDamaged) as error:
            raise KeystoreDamaged(name=CURRENT_FILE, failure="authentication") from error
        pairs = [row for row in rows if isinstance(row, list)] if isinstance(rows, list) else []
        return {str(name): int(number) for name, number in pairs if isinstance(number, int)}

    def _stem(self, name: str, generation: int) -> str:
        return self._path(name, generation or self.generation(name)).name.removesuffix(SUFFIX)

    def _path(self, name: str, generation: int = 1) -> Path:
        stem = name if generation == 1 else f"{name}-{generation}"
        if not NAME.fullmatch(stem):
            raise KeyNameInvalid
        return self._directory / (stem + SUFFIX)

    def _keep(self, path: Path, kind: KeyKind, form: KeyForm, content: bytes) -> None:
        nonce, name = secrets.token_bytes(_NONCE), path.name.removesuffix(SUFFIX)
        sealed = self._keys.encrypt(nonce, content, _associated(name, kind, form))
        with self._lock:
            if path.exists():
                raise KeyExists(name=name)
            write_file(path, cbor.encode(["akashi-key", int(form), name, int(kind), nonce, sealed]))

    def _load(self, name: str, generation: int = 0) -> tuple[KeyKind, bytes]:
        """Kind and secret of a key that is not in a token."""
        stem = self._stem(name, generation)
        kind, form, content = self._open(stem)
        if form is KeyForm.WRAPPED:
            if self._token is None:
                raise TokenNeeded(name=stem)
            return kind, self._token.unwrap(content, _associated(stem, kind, form))
        return kind, content

    def _private(self, name: str, generation: int) -> tuple[KeyKind, _Private | None]:
        """Kind and key object of a signing key, wherever it is; ``None`` for an opening key."""
        stem = self._stem(name, generation)
        kind, form, content = self._open(stem)
        if form is KeyForm.TOKEN:
            if self._token is None:
                raise TokenNeeded(name=stem)
            identifier, public = _reference(stem, content)
            if kind is KeyKind.ED25519:
                return kind, self._token.ed25519(identifier, public, stem)
            return kind, self._token.p256(identifier, public, stem)
        if kind not in (KeyKind.ED25519, KeyKind.P256):
            return kind, None
        secret = self._load(name, generation)[1]
        if kind is KeyKind.ED25519:
            return kind, ed25519.Ed25519PrivateKey.from_private_bytes(secret)
        return kind, _p256(secret)

    def _open(self, stem: str) -> tuple[KeyKind, KeyForm, bytes]:
        """Kind, form and decrypted content of one key file."""
        path = self._directory / (stem + SUFFIX)
        try:
            data = path.read_bytes()
        except FileNotFoundError as error:
            raise KeyMissing(name=stem) from error
        try:
            fields = cbor.decode(data)
        except EncodingError as error:
            raise KeystoreDamaged(name=path.name, failure="format") from error
        match fields:
            case ["akashi-key", (1 | 2 | 3) as form, str(stored), int(number), bytes(nonce), bytes(sealed)]:
                pass
            case _:
                raise KeystoreDamaged(name=path.name, failure="format")
        if stored != stem or number not in list(KeyKind):
            raise KeystoreDamaged(name=path.name, failure="name")
        kind, where = KeyKind(number), KeyForm(form)
        try:
            return kind, where, self._keys.decrypt(nonce, sealed, _associated(stem, kind, where))
        except (InvalidTag, ValueError) as error:
            raise KeystoreDamaged(name=path.name, failure="authentication") from error


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise KeystoreMissing from error


def _associated(name: str, kind: KeyKind, form: KeyForm) -> bytes:
    head: list[cbor.Value] = ["akashi/key/1", name, int(kind)]
    return cbor.encode(head if form is KeyForm.FILE else [*head, int(form)])


def _reference(name: str, content: bytes) -> tuple[bytes, bytes]:
    """Id and public key of a key in a token, as its file (already authenticated) says."""
    match cbor.decode(content):
        case [bytes(identifier), bytes(public)]:
            return identifier, public
    raise KeystoreDamaged(name=name + SUFFIX, failure="format")


def _p256(secret: bytes) -> ec.EllipticCurvePrivateKey:
    return ec.derive_private_key(int.from_bytes(secret, "big"), ec.SECP256R1())


def _new_secret(kind: KeyKind) -> bytes:
    if kind in (KeyKind.P256, KeyKind.HPKE_P256):
        return (1 + secrets.randbelow(_P256_ORDER - 1)).to_bytes(KEY_SIZE, "big")
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
