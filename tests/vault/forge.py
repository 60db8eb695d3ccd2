"""Payloads for tests: honest ones from seeded keys, and forged ones that a dishonest sealer could make."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256

import zstandard

from akashi.keys.openers import MemoryOpener, opening_key_id, xwing_opener, xwing_public
from akashi.vault.model import CHUNK_SIZE, Part, Recipient
from akashi.vault.sealing import Sealing, seal
from akashi.vault.sealing.body import BodyHeader, ChunkCipher, derive
from akashi.vault.sealing.wraps import make_wrap

LEDGER = bytes(range(16))
PAYLOAD = bytes(range(16, 32))
DATA_KEY = bytes(range(32, 64))


def recipient(seed: int) -> tuple[Recipient, MemoryOpener]:
    """A suite-1 recipient and its opener from a one-byte seed."""
    secret = bytes([seed]) * 32
    public = xwing_public(secret)
    return Recipient(opening_key_id(public), 1, public), xwing_opener(secret)


ALICE, ALICE_OPENER = recipient(1)
BOB, BOB_OPENER = recipient(2)


def noise(length: int, label: str = "noise") -> bytes:
    """Bytes that do not compress, the same every time."""
    blocks = (sha256(f"{label}/{at}".encode()).digest() for at in range(length // 32 + 1))
    return b"".join(blocks)[:length]


def sealed(*contents: bytes, recipients: Iterable[Recipient] = (ALICE,), payload_id: bytes = PAYLOAD) -> Sealing:
    """An honest sealing of parts named ``part-0`` …"""
    parts = [Part(f"part-{n}", [content]) for n, content in enumerate(contents)]
    return seal(
        parts,
        media_type="application/octet-stream",
        recipients=list(recipients),
        ledger_id=LEDGER,
        payload_id=payload_id,
    )


def forged(stream: bytes) -> tuple[bytes, list[bytes]]:
    """(wrap for Alice, body) around any compressed ``stream``: what a dishonest sealer can make."""
    chunk_key, commitment = derive(DATA_KEY, PAYLOAD, 1)
    header = BodyHeader(1, PAYLOAD, commitment).encode()
    cipher = ChunkCipher(chunk_key, header)
    cuts = list(range(0, len(stream), CHUNK_SIZE)) or [0]
    body = [header]
    for number, start in enumerate(cuts):
        body.append(cipher.seal(number, stream[start : start + CHUNK_SIZE], last=number == len(cuts) - 1))
    return make_wrap(ALICE, LEDGER, PAYLOAD, DATA_KEY), body


def packed(inner: bytes) -> bytes:
    """One zstd frame with content size and checksum, as another writer may make it."""
    return zstandard.ZstdCompressor(level=1, write_checksum=True).compress(inner)
