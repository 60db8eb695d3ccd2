"""Reading exact lengths from a stream that arrives in pieces of any size.

Guarantees: each byte is handed out once and in order; memory is bounded by the largest piece and the largest request.
Trusts the source for nothing but ending.

>>> pieces = Pieces([b"ab", b"", b"cde"])
>>> pieces.take(3), pieces.at_end(), pieces.take(9), pieces.at_end()
(b'abc', False, b'de', True)
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from akashi.ledger.errors import EncodingError
from akashi.ledger.wire import cbor


class Pieces:
    """A reader over an iterable of bytes."""

    def __init__(self, source: Iterable[bytes]) -> None:
        self._source = iter(source)
        self._data = b""
        self._at = 0

    def _more(self) -> bool:
        """Make sure that an unread byte is at hand; false at the end."""
        while self._at == len(self._data):
            following = next(self._source, None)
            if following is None:
                return False
            self._data, self._at = following, 0
        return True

    def at_end(self) -> bool:
        """Whether everything was taken (may pull the next piece)."""
        return not self._more()

    def take(self, length: int) -> bytes:
        """Exactly ``length`` bytes, or fewer at the end."""
        parts: list[bytes] = []
        while length and self._more():
            # Slicing all of a bytes object copies nothing: aligned pieces pass through.
            part = self._data[self._at : self._at + length]
            self._at += len(part)
            length -= len(part)
            parts.append(part)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def take_item(self, most: int) -> tuple[cbor.Value, bytes]:
        """The next CBOR item and its bytes, at most ``most``.

        Raises ``EncodingError``: "cbor.short" if the source ends within the item and before ``most`` bytes, "cbor.limit"
        if the first ``most`` bytes do not hold it.
        """
        data = self.take(min(most, 512))
        while True:
            try:
                value, end = cbor.decode_item(data, 0)
            except EncodingError as error:
                if error.failure != "cbor.short":
                    raise
                if len(data) >= most:
                    raise EncodingError("cbor.limit") from error
                if self.at_end():
                    raise
                data += self.take(most - len(data))
                continue
            self._data, self._at = data[end:] + self._data[self._at :], 0
            return value, data[:end]

    def rest(self) -> Iterator[bytes]:
        """Everything that is left, in pieces."""
        while self._more():
            piece = self._data[self._at :]
            self._at = len(self._data)
            yield piece
