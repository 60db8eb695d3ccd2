"""Checkpoints as signed notes, and the keys that sign them (docs/spec/checkpoint.md).

Guarantees: ``parse_checkpoint`` accepts exactly the bytes that the writers here can produce; a line of a known key must
verify; Go's ``sumdb/note`` reads the log's line. Refuses: extension lines, lax base64, leading zeros, names outside
visible ASCII. Trusts the keys that the caller hands in and nobody else: which keys to believe is ``proof.trust``.

Sources: C2SP signed-note v1.0.0, tlog-checkpoint v1.0.0, tlog-cosignature v1.0.1 (type 0x04).

>>> encode_base64(b"ab"), decode_base64("YWI="), decode_base64("YWJ=")
('YWI=', b'ab', None)
"""

from __future__ import annotations

import re
from binascii import Error as BinasciiError
from binascii import a2b_base64, b2a_base64
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache
from hashlib import sha256
from typing import Protocol

from akashi.errors import Misuse
from akashi.ledger.errors import EncodingError, ProofError
from akashi.ledger.wire.ed25519 import is_signed

MAX_NOTE_BYTES = 8 * 1024
MAX_LINES = 16
MAX_NUMBER = (1 << 63) - 1
PUBLIC_KEY_SIZE = 32
_HASH_SIZE = 4
_ROOT_SIZE = 32
_SIGNATURE_SIZE = 64
_SECONDS_SIZE = 8
_DASH = "\u2014 "
_ORIGIN = re.compile(r"[a-z0-9.-]{1,64}/akashi/([0-9a-f]{32})/([1-9][0-9]{0,8})", re.ASCII)
_NAME = re.compile(r"[!-*,-~]{1,255}", re.ASCII)  # visible ASCII without "+", which ends a name in a vkey
_DECIMAL = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)


class NoteKind(IntEnum):
    """Signature types of a note line (C2SP signed-note)."""

    ED25519 = 0x01
    COSIGNATURE = 0x04


class NoteSigner(Protocol):
    """Signs notes with one Ed25519 key under one name. Thread-safe. Never exposes the key."""

    @property
    def name(self) -> str:
        """The name in the signature line; for the log's own key the origin."""
        ...

    @property
    def public_key(self) -> bytes:
        """32 bytes, raw."""
        ...

    def sign(self, message: bytes) -> bytes:
        """64 bytes, RFC 8032."""
        ...


@dataclass(frozen=True, slots=True)
class NoteKey:
    """A public key that may sign notes: what a vkey says."""

    name: str
    kind: NoteKind
    public: bytes

    @property
    def hash(self) -> bytes:
        """The 4 bytes that point to this key in a signature line."""
        return key_hash(self.name, self.kind, self.public)


@dataclass(frozen=True, slots=True)
class Line:
    """One signature line: ``text`` without its line feed, ``blob`` what follows the key hash."""

    text: str
    name: str
    hash: bytes
    blob: bytes


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A parsed, not yet verified checkpoint; ``body`` are the signed bytes (three lines)."""

    origin: str
    size: int
    root: bytes
    body: bytes
    lines: tuple[Line, ...]


def encode_base64(data: bytes) -> str:
    """RFC 4648 section 4 with padding."""
    return b2a_base64(data, newline=False).decode("ascii")


def decode_base64(text: str) -> bytes | None:
    """The bytes whose one encoding is ``text``; ``None`` for every other text."""
    try:
        raw = text.encode("ascii")
        data = a2b_base64(raw, strict_mode=True)
    except (UnicodeEncodeError, BinasciiError):
        return None
    # strict mode still lets unused bits through: what does not re-encode to the same text is not its encoding
    return data if b2a_base64(data, newline=False) == raw else None


def decode_decimal(text: str) -> int | None:
    """An integer in [0, 2**63) without sign or leading zeros; ``None`` for every other text."""
    if not _DECIMAL.fullmatch(text):
        return None
    number = int(text)
    return number if number <= MAX_NUMBER else None


@lru_cache(maxsize=1024)
def key_hash(name: str, kind: NoteKind, public: bytes) -> bytes:
    """First 4 bytes of SHA-256(name 0A kind public)."""
    return sha256(name.encode("utf-8") + b"\n" + bytes([kind]) + public).digest()[:_HASH_SIZE]


def origin_of(domain: str, ledger: bytes, epoch: int) -> str:
    """The origin line. Raises :class:`EncodingError` ``note.origin`` for a domain or epoch outside its form."""
    origin = f"{domain}/akashi/{ledger.hex()}/{epoch}"
    origin_parts(origin)
    return origin


def origin_parts(origin: str) -> tuple[bytes, int]:
    """(ledger id, epoch) of an origin. Raises :class:`EncodingError` ``note.origin``."""
    match = _ORIGIN.fullmatch(origin)
    if match is None:
        raise EncodingError("note.origin")
    return bytes.fromhex(match[1]), int(match[2])


def vkey(name: str, kind: NoteKind, public: bytes) -> str:
    """``<name>+<key hash>+<base64(kind || public key)>``."""
    return f"{name}+{key_hash(name, kind, public).hex()}+{encode_base64(bytes([kind]) + public)}"


def parse_vkey(text: str) -> NoteKey:
    """Strict inverse of :func:`vkey`. Raises :class:`EncodingError` ``note.key``."""
    name, _, rest = text.partition("+")
    hexed, _, encoded = rest.partition("+")
    data = decode_base64(encoded)
    if not _NAME.fullmatch(name) or data is None or len(data) != 1 + PUBLIC_KEY_SIZE:
        raise EncodingError("note.key")
    if data[0] not in NoteKind.__members__.values():
        raise EncodingError("note.key")
    key = NoteKey(name, NoteKind(data[0]), data[1:])
    if key.hash.hex() != hexed:
        raise EncodingError("note.key")
    return key


def checkpoint_body(origin: str, size: int, root: bytes) -> bytes:
    """The three signed lines."""
    return f"{origin}\n{size}\n{encode_base64(root)}\n".encode("ascii")


def _line(name: str, kind: NoteKind, public: bytes, blob: bytes) -> bytes:
    return f"{_DASH}{name} {encode_base64(key_hash(name, kind, public) + blob)}\n".encode()


def sign_checkpoint(origin: str, size: int, root: bytes, log: NoteSigner) -> bytes:
    """A checkpoint with the log's line; ``log.name`` must be the origin."""
    if log.name != origin:
        raise Misuse(what="log key named otherwise than its origin")
    body = checkpoint_body(origin, size, root)
    note = body + b"\n" + _line(log.name, NoteKind.ED25519, log.public_key, log.sign(body))
    parse_checkpoint(note)  # never publish what no reader would accept
    return note


def cosigned_bytes(body: bytes, seconds: int) -> bytes:
    """What a cosignature signs: ``cosignature/v1``, the time in POSIX seconds, the body."""
    return b"cosignature/v1\ntime %d\n" % seconds + body


def cosign(note: bytes, cosigner: NoteSigner, seconds: int) -> bytes:
    """``note`` with one more line, type 0x04, asserting that the cosigner saw it at ``seconds``."""
    body = parse_checkpoint(note).body
    blob = seconds.to_bytes(_SECONDS_SIZE, "big") + cosigner.sign(cosigned_bytes(body, seconds))
    longer = note + _line(cosigner.name, NoteKind.COSIGNATURE, cosigner.public_key, blob)
    parse_checkpoint(longer)
    return longer


def parse_checkpoint(note: bytes) -> Checkpoint:
    """Strictly parse a checkpoint. Raises :class:`EncodingError` ``note.*``; verifies no signature."""
    if len(note) > MAX_NOTE_BYTES:
        raise EncodingError("note.format")
    try:
        rows = note.decode("utf-8").split("\n")
    except UnicodeDecodeError as error:
        raise EncodingError("note.format") from error
    # three body lines, an empty one, at least one signature line, and nothing after the last line feed
    if not 6 <= len(rows) <= 5 + MAX_LINES or rows[3] or rows[-1]:
        raise EncodingError("note.format")
    origin_parts(rows[0])
    size = decode_decimal(rows[1])
    if size is None:
        raise EncodingError("note.size")
    root = decode_base64(rows[2])
    if root is None or len(root) != _ROOT_SIZE:
        raise EncodingError("note.root")
    lines = tuple(_parse_line(row) for row in rows[4:-1])
    return Checkpoint(rows[0], size, root, checkpoint_body(rows[0], size, root), lines)


def _parse_line(row: str) -> Line:
    name, _, encoded = row.removeprefix(_DASH).partition(" ")
    data = decode_base64(encoded)
    if not row.startswith(_DASH) or not _NAME.fullmatch(name) or data is None or len(data) <= _HASH_SIZE:
        raise EncodingError("note.format")
    return Line(row, name, data[:_HASH_SIZE], data[_HASH_SIZE:])


def _verify(key: NoteKey, signature: bytes, message: bytes) -> None:
    if not is_signed(key.public, message, signature):
        raise ProofError("note.signature")


def _lines_of(checkpoint: Checkpoint, key: NoteKey) -> list[Line]:
    return [line for line in checkpoint.lines if line.name == key.name and line.hash == key.hash]


def verify_log(checkpoint: Checkpoint, keys: Iterable[NoteKey]) -> Line:
    """The line by which one of ``keys`` (type 0x01) signed. Raises :class:`ProofError`.

    ``note.unsigned``: no line of any of the keys; ``note.signature``: a line of one of them does not verify.
    """
    found: Line | None = None
    for key in keys:
        for line in _lines_of(checkpoint, key) if key.kind is NoteKind.ED25519 else ():
            _verify(key, line.blob, checkpoint.body)
            found = found or line
    if found is None:
        raise ProofError("note.unsigned")
    return found


def verify_cosignatures(checkpoint: Checkpoint, keys: Mapping[str, NoteKey]) -> dict[str, int]:
    """Which of ``keys`` (by a caller's label; type 0x04) cosigned, and when (POSIX seconds, the earliest line).

    Lines of other keys are ignored; a line of one of these that does not verify raises ``note.signature``.
    """
    seen: dict[str, int] = {}
    for label, key in keys.items():
        for line in _lines_of(checkpoint, key) if key.kind is NoteKind.COSIGNATURE else ():
            if len(line.blob) != _SECONDS_SIZE + _SIGNATURE_SIZE:
                raise ProofError("note.signature")
            seconds = int.from_bytes(line.blob[:_SECONDS_SIZE], "big")
            _verify(key, line.blob[_SECONDS_SIZE:], cosigned_bytes(checkpoint.body, seconds))
            seen[label] = min(seconds, seen.get(label, seconds))
    return seen
