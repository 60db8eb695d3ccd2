"""Signed notes, checkpoints, cosignatures and receipts of `docs/spec/checkpoint.md`.

Guarantees: what is parsed re-encodes to the same bytes; every line under a known key was verified. Refuses: any other
shape (`note.*`, `receipt.format`). Trusts: the keys it is handed.

>>> parse_vkey("x+00000000+AA==")
Traceback (most recent call last):
akashi_verifier.Failure: vkey
"""

from __future__ import annotations

import binascii
import re
from base64 import b64decode, b64encode
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256

from akashi_verifier import Failure, demand
from akashi_verifier.operation import ed25519_holds

MAX_NOTE = 8192
MAX_RECEIPT = 65_536
LOG, COSIGNER = 1, 4
_NAME = re.compile(r"[!-*,-~]{1,255}")
_ORIGIN = re.compile(r"[a-z0-9.-]{1,64}/akashi/([0-9a-f]{32})/[1-9][0-9]{0,8}")
_DECIMAL = re.compile(r"0|[1-9][0-9]{0,18}")
RECEIPT_PREFIX = b"c2sp.org/tlog-proof@"  # what tells a receipt from a bundle
RECEIPT_MAGIC = "c2sp.org/tlog-proof@v1"


@dataclass(frozen=True, slots=True)
class Key:
    """A verifier key (vkey); `type` 1 signs for the log, 4 cosigns."""

    name: str
    type: int
    public: bytes

    @property
    def hash(self) -> bytes:
        """The four bytes by which a signature line names the key."""
        return sha256(self.name.encode() + b"\n" + bytes([self.type]) + self.public).digest()[:4]


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature line; `raw` is the line with its U+000A."""

    name: str
    hash: bytes
    signature: bytes
    raw: bytes


@dataclass(frozen=True, slots=True)
class Note:
    """A checkpoint; `body` is what the log signed."""

    body: bytes
    origin: str
    ledger: bytes
    size: int
    root: bytes
    signatures: tuple[Signature, ...]


@dataclass(frozen=True, slots=True)
class Receipt:
    """An inclusion proof of one leaf together with the checkpoint it leads to."""

    leaf: bytes
    index: int
    path: tuple[bytes, ...]
    note: Note


def exact_base64(text: str, code: str) -> bytes:
    """Decode RFC 4648 section 4 with padding, in its one form."""
    try:
        raw = b64decode(text.encode("ascii"), validate=True)
    except (ValueError, binascii.Error):
        raise Failure(code, "base64") from None
    demand(b64encode(raw).decode() == text, code, "base64")
    return raw


def exact_decimal(text: str, code: str) -> int:
    """Parse a decimal from 0 to 2^63 - 1 without leading zeros."""
    demand(_DECIMAL.fullmatch(text) is not None and int(text) < 1 << 63, code)
    return int(text)


def origin_ledger(origin: str) -> bytes | None:
    """The ledger id inside an origin, or None if it is not one."""
    found = _ORIGIN.fullmatch(origin)
    return bytes.fromhex(found[1]) if found else None


def parse_vkey(text: str, code: str = "vkey") -> Key:
    """Parse `<name>+<hash>+<base64(type || key)>`."""
    parts = text.split("+", 2)
    demand(len(parts) == 3 and _NAME.fullmatch(parts[0]) is not None, code)
    raw = exact_base64(parts[2], code)
    demand(len(raw) == 33 and raw[0] in (LOG, COSIGNER), code)
    key = Key(parts[0], raw[0], raw[1:])
    demand(key.hash.hex() == parts[1], code)
    return key


def parse(data: bytes) -> Note:
    """Parse a checkpoint (raises `note.*` in the order of checkpoint.md 2)."""
    demand(len(data) <= MAX_NOTE, "note.format", "size")
    try:
        lines = data.decode("utf-8").split("\n")
    except UnicodeDecodeError:
        raise Failure("note.format", "utf-8") from None
    demand(6 <= len(lines) <= 21 and lines[3] == "" and lines[-1] == "", "note.format", "lines")
    ledger = origin_ledger(lines[0])
    if ledger is None:
        raise Failure("note.origin")
    size = exact_decimal(lines[1], "note.size")
    root = exact_base64(lines[2], "note.root")
    demand(len(root) == 32, "note.root")
    signatures = tuple(_signature(line) for line in lines[4:-1])
    body = "".join(line + "\n" for line in lines[:3]).encode()
    return Note(body, lines[0], ledger, size, root, signatures)


def _signature(line: str) -> Signature:
    parts = line.split(" ")
    demand(len(parts) == 3 and parts[0] == "\u2014" and _NAME.fullmatch(parts[1]) is not None, "note.format")
    raw = exact_base64(parts[2], "note.format")
    demand(len(raw) >= 5, "note.format")
    return Signature(parts[1], raw[:4], raw[4:], line.encode() + b"\n")


def _verifies(key: Key, line: Signature, body: bytes) -> bool:
    signature, message = line.signature, body
    if key.type == COSIGNER:
        seconds = int.from_bytes(signature[:8], "big")
        message = f"cosignature/v1\ntime {seconds}\n".encode() + body
        if len(signature) != 72:
            return False
        signature = signature[8:]
    return ed25519_holds(key.public, signature, message)


def lines_of(note: Note, keys: Iterable[Key]) -> list[tuple[Key, Signature]]:
    """The lines under these keys, each verified (`note.signature`), in the order of the note."""
    known = list(keys)
    found = []
    for line in note.signatures:
        for key in known:
            if key.name == line.name and key.hash == line.hash:
                demand(_verifies(key, line, note.body), "note.signature")
                found.append((key, line))
    return found


def log_line(note: Note, keys: Iterable[Key]) -> Signature:
    """The verified line of a believed log key whose name is the note's origin (`note.unsigned`, `note.signature`)."""
    found = lines_of(note, [key for key in keys if key.name == note.origin])
    demand(bool(found), "note.unsigned")
    return found[0][1]


def parse_receipt(data: bytes) -> Receipt:
    """Parse a receipt of checkpoint.md 3 (raises `receipt.format`, then `note.*`)."""
    demand(len(data) <= MAX_RECEIPT, "receipt.format", "size")
    before, blank, checkpoint = data.partition(b"\n\n")
    demand(bool(blank), "receipt.format")
    try:
        lines = before.decode("ascii").split("\n")
    except UnicodeDecodeError:
        raise Failure("receipt.format") from None
    demand(3 <= len(lines) <= 66 and lines[0] == RECEIPT_MAGIC, "receipt.format")
    demand(lines[1].startswith("extra ") and lines[2].startswith("index "), "receipt.format")
    leaf = exact_base64(lines[1].removeprefix("extra "), "receipt.format")
    demand(len(leaf) > 0, "receipt.format")
    index = exact_decimal(lines[2].removeprefix("index "), "receipt.format")
    path = tuple(exact_base64(line, "receipt.format") for line in lines[3:])
    demand(all(len(part) == 32 for part in path), "receipt.format")
    return Receipt(leaf, index, path, parse(checkpoint))
