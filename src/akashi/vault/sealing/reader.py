"""Opening: a wrap, an opener and the body in; contents out, in one pass with flat memory.

Guarantees: every byte handed out was authenticated under a key that the header commits to and that was wrapped for this
opener, payload and ledger. *Only reaching the end* proves that nothing is missing and that lengths and digest agree: a
caller that streams must discard what it got when an error comes. Unpacking is bounded by ``limit`` and by 1 MiB steps.
Refuses: every truncation, reordering, extension and alteration, each with its own error (``akashi.vault.errors``).
Left to the caller: comparing ``commitment()`` and ``body_digest`` with the ledger.
"""

from __future__ import annotations

import hmac
from collections import deque
from collections.abc import Iterable, Iterator
from hashlib import sha256

import zstandard

from akashi.errors import Misuse
from akashi.keys.openers import Opener
from akashi.vault.errors import ContentMismatch, ContentTooLarge, KeyMismatch, SealForeign, SealMalformed
from akashi.vault.model import MAX_CONTENT_BYTES, MAX_WINDOW, content_commitment
from akashi.vault.sealing.body import ChunkCipher, derive, open_chunks, take_header
from akashi.vault.sealing.frames import frame_slices
from akashi.vault.sealing.inner import InnerHeader, take_inner_header, verify_trailer
from akashi.vault.sealing.pieces import Pieces
from akashi.vault.sealing.wraps import open_wrap, parse_wrap


class Unsealed:
    """An opened payload. ``media_type`` and ``names`` are known at once, ``lengths`` and ``commitment()`` at the end."""

    def __init__(self, payload_id: bytes, inner: InnerHeader, stream: Pieces) -> None:
        self.payload_id = payload_id
        self.media_type = inner.media_type
        self.names = inner.names
        self.lengths: tuple[int, ...] | None = None
        self._inner = inner
        self._stream = stream
        self._started = False
        self._content_digest = sha256()

    def __repr__(self) -> str:
        return f"Unsealed(payload_id={self.payload_id.hex()})"

    def contents(self, limit: int = MAX_CONTENT_BYTES) -> Iterator[bytes]:
        """All parts' contents one after the other, once. Raises ``SealError`` or ``ContentTooLarge`` at any step."""
        if self._started:
            raise Misuse(what="an opened payload is read once")
        self._started = True
        total, held = 0, 0
        waiting: deque[bytes] = deque()
        keep = self._inner.trailer_size
        for piece in self._stream.rest():
            waiting.append(piece)
            held += len(piece)
            while held - len(waiting[0]) >= keep:
                ready = waiting.popleft()
                held -= len(ready)
                total += len(ready)
                if total > limit:
                    raise ContentTooLarge(limit=limit)
                self._content_digest.update(ready)
                yield ready
        tail = b"".join(waiting)
        if len(tail) < keep:
            raise SealMalformed("inner.trailer")
        ready = tail[:-keep]
        total += len(ready)
        if total > limit:
            raise ContentTooLarge(limit=limit)
        self._content_digest.update(ready)
        lengths = verify_trailer(tail[-keep:], total, self._content_digest.digest())
        if ready:
            yield ready
        self.lengths = lengths

    def read(self, limit: int) -> list[tuple[str, bytes]]:
        """(name, content) of every part, in memory; at most ``limit`` bytes in all."""
        data = b"".join(self.contents(limit))
        result, start = [], 0
        for name, length in zip(self.names, self.lengths or (), strict=True):
            result.append((name, data[start : start + length]))
            start += length
        return result

    def commitment(self) -> bytes:
        """The salted commitment to compare with the ledger's; only after the end was reached."""
        if self.lengths is None:
            raise Misuse(what="commitment before the contents were read to their end")
        return content_commitment(self._inner.salt, self._content_digest.digest())

    def verify_commitment(self, expected: bytes) -> None:
        """Raise :class:`ContentMismatch` unless the contents are what the ledger was told."""
        if not hmac.compare_digest(self.commitment(), expected):
            raise ContentMismatch("commitment")


def unseal(
    wrap: bytes, opener: Opener, ledger_id: bytes, body: Iterable[bytes], *, body_digest: bytes | None = None
) -> Unsealed:
    """Open a body; reads far enough to know media type and names. ``body_digest`` is checked at the end if given.

    Raises ``SealError`` classes, ``SuiteUnknown``, ``OpeningFailed``.
    """
    opened = parse_wrap(wrap)
    data_key = open_wrap(opened, opener, ledger_id)
    source = Pieces(body if body_digest is None else _digesting(body, body_digest))
    header, encoded = take_header(source)
    if header.payload_id != opened.payload_id:
        raise SealForeign("body.payload")
    if header.suite != opened.suite:
        raise SealForeign("body.suite")
    chunk_key, commitment = derive(data_key, header.payload_id, header.suite)
    if not hmac.compare_digest(commitment, header.key_commitment):
        raise KeyMismatch("body.key")
    stream = Pieces(_unpacked(open_chunks(source, ChunkCipher(chunk_key, encoded))))
    return Unsealed(header.payload_id, take_inner_header(stream), stream)


def _unpacked(chunks: Iterator[bytes]) -> Iterator[bytes]:
    unpacker = zstandard.ZstdDecompressor(max_window_size=MAX_WINDOW).decompressobj()
    try:
        for piece in frame_slices(Pieces(chunks)):
            unpacked = unpacker.decompress(piece)
            if unpacked:
                yield unpacked
    except zstandard.ZstdError as error:
        raise SealMalformed("frame.content") from error


def _digesting(body: Iterable[bytes], expected: bytes) -> Iterator[bytes]:
    digest = sha256()
    for piece in body:
        digest.update(piece)
        yield piece
    if digest.digest() != expected:
        raise SealForeign("body.digest")
