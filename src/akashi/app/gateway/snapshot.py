"""What a gateway has been told of the state of a server elsewhere, kept for as long as that state is the same.

Guarantees: within one request at the gateway an answer kept from before is used only while the server says that its state still has the
mark with which the answer came; that is asked once in a request, again after a second, and again after everything this request sent. So a
person who was stopped is stopped at the next request, and nobody misses what they did themselves. Outside a request nothing is kept and
everything is asked. Refuses large scans (they are asked again) and more than :data:`MOST` answers. Trusts the server's word about its state
as far as ``remote`` does, and no further: what it says of the mark is as good as what it says of a row.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from time import monotonic

Answer = Mapping[str, object]
STATE = "/api/v1/state"
MOST, LARGE, HOT = 10_000, 500, 64
"""Answers kept, rows of a scan that is kept, rows that are asked again together when the state has changed."""
LIFE_S = 1.0
"""A request that takes longer asks again whether its state is still the newest."""
_HOT_S = 60.0


class Scope:
    """One request: the mark of the state it goes by, and when that was asked."""

    __slots__ = ("_asked", "_mark")

    def __init__(self) -> None:
        self._mark, self._asked = "", 0.0

    def mark(self) -> str:
        """The mark that was the newest less than :data:`LIFE_S` ago, or an empty string."""
        return self._mark if monotonic() - self._asked < LIFE_S else ""

    def go_by(self, mark: str, asked: float) -> None:
        """``mark`` was the newest at ``asked``."""
        self._mark, self._asked = mark, asked

    def forget(self) -> None:
        """Something was sent: the state may be another one now."""
        self._mark = ""


_SCOPE: ContextVar[Scope | None] = ContextVar("akashi.state", default=None)


@contextmanager
def one_request() -> Iterator[None]:
    """What is asked of the state while the block runs, also in threads that work for it, belongs to one request."""
    token = _SCOPE.set(Scope())
    try:
        yield
    finally:
        _SCOPE.reset(token)


def something_sent() -> None:
    """Tell the request under way that it changed something at the server."""
    scope = _SCOPE.get()
    if scope is not None:
        scope.forget()


class Snapshot:
    """Answers about the state by path, all of one mark. Thread-safe.

    ``ask`` gets an answer from the server; each answer about the state says its mark (``at``).
    """

    def __init__(self, ask: Callable[[str], Answer]) -> None:
        self._ask = ask
        self._lock = threading.Lock()
        self._mark = ""
        self._kept: dict[str, Answer] = {}
        self._used: dict[str, float] = {}

    def answer(self, path: str) -> Answer:
        """The server's answer to a GET of ``path`` (below :data:`STATE`), kept or asked."""
        scope = _SCOPE.get()
        if scope is None:
            return self._ask(path)
        mark = scope.mark()
        if not mark:
            mark = self._look(scope)
        with self._lock:
            self._used[path] = monotonic()
            # Another request may have gone on to a newer state meanwhile, or still be at an older one.
            kept = self._kept.get(path) if mark == self._mark else None
        if kept is None:
            kept = self._ask(path)
            self._keep(path, kept)
        return kept

    def _look(self, scope: Scope) -> str:
        """Ask which state is the newest; where it is another one, what was lately in use is asked again in one go."""
        asked = monotonic()
        mark = str(self._ask(STATE).get("at") or "")
        scope.go_by(mark, asked)
        with self._lock:
            if mark == self._mark:
                return mark
            hot = [path for path in self._kept if "?" not in path and asked - self._used.get(path, 0.0) < _HOT_S][-HOT:]
            self._mark, self._kept = mark, {}
            self._used = {path: self._used[path] for path in hot if path in self._used}
        if hot and mark:
            names = "&".join("key=" + path.removeprefix(f"{STATE}/") for path in hot)
            again = self._ask(f"{STATE}?{names}")
            values, at = again.get("values"), again.get("at")
            for path, value in zip(hot, values if isinstance(values, list) else (), strict=False):
                self._keep(path, {"value": value, "at": at})
        return mark

    def _keep(self, path: str, answer: Answer) -> None:
        rows = answer.get("rows")
        if isinstance(rows, list) and len(rows) > LARGE:
            return
        with self._lock:
            if self._mark and answer.get("at") == self._mark:
                if len(self._kept) >= MOST:
                    self._kept.clear()
                self._kept[path] = answer
