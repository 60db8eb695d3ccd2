"""The sealed body: header, key schedule, chunks (docs/spec/sealed-payload.md section 2).

Guarantees: one header encoding; the chunk key and the key commitment both come from the data key and the payload id, so a
header names exactly one key (AES-GCM alone does not). A chunk is bound to the header, its number and whether it is the
last. Refuses: chunk sizes other than this edition's, headers of more than 512 bytes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from akashi.ledger.errors import EncodingError
from akashi.ledger.wire import cbor
from akashi.vault.errors import SealAltered, SealExtended, SealMalformed, SealReordered, SealTruncated
from akashi.vault.model import CHUNK_SIZE, PAYLOAD_ID_SIZE, TAG_SIZE
from akashi.vault.sealing.pieces import Pieces

_NEIGHBOURS = 8
_MAX_HEADER = 512


@dataclass(frozen=True, slots=True)
class BodyHeader:
    """``["akashi-seal", 1, suite, payload id, chunk size, key commitment]``."""

    suite: int
    payload_id: bytes
    key_commitment: bytes

    def encode(self) -> bytes:
        """The one encoding."""
        return cbor.encode(["akashi-seal", 1, self.suite, self.payload_id, CHUNK_SIZE, self.key_commitment])


def take_header(source: Pieces) -> tuple[BodyHeader, bytes]:
    """Read the header and its bytes from the front of ``source``. Raises :class:`SealMalformed`, ``SealTruncated``."""
    try:
        value, encoded = source.take_item(_MAX_HEADER)
    except EncodingError as error:
        if error.failure == "cbor.short":
            raise SealTruncated("header") from error
        raise SealMalformed("header") from error
    match value:
        case ["akashi-seal", int(edition), int(suite), bytes(payload_id), int(size), bytes(commitment)]:
            pass
        case _:
            raise SealMalformed("header")
    if edition != 1 or size != CHUNK_SIZE or len(payload_id) != PAYLOAD_ID_SIZE or len(commitment) != 32:
        raise SealMalformed("header")
    header = BodyHeader(suite, payload_id, commitment)
    if suite < 0 or header.encode() != encoded:
        raise SealMalformed("header")  # a boolean where a number belongs would match above
    return header, encoded


def derive(data_key: bytes, payload_id: bytes, suite: int) -> tuple[bytes, bytes]:
    """(chunk key, key commitment), 32 bytes each."""

    def expand(label: bytes) -> bytes:
        info = label + b"\x00" + bytes([suite])
        return HKDF(SHA256(), 32, salt=payload_id, info=info).derive(data_key)

    return expand(b"akashi/seal/enc/1"), expand(b"akashi/seal/commit/1")


class ChunkCipher:
    """Seals and opens the chunks of one body."""

    def __init__(self, chunk_key: bytes, header: bytes) -> None:
        self._cipher = AESGCM(chunk_key)
        self._header_digest = sha256(header).digest()

    def __repr__(self) -> str:
        return "ChunkCipher()"

    def _bind(self, number: int, last: bool) -> tuple[bytes, bytes]:
        flag = b"\x01" if last else b"\x00"
        return number.to_bytes(11, "big") + flag, self._header_digest + number.to_bytes(8, "big") + flag

    def seal(self, number: int, plain: bytes | memoryview, *, last: bool) -> bytes:
        """One chunk with its tag."""
        nonce, associated = self._bind(number, last)
        return self._cipher.encrypt(nonce, plain, associated)

    def _try(self, number: int, last: bool, chunk: bytes) -> bytes | None:
        nonce, associated = self._bind(number, last)
        try:
            return self._cipher.decrypt(nonce, chunk, associated)
        except InvalidTag:
            return None

    def open(self, number: int, chunk: bytes, *, last: bool) -> bytes:
        """The plain bytes of one chunk. Raises one of the :class:`SealError` classes."""
        plain = self._try(number, last, chunk)
        if plain is None:
            raise self._diagnose(number, last, chunk)
        if not plain and number:
            raise SealMalformed("chunk.empty")
        return plain

    def _diagnose(
        self, number: int, last: bool, chunk: bytes
    ) -> SealTruncated | SealExtended | SealReordered | SealAltered:
        """Why a chunk failed; the plain text of the attempts is dropped."""
        if self._try(number, not last, chunk) is not None:
            return SealTruncated("chunk.last") if last else SealExtended("chunk.after_last")
        near = range(max(0, number - _NEIGHBOURS), number + _NEIGHBOURS + 1)
        if any(self._try(other, flag, chunk) is not None for other in near for flag in (False, True)):
            return SealReordered("chunk.order")
        return SealAltered("chunk")


def open_chunks(source: Pieces, cipher: ChunkCipher) -> Iterator[bytes]:
    """The plain bytes of all chunks; the last one is known by the end of ``source``."""
    number, last = 0, False
    while not last:
        chunk = source.take(CHUNK_SIZE + TAG_SIZE)
        if len(chunk) < TAG_SIZE:
            raise SealTruncated("chunk.short")
        last = source.at_end()
        yield cipher.open(number, chunk, last=last)
        number += 1
