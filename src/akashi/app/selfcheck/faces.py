"""What a self check needs to know of an origin's routes: the table, and a way to ask.

Guarantees: values only; the answers of two ways to ask (in this process, over HTTPS) have one shape. Refuses nothing, trusts whoever
filled the table: ``akashi.api.faces`` takes it from the applications' own documents, so that no route is forgotten.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

CLOSED = 0
"""The status of a connection that ended without an answer."""


class Answer(NamedTuple):
    """What came back: the HTTP status, where a redirect leads to, the code of an error."""

    status: int
    location: str = ""
    code: str = ""

    @property
    def refused(self) -> bool:
        """Nobody was let in: no answer, not signed in, not allowed, or sent to the sign-in page."""
        return self.status in (CLOSED, 401, 403) or (self.status == 303 and self.location == "/login")


def silent(_method: str, _path: str, _certificate: bytes | None) -> Answer:
    """Nobody answers in this process: the origin is asked over HTTPS."""
    return Answer(CLOSED)


Ask = Callable[[str, str, bytes | None], Answer]
"""(method, path, SHA-256 of the device's certificate or ``None``) to the answer."""


@dataclass(frozen=True, slots=True)
class Face:
    """One origin's routes. ``open``: those that by design answer a device without a session (the sign-in itself)."""

    name: str
    routes: tuple[tuple[str, str], ...]
    ask: Ask = field(repr=False)
    open: frozenset[tuple[str, str]] = frozenset()
    sessions: bool = True
    """Whether people sign in here; a machine API knows certificates only."""
