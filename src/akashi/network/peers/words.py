"""What each other server said of itself last: its own word, for a page, and for nothing but a wait that has an end.

Guarantees: numbers within bounds, or nothing; when it was said. Refuses what is not of that form, field by field. Believes nobody: a certificate
in it counts only because of what it is (``app.network.company``).
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

_MOST = (1 << 53) - 1
_MOST_CERTIFICATE = 4096
_MOST_SERVERS = 32


@dataclass(frozen=True, slots=True)
class Word:
    """``height``: of its newest block of the ledger; ``disk_free``: bytes; ``scrubbed_ms``: when it had last looked through all of its data.

    ``ordering``: whether its node takes part in consensus at this moment; ``None`` where it did not say.
    ``certificate``: PEM, the one that it will show next; ``known``: server number to the end (ms) of the newest certificate that it has of that server.
    """

    said_ms: int
    height: int | None = None
    size: int | None = None
    disk_free: int | None = None
    scrubbed_ms: int | None = None
    certificate: bytes = field(default=b"", repr=False)
    known: Mapping[int, int] = field(default_factory=dict)
    ordering: bool | None = None


def read_word(told: Mapping[str, Any], now_ms: int) -> Word:
    """A peer's answer, field by field.

    >>> read_word({"height": 7, "size": -1, "disk_free": "much"}, 5).height
    7
    """
    certificate = told.get("certificate")
    known = told.get("known")
    ordering = told.get("ordering")
    return Word(
        now_ms,
        _number(told.get("height")),
        _number(told.get("size")),
        _number(told.get("disk_free")),
        _number(told.get("scrubbed_ms")),
        _ascii(certificate) if isinstance(certificate, str) else b"",
        _ends(known) if isinstance(known, dict) else {},
        ordering if isinstance(ordering, bool) else None,
    )


def _number(value: Any) -> int | None:
    return value if type(value) is int and 0 <= value <= _MOST else None


def _ascii(text: str) -> bytes:
    return text.encode() if text.isascii() and len(text) <= _MOST_CERTIFICATE else b""


def _ends(rows: Mapping[str, Any]) -> dict[int, int]:
    if len(rows) > _MOST_SERVERS:
        return {}
    return {
        int(number): end
        for number, end in rows.items()
        if number.isascii() and number.isdecimal() and len(number) < 5 and _number(end) is not None
    }


class Words:
    """The newest word of each peer. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._words: dict[str, Word] = {}

    def take(self, server: str, word: Word) -> None:
        """It said this."""
        with self._lock:
            self._words[server] = word

    def all(self) -> dict[str, Word]:
        """By server."""
        with self._lock:
            return dict(self._words)

    def keep_only(self, servers: frozenset[str]) -> None:
        """Forget who is no peer any more."""
        with self._lock:
            self._words = {server: word for server, word in self._words.items() if server in servers}
