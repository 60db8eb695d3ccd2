"""Looking at the head of a stream without losing it; rows of formats that are CP932 by definition.

Guarantees: a file of half-width kana is not taken for UTF-8 (``ﾎｼ`` is a Greek letter there); a file that somebody
saved again as UTF-8 is still read. Refuses: what ``tabular.reading`` refuses: broken quotes, endless lines, NUL bytes.

>>> list(rows_cp932(io.BytesIO("1,ﾎｼ".encode("cp932"))))
[(1, ['1', 'ﾎｼ'])]
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import BinaryIO

from akashi.checkup.tabular.reading import DEFAULT_LIMIT, HEAD_BYTES, open_source

_THREE_BYTES = 0x0800


class Peeked(io.RawIOBase):
    """A stream whose first bytes were looked at (``head``) and are read again from the start."""

    def __init__(self, stream: BinaryIO, size: int = HEAD_BYTES) -> None:
        super().__init__()
        self._stream = stream
        head = b""
        while len(head) < size and (piece := stream.read(size - len(head))):
            head += piece
        self.head = head
        self._at = 0

    def readable(self) -> bool:
        """Always."""
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]  # the stubs' Buffer is wider
        """Fill ``buffer`` from the head, then from the stream."""
        piece = self.head[self._at : self._at + len(buffer)]
        self._at += len(piece)
        if not piece:
            piece = self._stream.read(len(buffer))
        buffer[: len(piece)] = piece
        return len(piece)

    def again(self) -> BinaryIO:
        """The whole stream, buffered."""
        return io.BufferedReader(self, 1 << 16)


def looks_utf8(head: bytes) -> bool:
    """Whether ``head`` is UTF-8 with at least one sign that Japanese text has and half-width kana cannot imitate."""
    if head.startswith(b"\xef\xbb\xbf"):
        return True
    try:
        text = head.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.reason != "unexpected end of data":
            return False
        text = head[: error.start].decode("utf-8")
    return any(ord(sign) >= _THREE_BYTES for sign in text)


def rows_cp932(stream: BinaryIO, limit_bytes: int = DEFAULT_LIMIT) -> Iterator[tuple[int, list[str]]]:
    """(file line on which the row ends, cells), comma-separated, as ``tabular.reading`` gives them."""
    peeked = Peeked(stream)
    source = open_source(peeked.again(), limit_bytes)
    if not looks_utf8(peeked.head):
        source.encoding = "cp932"
    source.delimiter = ","
    return source.rows()
