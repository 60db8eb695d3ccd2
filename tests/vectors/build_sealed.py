"""Building blocks of the sealed vectors: recipients, wraps, frames and bodies, right ones and forged ones.

Nothing here is secret or real: private keys are hashes of their names. What no generator can make twice (an HPKE encapsulation, a
compressor's output) was made once and is read from ``sealed-kept.txt``; everything else is computed anew each time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256, shake_128
from pathlib import Path
from typing import Any

import zstandard
from cryptography.hazmat.primitives.asymmetric import ec

from akashi.keys.openers import opening_key_id, p256_public, xwing_public
from akashi.keys.suites import SUITES, wrap_key
from akashi.ledger.wire import cbor
from akashi.vault.model import CHUNK_SIZE, content_commitment
from akashi.vault.sealing.body import BodyHeader, ChunkCipher, derive
from akashi.vault.sealing.inner import encode_trailer
from akashi.vault.sealing.wraps import Wrap, wrap_info, wraps_digest
from tests.vectors.world import LEDGER_ID, PAYLOAD, seed

KEPT = Path(__file__).with_name("sealed-kept.txt")
DATA_KEY, SALT = seed("sealed data key"), seed("sealed salt")
MEDIA = "text/csv"
BLOCK = 1 << 17


@dataclass(frozen=True)
class Stream:
    """The first ``length`` bytes of SHAKE128 over ``seed`` (UTF-8): bytes that a file names instead of listing."""

    seed: str
    length: int

    def make(self) -> bytes:
        """The bytes."""
        return shake_128(self.seed.encode()).digest(self.length)


Piece = bytes | Stream


def joined(pieces: Sequence[Piece]) -> bytes:
    """All bytes of an input."""
    return b"".join(piece.make() if isinstance(piece, Stream) else piece for piece in pieces)


class Keep:
    """Bytes by label, made once: read from the file, or made and remembered in ``added``."""

    def __init__(self) -> None:
        rows = KEPT.read_text("ascii").splitlines() if KEPT.exists() else []
        self._rows = {label: bytes.fromhex(data) for label, _, data in (row.rpartition(" ") for row in rows)}
        self._used: set[str] = set()
        self.added: list[str] = []

    def get(self, label: str, make: Callable[[], bytes]) -> bytes:
        """The bytes of ``label``; ``make`` is asked only the very first time."""
        self._used.add(label)
        if label not in self._rows:
            self._rows[label] = make()
            self.added.append(label)
        return self._rows[label]

    def text(self) -> str:
        """The file's content: what is in use, one per line."""
        return "".join(f"{label} {self._rows[label].hex()}\n" for label in sorted(self._used))


KEEP = Keep()


@dataclass(frozen=True)
class Who:
    """A recipient with an invented key."""

    name: str
    suite: int

    @property
    def private(self) -> bytes:
        """Suite 1: the X-Wing seed; suite 2: the scalar, big-endian."""
        return seed(f"sealed recipient {self.name}")

    @property
    def public(self) -> bytes:
        """Raw HPKE public key."""
        if self.suite == 1:
            return xwing_public(self.private)
        return p256_public(ec.derive_private_key(int.from_bytes(self.private, "big"), ec.SECP256R1()))

    @property
    def key_id(self) -> bytes:
        """SHA-256 of the public key."""
        return opening_key_id(self.public)

    def info(self, *, ledger: bytes = LEDGER_ID, payload: bytes = PAYLOAD, suite: int | None = None) -> bytes:
        """The HPKE info of a wrap for this recipient."""
        return wrap_info(ledger, payload, self.key_id, self.suite if suite is None else suite)

    def hpke(self, label: str = "", info: bytes | None = None, plain: bytes = DATA_KEY) -> bytes:
        """Encapsulated key and ciphertext; ``label`` names anything unusual about it."""
        chosen = self.info() if info is None else info
        name = f"hpke {self.name}{label and ', '}{label}"
        return KEEP.get(name, lambda: wrap_key(SUITES[self.suite], self.public, chosen, plain))

    def wrap(self, hpke: bytes | None = None, payload: bytes = PAYLOAD) -> bytes:
        """An encoded wrap, by default the right one."""
        return Wrap(payload, self.key_id, self.suite, self.hpke() if hpke is None else hpke).encode()


HYBRID, LISTED = Who("hybrid", 1), Who("listed", 2)
OTHERS = {1: Who("hybrid, second", 1), 2: Who("listed, second", 2)}


def ascending(*recipients: Who) -> list[bytes]:
    """The wraps of several recipients in the order that a container asks for."""
    return [who.wrap() for who in sorted(recipients, key=lambda who: who.key_id)]


def container(wraps: Sequence[Any], *body: Piece, ledger: bytes = LEDGER_ID) -> tuple[Piece, ...]:
    """The bytes of a container."""
    return (cbor.encode(["akashi-sealed", 1, ledger, list(wraps)]), *body)


def header(suite: int = 2, payload: bytes = PAYLOAD, data_key: bytes = DATA_KEY) -> bytes:
    """A right body header."""
    return BodyHeader(suite, payload, derive(data_key, payload, suite)[1]).encode()


def header_items(suite: int = 2) -> list[Any]:
    """The same as a list, to be spoilt."""
    items = cbor.decode(header(suite))
    assert isinstance(items, list)
    return items


def cipher_for(head: bytes, suite: int = 2, payload: bytes = PAYLOAD) -> ChunkCipher:
    """The chunk cipher under any header."""
    return ChunkCipher(derive(DATA_KEY, payload, suite)[0], head)


def small(stream: bytes, suite: int = 2, head: bytes | None = None, payload: bytes = PAYLOAD) -> bytes:
    """Header and the only chunk."""
    head = header(suite, payload) if head is None else head
    return head + cipher_for(head, suite, payload).seal(0, stream, last=True)


def inner(names: Sequence[Any], media: str = MEDIA, salt: bytes = SALT, version: Any = 1) -> bytes:
    """An inner header, also a broken one."""
    return cbor.encode([version, media, salt, list(names)])


def plain(parts: Sequence[tuple[str, bytes]], media: str = MEDIA) -> bytes:
    """A right inner stream, not yet compressed."""
    contents = b"".join(content for _, content in parts)
    trailer = encode_trailer([len(content) for _, content in parts], sha256(contents).digest())
    return inner([name for name, _ in parts], media) + contents + trailer


def block(data: bytes, *, last: bool, kind: int = 0, size: int | None = None) -> bytes:
    """One block of a zstd frame (RFC 8878 section 3.1.1.2): kind 0 raw, 1 repeated byte."""
    bits = int(last) | kind << 1 | (len(data) if size is None else size) << 3
    return bits.to_bytes(3, "little") + data


def frame(data: bytes, head: bytes = b"\x28\xb5\x2f\xfd\x00\x58") -> bytes:
    """A zstd frame of raw blocks (no compressor's version shows in it); the window is 2 MiB."""
    starts = range(0, len(data), BLOCK) or [0]
    return head + b"".join(block(data[at : at + BLOCK], last=at + BLOCK >= len(data)) for at in starts)


def result_of(parts: Sequence[tuple[str, bytes]], wraps: Sequence[bytes], body: bytes, media: str = MEDIA) -> object:
    """What an accepted container means."""
    contents = b"".join(content for _, content in parts)
    return {
        "media_type": media,
        "parts": [
            {"name": name, "sha256": sha256(content).hexdigest(), "length": len(content)} for name, content in parts
        ],
        "commitment": content_commitment(SALT, sha256(contents).digest()).hex(),
        "body_digest": sha256(body).hexdigest(),
        "wraps_digest": wraps_digest(wraps).hex(),
    }


@dataclass(frozen=True)
class Large:
    """A body whose *ciphertext* is SHAKE128 output wherever it carries content, so that a file need not list it.

    The content is that output XOR the key stream. ``size`` is the length of the compressed stream, ``cuts`` its chunks as (start,
    end, whether sealed as the last); by default the right ones.
    """

    name: str
    suite: int
    size: int
    cuts: tuple[tuple[int, int, bool], ...] = ()

    def made(self) -> tuple[list[list[Piece]], list[tuple[str, bytes]]]:
        """(chunks, each as pieces; the two parts)."""
        names = ("first.bin", "second.bin")
        first = inner(names)
        length = self._content_length(len(first))
        layout = frame(first + bytes(length) + bytes(48))
        holes = _holes(len(first), length)
        cipher = cipher_for(header(self.suite), self.suite)
        chunks: list[list[Piece]] = []
        stream = bytearray(layout)
        for number, (start, end, last) in enumerate(self._cuts()):
            keys = cipher.seal(number, bytes(end - start), last=last)
            fill: list[tuple[int, Stream]] = []
            for low, high in ((max(low, start), min(high, end)) for low, high in holes):
                if low < high:
                    fill.append((low, Stream(f"{self.name}/{number}/{low}", high - low)))
                    stream[low:high] = _xor(fill[-1][1].make(), keys[low - start : high - start])
            chunks.append(list[Piece](piece for _, piece in fill))
        content = b"".join(stream[low:high] for low, high in holes)
        parts = [(names[0], content[: length // 3]), (names[1], content[length // 3 :])]
        stream = bytearray(frame(plain(parts)))
        for number, (start, end, last) in enumerate(self._cuts()):
            chunks[number] = _carve(cipher.seal(number, bytes(stream[start:end]), last=last), chunks[number])
        return chunks, parts

    def _cuts(self) -> Sequence[tuple[int, int, bool]]:
        ends = [min(start + CHUNK_SIZE, self.size) for start in range(0, self.size, CHUNK_SIZE)]
        return self.cuts or [((end - 1) // CHUNK_SIZE * CHUNK_SIZE, end, end == self.size) for end in ends]

    def _content_length(self, head: int) -> int:
        length = self.size
        while (made := len(frame(bytes(head + length + 48)))) != self.size:
            length -= made - self.size
        return length


def _holes(head: int, length: int) -> list[tuple[int, int]]:
    """Where content lies in the frame: every block has three bytes of its own before it, the frame six."""
    found, at = [], head
    while at < head + length:
        end = min((at // BLOCK + 1) * BLOCK, head + length)
        shift = 6 + 3 * (at // BLOCK + 1)
        found.append((at + shift, end + shift))
        at = end
    return found


def _xor(left: bytes, right: bytes) -> bytes:
    return (int.from_bytes(left, "big") ^ int.from_bytes(right, "big")).to_bytes(len(left), "big")


def _carve(chunk: bytes, streams: Sequence[Piece]) -> list[Piece]:
    """``chunk`` with its streams named instead of listed; they must stand in it in this order."""
    pieces: list[Piece] = []
    at = 0
    for stream in streams:
        data = joined([stream])
        found = chunk.index(data, at)
        pieces += [chunk[at:found], stream]
        at = found + len(data)
    return [*pieces, chunk[at:]]


@dataclass(frozen=True)
class Sealed:
    """One file."""

    name: str
    comment: str
    pieces: tuple[Piece, ...]
    failure: str | None = None
    who: Who = LISTED
    result: object = None
    commitment: bytes | None = None
    body_digest: bytes | None = None

    def to_json(self) -> dict[str, object]:
        """The file's content."""
        listed = not any(isinstance(piece, Stream) for piece in self.pieces)
        return {
            "comment": self.comment,
            "format": "sealed",
            "input_hex": joined(self.pieces).hex() if listed else None,
            "input_pieces": None if listed else [_piece(piece) for piece in self.pieces if piece],
            "input_sha256": sha256(joined(self.pieces)).hexdigest(),
            "recipient": {"suite": self.who.suite, "private_hex": self.who.private.hex()},
            "ledger_hex": LEDGER_ID.hex(),
            "announced": {
                "commitment": self.commitment and self.commitment.hex(),
                "body_digest": self.body_digest and self.body_digest.hex(),
            },
            "expect": "accept" if self.failure is None else "reject",
            "failure": self.failure,
            "result": self.result,
        }


def _piece(piece: Piece) -> dict[str, object]:
    if isinstance(piece, Stream):
        return {"shake128": piece.seed, "length": piece.length}
    return {"hex": piece.hex()}


NAME = "records.csv"
ROWS = b"id,value\n1,2\n" * 3
PARTS = [(NAME, ROWS)]
RAW = plain(PARTS)
GOOD = frame(RAW)


def compressed(label: str, *, checksum: bool = False) -> bytes:
    """A compressor's frame, kept: another version may compress differently."""
    packer = zstandard.ZstdCompressor(level=3, write_checksum=checksum)
    return KEEP.get(f"frame {label}", lambda: packer.compress(RAW))
