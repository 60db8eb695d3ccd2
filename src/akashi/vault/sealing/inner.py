"""The inner stream: header, contents, trailer (docs/spec/sealed-payload.md section 1).

Guarantees: media type, part names and salt are inside the seal; part names are safe as file names on both sides
(:mod:`akashi.vault.sealing.names`). Refuses: 0 or more than 16 parts, names twice, a header of more than 8192 bytes.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from akashi.ledger.errors import EncodingError
from akashi.ledger.wire import cbor
from akashi.vault.errors import ContentMismatch, PartRefused, SealMalformed
from akashi.vault.model import MAX_PARTS
from akashi.vault.sealing.names import is_part_name
from akashi.vault.sealing.pieces import Pieces

SALT_SIZE = 32
MAX_INNER_HEADER = 8 * 1024
_MEDIA_TYPE = re.compile(r"[a-z]{1,32}/[a-z0-9][a-z0-9.+-]{0,95}(; [a-z]{1,16}=[A-Za-z0-9_.-]{1,32}){0,4}", re.ASCII)


@dataclass(frozen=True, slots=True)
class InnerHeader:
    """``[1, media type, salt, [part name, …]]``."""

    media_type: str
    salt: bytes = field(repr=False)
    names: tuple[str, ...] = field(repr=False)

    def encode(self) -> bytes:
        """The one encoding."""
        return cbor.encode([1, self.media_type, self.salt, list(self.names)])

    @property
    def trailer_size(self) -> int:
        """Bytes that follow the contents."""
        return 8 * len(self.names) + 32


def verify_parts(media_type: str, names: Sequence[str]) -> None:
    """Raise :class:`PartRefused` unless media type and names may be sealed."""
    if not _MEDIA_TYPE.fullmatch(media_type):
        raise PartRefused(failure="media_type")
    if not 1 <= len(names) <= MAX_PARTS:
        raise PartRefused(failure="count")
    if not all(map(is_part_name, names)):
        raise PartRefused(failure="name")
    if len({name.casefold() for name in names}) != len(names):
        raise PartRefused(failure="twice")


def take_inner_header(source: Pieces) -> InnerHeader:
    """Read and check the header. Raises :class:`SealMalformed`."""
    try:
        value, encoded = source.take_item(MAX_INNER_HEADER)
    except EncodingError as error:
        raise SealMalformed("inner.header") from error
    match value:
        case [1, str(media_type), bytes(salt), list(items)]:
            names = tuple(item for item in items if isinstance(item, str))
        case _:
            raise SealMalformed("inner.header")
    header = InnerHeader(media_type, salt, names)
    if len(salt) != SALT_SIZE or header.encode() != encoded:
        raise SealMalformed("inner.header")
    try:
        verify_parts(media_type, names)
    except PartRefused as error:
        raise SealMalformed("inner.parts") from error
    return header


def encode_trailer(lengths: Sequence[int], content_digest: bytes) -> bytes:
    """Each part's length (8 bytes, big-endian), then the digest of all contents."""
    return b"".join(length.to_bytes(8, "big") for length in lengths) + content_digest


def verify_trailer(trailer: bytes, total: int, content_digest: bytes) -> tuple[int, ...]:
    """The parts' lengths. Raises :class:`ContentMismatch` unless they and the digest agree with what was read."""
    lengths = tuple(int.from_bytes(trailer[at : at + 8], "big") for at in range(0, len(trailer) - 32, 8))
    if sum(lengths) != total:
        raise ContentMismatch("trailer.length")
    if trailer[-32:] != content_digest:
        raise ContentMismatch("trailer.digest")
    return lengths
