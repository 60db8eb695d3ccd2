"""Walking a zstd frame, so that unpacking stays bounded and nothing hides behind it (RFC 8878 section 3.1.1).

Guarantees: exactly one frame, without dictionary, window at most 8 MiB, complete, and no byte after it; each yielded
slice unpacks to at most 1 MiB. The library alone would accept trailing bytes, and would unpack a megabyte of repeated
blocks into gigabytes at once. Refuses: skippable frames, reserved bits and block types.
"""

from __future__ import annotations

from collections.abc import Iterator

from akashi.vault.errors import SealExtended, SealMalformed, SealTruncated
from akashi.vault.model import MAX_WINDOW
from akashi.vault.sealing.pieces import Pieces

_MAGIC = 0xFD2FB528
_BLOCKS_PER_SLICE = 8  # a block unpacks to at most 128 KiB
_MAX_BLOCK = 128 * 1024
_RLE, _RESERVED = 1, 3


def frame_slices(source: Pieces) -> Iterator[bytes]:
    """The frame in slices of whole blocks. Raises ``SealMalformed``, ``SealTruncated`` or ``SealExtended``."""
    head, checksum = _frame_header(source)
    parts, blocks, last = [head], 0, False
    while not last:
        mark = _exactly(source, 3)
        bits = int.from_bytes(mark, "little")
        last, block_type, size = bool(bits & 1), bits >> 1 & 3, bits >> 3
        if block_type == _RESERVED or size > _MAX_BLOCK:
            raise SealMalformed("frame.block")
        parts += [mark, _exactly(source, 1 if block_type == _RLE else size)]
        blocks += 1
        # The last block waits for the checksum: a decompressor that has ended takes not even an empty slice.
        if blocks % _BLOCKS_PER_SLICE == 0 and not last:
            yield b"".join(parts)
            parts = []
    parts.append(_exactly(source, 4 if checksum else 0))
    yield b"".join(parts)
    if not source.at_end():
        raise SealExtended("frame.trailing")


def _exactly(source: Pieces, length: int) -> bytes:
    data = source.take(length)
    if len(data) != length:
        raise SealTruncated("frame.short")
    return data


def _frame_header(source: Pieces) -> tuple[bytes, bool]:
    start = _exactly(source, 5)
    descriptor = start[4]
    single, size_flag = bool(descriptor & 0x20), descriptor >> 6
    if int.from_bytes(start[:4], "little") != _MAGIC or descriptor & 0x0B:
        raise SealMalformed("frame.header")  # 0x08 is reserved, 0x03 would name a dictionary
    window = b"" if single else _exactly(source, 1)
    content = _exactly(source, (1 if single else 0) if size_flag == 0 else 1 << size_flag)
    if single:
        size = int.from_bytes(content, "little") + (256 if size_flag == 1 else 0)
    else:
        base = 1 << (10 + (window[0] >> 3))
        size = base + base // 8 * (window[0] & 7)
    if size > MAX_WINDOW:
        raise SealMalformed("frame.window")
    return start + window + content, bool(descriptor & 0x04)
