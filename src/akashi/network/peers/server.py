"""The peer plane's listener: uvicorn in a thread, behind TLS 1.3 that only the handed-in certificates pass.

Guarantees: a connection without one of the trusted certificates ends in the handshake; the key that was proven reaches the application in the request's
scope and in no other way; handshakes and headers are bounded in size and time, connections in number (files that are open belong to the ledger too); ``trust`` holds for every handshake after it, and cuts the open
connections of keys that are trusted no more. Refuses proxy headers, tickets, other TLS versions. Trusts the caller for key and certificates. Whether a key
is that of an enrolled server is asked by ``routes`` at every request.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
from collections.abc import Iterable
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from akashi.network.peers.certificates import PeerIdentity, read_certificate, server_context, spki_digest
from akashi.network.peers.errors import PeerCertificateUnsuitable, PeerPortTaken
from akashi.network.peers.routes import SPKI_SCOPE, Bounds, PeerRoutes, PeerSide

_HEADER_BYTES = 8 * 1024
_HEADER_SECONDS = 10.0
_IDLE_SECONDS = 120
HANDSHAKE_SECONDS = 5.0
CONNECTIONS = 256
_START_S, _STOP_S, _LOOK_S = 30.0, 5, 0.02


class _Doorkeeper:
    """The certificates of the day, and the connections that are open. ``live`` belongs to the event loop."""

    def __init__(self, own: PeerIdentity, trusted: Iterable[bytes]) -> None:
        self.live: set[_PeerConnection] = set()
        # The listening context never changes; it hands every ClientHello on to the newest one, with or without a server name.
        self.listening = server_context(own, ())
        self.listening.sni_callback = self._hand_over
        self.renew(own, trusted)

    def renew(self, own: PeerIdentity, trusted: Iterable[bytes]) -> None:
        """Trust exactly these from here on."""
        known = list(trusted)
        context = server_context(own, known)
        self._current, self._keys = context, frozenset(read_certificate(pem).spki for pem in known)

    def _hand_over(self, connection: ssl.SSLSocket | ssl.SSLObject, _name: str | None, _from: ssl.SSLContext) -> None:
        connection.context = self._current

    def admits(self, connection: _PeerConnection) -> bool:
        """Whether the key of a connection is trusted now."""
        return connection.spki in self._keys

    def cut_strangers(self) -> None:
        """End the connections of keys that are trusted no more; in the event loop only."""
        for connection in [one for one in self.live if not self.admits(one)]:
            connection.transport.abort()

    def cut_idle(self) -> None:
        """End the connections on which nothing is under way: peers keep theirs, and would not answer a farewell; in the event loop only."""
        for connection in list(self.live):
            cycle: RequestResponseCycle | None = connection.cycle
            if cycle is None or cycle.response_complete:
                connection.transport.abort()

    def cut_all(self) -> None:
        """End every connection; in the event loop only."""
        for connection in list(self.live):
            connection.transport.abort()


class _PeerConnection(HttpToolsProtocol):
    """uvicorn's protocol with the peer's key in the scope, and limits on headers. One subclass per server."""

    doorkeeper: _Doorkeeper
    spki: bytes | None = None
    _extensions: dict[str, dict[str, object]] | None = None
    _timer: asyncio.TimerHandle | None = None
    _in_headers = False
    _header_bytes = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's own
        """The handshake is over: which key was it?"""
        super().connection_made(transport)
        der = transport.get_extra_info("ssl_object").getpeercert(binary_form=True)
        try:
            self.spki = spki_digest(der or b"")
        except PeerCertificateUnsuitable:
            self.spki = None
        self._extensions = {"tls": {SPKI_SCOPE: self.spki}}
        self.doorkeeper.live.add(self)
        if not self.doorkeeper.admits(self):  # trusted no more since the handshake began
            transport.abort()
        self._arm()

    def connection_lost(self, exc: Exception | None) -> None:
        """It has left."""
        self._disarm()
        self.doorkeeper.live.discard(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Bytes of a request; headers without end are cut."""
        super().data_received(data)
        if self._in_headers:
            self._header_bytes += len(data)  # the parser keeps unfinished headers to itself
            if self._header_bytes > _HEADER_BYTES:
                self.transport.abort()

    def on_message_begin(self) -> None:
        """A request begins: it gets the peer's key, and a deadline for its headers."""
        super().on_message_begin()
        self._in_headers, self._header_bytes = True, 0
        self.scope["extensions"] = self._extensions  # type: ignore[typeddict-item]  # the extension is ours
        self._arm()

    def on_headers_complete(self) -> None:
        """The headers are whole: the application may start."""
        self._in_headers = False
        self._disarm()
        super().on_headers_complete()

    def _arm(self) -> None:
        if self._timer is None:
            self._timer = self.loop.call_later(_HEADER_SECONDS, self.transport.abort)

    def _disarm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


class _Loop(asyncio.SelectorEventLoop):
    """An event loop whose servers give a handshake less than asyncio's minute."""

    async def create_server(self, *arguments: Any, **named: Any) -> asyncio.Server:
        """As asyncio's."""
        return await super().create_server(*arguments, **{"ssl_handshake_timeout": HANDSHAKE_SECONDS, **named})


class _Door(socket.socket):
    """A listening socket that turns away at once what would be too many open connections, half-open ones included."""

    def __init__(self, fileno: int) -> None:
        super().__init__(fileno=fileno)
        self._inside: set[socket.socket] = set()

    def accept(self) -> tuple[socket.socket, Any]:
        """As a socket's; ``ConnectionAbortedError`` (which asyncio expects) where one was turned away."""
        made, address = super().accept()
        self._inside = {one for one in self._inside if one.fileno() != -1}
        if len(self._inside) >= CONNECTIONS:
            made.close()
            raise ConnectionAbortedError
        self._inside.add(made)
        return made, address


class _Server(uvicorn.Server):
    """uvicorn's server that says when it is ready, and waits at its end for requests, not for connections."""

    def __init__(self, config: uvicorn.Config, doorkeeper: _Doorkeeper) -> None:
        super().__init__(config)
        self.ready = threading.Event()
        self._doorkeeper = doorkeeper

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.ready.set()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        cutting = asyncio.create_task(self._cut_idle())
        try:
            await super().shutdown(sockets)
        finally:
            cutting.cancel()

    async def _cut_idle(self) -> None:
        while True:
            self._doorkeeper.cut_idle()
            await asyncio.sleep(_LOOK_S)


class PeerServer:
    """The peer plane of one server. ``start`` returns once it listens and answers; ``stop`` once all has ended."""

    def __init__(
        self,
        side: PeerSide,
        host: str,
        port: int,
        own: PeerIdentity,
        trusted: Iterable[bytes],
        bounds: Bounds | None = None,
    ) -> None:
        self._doorkeeper = _Doorkeeper(own, trusted)
        self._routes = PeerRoutes(side, bounds)
        self._socket = _listen(host, port)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._failure: BaseException | None = None
        self._server = _Server(self._config(), self._doorkeeper)

    def _config(self) -> uvicorn.Config:
        return uvicorn.Config(
            self._routes,
            http=type("Connection", (_PeerConnection,), {"doorkeeper": self._doorkeeper}),
            loop="asyncio",
            ws="none",
            lifespan="off",
            access_log=False,
            log_config=None,
            proxy_headers=False,
            server_header=False,
            date_header=False,
            limit_concurrency=CONNECTIONS,
            timeout_keep_alive=_IDLE_SECONDS,
            timeout_graceful_shutdown=_STOP_S,
            ssl_context_factory=lambda _config, _default: self._doorkeeper.listening,
        )

    @property
    def port(self) -> int:
        """The port it listens on (also where 0 was asked for)."""
        return int(self._socket.getsockname()[1])

    def trust(self, own: PeerIdentity, trusted: Iterable[bytes]) -> None:
        """Take a new certificate of ours and new ones of peers, and cut whoever is trusted no more. Thread-safe."""
        self._doorkeeper.renew(own, trusted)
        if self._loop is not None and self._loop.is_running():
            self._loop.call_soon_threadsafe(self._doorkeeper.cut_strangers)

    def start(self) -> None:
        """Serve in a thread of its own. Raises what kept it from starting."""
        self._thread = threading.Thread(target=self._run, name="akashi-peers", daemon=True)
        self._thread.start()
        self._server.ready.wait(_START_S)
        if self._failure is not None:
            raise self._failure

    def _run(self) -> None:
        try:
            with asyncio.Runner(loop_factory=_Loop) as runner:
                runner.run(self._serve())
        except BaseException as error:  # noqa: BLE001 - handed to the caller of start()
            self._failure = error
        finally:
            self._server.ready.set()

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        try:
            await self._server.serve(sockets=[self._socket])
        finally:
            self._doorkeeper.cut_all()
            await asyncio.sleep(0)
            self._socket.close()

    def stop(self) -> None:
        """Accept no more, finish what is under way (within the limit)."""
        self._server.should_exit = True
        if self._thread is not None:
            self._thread.join()
        self._routes.close()
        self._socket.close()


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        made = socket.create_server((host, port), family=family, backlog=256)
    except OSError as error:
        raise PeerPortTaken(port=port) from error
    # Accepted sockets inherit it; without it the second record of an answer waits 40 ms for the other side's acknowledgement.
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return _Door(made.detach())
