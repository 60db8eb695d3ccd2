"""Sealing: parts in, wraps and body chunks out, in one pass with flat memory.

Guarantees: a fresh random data key, salt and payload id per sealing; the data key is forgotten before the first content
byte is read (only the chunk key derived from it stays, until the last chunk). ``wraps`` exist before the body, so that a
caller can stage while it streams. Refuses: suites that the profile refuses, recipients of another suite, key ids that are
not those of the keys. Trusted: the caller, for whose keys these are; the operating system's random numbers.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256

import zstandard

from akashi.errors import Misuse
from akashi.keys.openers import opening_key_id
from akashi.keys.suites import DEFAULT, Profile, verify_sealing_suite
from akashi.vault.errors import RecipientRefused
from akashi.vault.model import (
    CHUNK_SIZE,
    MAX_WRAPS,
    PAYLOAD_ID_SIZE,
    Part,
    Recipient,
    SealedSummary,
    content_commitment,
)
from akashi.vault.sealing.body import BodyHeader, ChunkCipher, derive
from akashi.vault.sealing.inner import SALT_SIZE, InnerHeader, encode_trailer, verify_parts
from akashi.vault.sealing.wraps import digest_of_digests, make_wrap, wrap_digests

_WINDOW_LOG = 21
_LEVEL = 3
_GATHER = 256 * 1024  # many small rows cost more in calls than in bytes


class Sealing:
    """One payload being sealed. Read ``wraps`` at any time, ``chunks()`` once, then ``summary``."""

    def __init__(self, parts: Sequence[Part], inner: InnerHeader, header: BodyHeader, cipher: ChunkCipher) -> None:
        self._parts = parts
        self._inner = inner
        self._header = header.encode()
        self._cipher = cipher
        self.payload_id = header.payload_id
        self.wraps: list[bytes] = []
        self._body_digest = sha256(self._header)
        self._content_digest = sha256()
        self._size = 0
        self._started = self._finished = False

    def __repr__(self) -> str:
        return f"Sealing(payload_id={self.payload_id.hex()})"

    def chunks(self) -> Iterator[bytes]:
        """The body: header, then chunks of at most 1 MiB + 16 bytes. Memory stays flat; may be read once."""
        if self._started:
            raise Misuse(what="a sealing is read once")
        self._started = True
        self._size = len(self._header)
        yield self._header
        for number, (last, plain) in enumerate(_cut(self._compressed())):
            chunk = self._cipher.seal(number, plain, last=last)
            self._body_digest.update(chunk)
            self._size += len(chunk)
            yield chunk
        self._finished = True

    def _compressed(self) -> Iterator[bytes]:
        parameters = zstandard.ZstdCompressionParameters.from_level(
            _LEVEL, window_log=_WINDOW_LOG, write_content_size=False, write_checksum=False
        )
        packer = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
        yield packer.compress(self._inner.encode())
        lengths: list[int] = []
        for part in self._parts:
            length = 0
            for piece in _gather(part.chunks):
                length += len(piece)
                self._content_digest.update(piece)
                yield packer.compress(piece)
            lengths.append(length)
        yield packer.compress(encode_trailer(lengths, self._content_digest.digest()))
        yield packer.flush()

    @property
    def summary(self) -> SealedSummary:
        """Digests and size; only after ``chunks()`` has been read to its end."""
        if not self._finished:
            raise Misuse(what="summary before the body was read to its end")
        content = self._content_digest.digest()
        digests = wrap_digests(self.wraps)
        return SealedSummary(
            payload_id=self.payload_id,
            body_digest=self._body_digest.digest(),
            wrap_digests=digests,
            wraps_digest=digest_of_digests(digests),
            size=self._size,
            salt=self._inner.salt,
            content_digest=content,
            commitment=content_commitment(self._inner.salt, content),
        )


def seal(
    parts: Iterable[Part],
    *,
    media_type: str,
    recipients: Sequence[Recipient],
    ledger_id: bytes,
    payload_id: bytes | None = None,
    suite: int | None = None,
    profile: Profile = DEFAULT,
) -> Sealing:
    """Begin to seal ``parts`` for ``recipients`` (one suite for all; the profile's unless given).

    Raises ``PartRefused``, ``RecipientRefused``, ``SuiteRefused``, ``SuiteUnknown``, ``PublicKeyInvalid``.
    """
    listed = list(parts)
    number = profile.suite if suite is None else suite
    names = tuple(part.name for part in listed)
    verify_parts(media_type, names)
    verify_sealing_suite(number, profile)
    _verify_recipients(recipients, number)
    identity = secrets.token_bytes(PAYLOAD_ID_SIZE) if payload_id is None else payload_id
    if len(identity) != PAYLOAD_ID_SIZE:
        raise Misuse(what="payload id length")
    data_key = secrets.token_bytes(32)
    chunk_key, commitment = derive(data_key, identity, number)
    header = BodyHeader(number, identity, commitment)
    inner = InnerHeader(media_type, secrets.token_bytes(SALT_SIZE), names)
    sealing = Sealing(listed, inner, header, ChunkCipher(chunk_key, header.encode()))
    ordered = sorted(recipients, key=lambda recipient: recipient.key_id)
    sealing.wraps = [make_wrap(recipient, ledger_id, identity, data_key) for recipient in ordered]
    return sealing


def _verify_recipients(recipients: Sequence[Recipient], suite: int) -> None:
    if not 1 <= len(recipients) <= MAX_WRAPS:
        raise RecipientRefused(failure="count")
    if len({recipient.key_id for recipient in recipients}) != len(recipients):
        raise RecipientRefused(failure="twice")
    for recipient in recipients:
        if recipient.suite != suite:
            raise RecipientRefused(failure="suite")
        if recipient.key_id != opening_key_id(recipient.public):
            raise RecipientRefused(failure="key_id")


def _gather(chunks: Iterable[bytes]) -> Iterator[bytes | memoryview]:
    """The same bytes in pieces that are neither tiny nor larger than a chunk."""
    small: list[bytes] = []
    held = 0
    for chunk in chunks:
        if len(chunk) >= _GATHER:
            if small:
                yield b"".join(small)
                small, held = [], 0
            view = memoryview(chunk)
            for start in range(0, len(view), CHUNK_SIZE):
                yield view[start : start + CHUNK_SIZE]
            continue
        small.append(chunk)
        held += len(chunk)
        if held >= _GATHER:
            yield b"".join(small)
            small, held = [], 0
    if small:
        yield b"".join(small)


def _cut(stream: Iterable[bytes]) -> Iterator[tuple[bool, bytes | memoryview]]:
    """(is last, exactly ``CHUNK_SIZE`` bytes or, in the last, fewer)."""
    buffer = bytearray()
    for piece in stream:
        buffer += piece
        # More than a chunk, not a whole one: the last chunk must be known as the last.
        while len(buffer) > CHUNK_SIZE:
            yield False, bytes(memoryview(buffer)[:CHUNK_SIZE])
            del buffer[:CHUNK_SIZE]
    yield True, bytes(buffer)
