"""The founding server of a running service, which is closed, repaired and opened again under the origins that serve it.

Guarantees: while there is no server to ask, every request is answered 503 with a plain sentence, over the same listeners and certificates; what is under way when it closes ends
first, within a bound; gateways, their sessions and their pages go on. A repair that does not come to its end is tried again, with a pause, until the service ends. Refuses nothing for a
server that keeps its ledger alone: it finds no damage while it runs. Trusts as ``app.repair`` does.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from starlette.types import ASGIApp, Receive, Scope, Send

from akashi.api.chores import Chores
from akashi.api.door import Door
from akashi.api.problems import Render, as_json
from akashi.app.errors import ServerRebuilding
from akashi.app.server.dashboard import ErrorCounter
from akashi.app.server.home import Server
from akashi.errors import AkashiError

_LOG = logging.getLogger("akashi.api")
_LOOK_S = 0.2
_UNDER_WAY_S = 12.0
"""How long requests may take to end before the server is closed beneath them: longer than a caller waits for an operation to become final."""
_PAUSES_S = (2.0, 5.0, 15.0, 60.0)
"""Between one attempt to open the server and the next; the last one again and again."""
_STOP_S = 30.0


class Hosted:
    """ASGI: one origin's application, or, while there is none, an answer that says so."""

    def __init__(self, errors: ErrorCounter, render: Render = as_json) -> None:
        self._away = Door(_rebuilding, errors, admit=None, render=render)
        self._app: ASGIApp | None = None
        self._inside = 0
        self._changed = threading.Condition()  # several listeners, each with an event loop of its own

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request, to whom it belongs now."""
        if scope["type"] != "http":  # the life of the listener, which outlives its applications
            await (self._app or self._away)(scope, receive, send)
            return
        app = self._enter()
        try:
            await (app or self._away)(scope, receive, send)
        finally:
            if app is not None:
                self._leave()

    def _enter(self) -> ASGIApp | None:
        with self._changed:
            self._inside += self._app is not None
            return self._app

    def _leave(self) -> None:
        with self._changed:
            self._inside -= 1
            self._changed.notify_all()

    def put(self, app: ASGIApp) -> None:
        """Serve this application from the next request on."""
        with self._changed:
            self._app = app

    def take(self, timeout_s: float) -> bool:
        """Serve none from the next request on, and wait for those under way; false if some were still under way after ``timeout_s``."""
        with self._changed:
            self._app = None
            return self._changed.wait_for(lambda: self._inside <= 0, timeout_s)


async def _rebuilding(scope: Scope, _receive: Receive, _send: Send) -> None:
    """What everybody is told meanwhile; the lifespan of a listener has nothing to do here."""
    if scope["type"] == "http":
        raise ServerRebuilding


class Standing:
    """One service's server. :meth:`open`, then :meth:`begin`, then :meth:`stop`.

    ``reopen`` gets the server that was closed (``None`` the first time) and an event that is set when the service ends.
    """

    def __init__(
        self, reopen: Callable[[Server | None, threading.Event], Server], errors: ErrorCounter, told: Render
    ) -> None:
        self._reopen, self._errors = reopen, errors
        self.machines, self.visitors = Hosted(errors), Hosted(errors, told)
        self.server: Server | None = None
        """The one that stands now; ``None`` while it is rebuilt."""
        self._last: Server | None = None
        self._crl = b""
        self._chores: Chores | None = None
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="akashi-standing", daemon=True)

    def open(self) -> Server:
        """Open it for the first time. Raises what keeps it from opening."""
        self.server = self._last = self._reopen(None, self._ended)
        return self.server

    def crl(self) -> bytes:
        """The newest revocation list (PEM); while the server is rebuilt the last one that there was."""
        if self.server is not None:
            self._crl = self.server.crl()
        return self._crl

    def begin(self, serve: Callable[[Server], tuple[ASGIApp, ASGIApp]], work: Callable[[Server], Chores]) -> None:
        """``serve`` makes the applications for machines and visitors, ``work`` what runs beside them; both are asked again for every server."""
        self._serve, self._work = serve, work
        assert self.server is not None  # noqa: S101 - opened before
        self._host(self.server)
        if self.server.node is not None:
            self._thread.start()

    def end(self) -> None:
        """Cut short the repair under way, also at the first opening."""
        self._ended.set()

    def stop(self) -> None:
        """End: a repair under way is cut short and goes on at the next start."""
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join(_STOP_S)
        if self._chores is not None:
            self._chores.stop()
        if self.server is not None:
            self.server.close()

    def _host(self, server: Server) -> None:
        machines, visitors = self._serve(server)
        self.machines.put(machines)
        self.visitors.put(visitors)
        self._chores = self._work(server)
        self._chores.start()

    def _watch(self) -> None:
        while not self._ended.wait(_LOOK_S):
            server = self.server
            if server is not None and server.damaged.is_set():
                self._close(server)
                self._open_again()

    def _close(self, server: Server) -> None:
        """Ends with no server, whatever fails on the way: what is damaged may not even close."""
        self._last, self.server = server, None
        chores, self._chores = self._chores, None
        for hosted in (self.machines, self.visitors):
            if not hosted.take(_UNDER_WAY_S):
                _LOG.warning("requests were still under way when the server closed")
        for close in (chores.stop if chores is not None else None, server.close):
            if close is not None:
                self._tried(close)

    def _open_again(self) -> None:
        turn = 0
        while not self._ended.is_set():
            if self._tried(self._opened):
                return
            self._ended.wait(_PAUSES_S[min(turn, len(_PAUSES_S) - 1)])
            turn += 1

    def _opened(self) -> None:
        server = self._reopen(self._last, self._ended)
        self.server = self._last = server
        try:
            self._host(server)
        except BaseException:  # nobody could open the home again while this one holds it
            self._close(server)
            raise

    def _tried(self, step: Callable[[], None]) -> bool:
        try:
            step()
        except AkashiError as error:
            self._errors.add(error.code)
            if self._last is not None:
                self._last.alarms.append(error)
            _LOG.warning("server: %s", error.code)
        except Exception as error:  # noqa: BLE001 - this thread must outlive what a damaged server raises
            self._errors.add(AkashiError.code)
            _LOG.error("server: unexpected %s", type(error).__name__)
        else:
            return True
        return False
