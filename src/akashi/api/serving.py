"""Serve a home: the server's API, each gateway's pages and API, the public pages, and the work that runs beside them.

Guarantees: one origin per role, TLS 1.3, client certificates on all but the public one; gateways reach their server over HTTPS
also within this process; a signal ends everything after the requests under way. Refuses core dumps, and a port that is taken.
Trusts whoever holds the passphrase of the key stores.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from types import FrameType

from cryptography import x509
from starlette.types import ASGIApp

from akashi.api import chores
from akashi.api.entrance.limits import Limits, allow_files, from_settings, within
from akashi.api.faces import faces
from akashi.api.gateway.app import gateway_origin
from akashi.api.public import public_app, rebuilding_page
from akashi.api.server.app import server_app
from akashi.api.standing import Standing
from akashi.api.terminator import SocketServer
from akashi.api.tls import ServerIdentity, TlsServer, forbid_core_dumps, server_identity
from akashi.app.config import GatewaySettings, ServerSettings, gateway_paths, gateways_in, server_paths
from akashi.app.errors import HomeMissing
from akashi.app.gateway.home import WEB_KEY as GATEWAY_WEB_KEY
from akashi.app.gateway.home import Gateway
from akashi.app.gateway.revocations import newest_crl
from akashi.app.selfcheck.context import SelfContext
from akashi.app.server.dashboard import ErrorCounter
from akashi.app.server.founding import WEB_KEY as SERVER_WEB_KEY
from akashi.app.server.home import Server
from akashi.clock import Clock
from akashi.identity.model import Session

Say = Callable[[str], None]
_WAKE_S = 0.5


class Service:
    """A home being served. ``start`` returns once everything listens; ``stop`` once everything has ended."""

    def __init__(
        self, home: Path, passphrase: bytes, clock: Clock, *, limits: Limits | None = None, sockets: Path | None = None
    ) -> None:
        self._home, self._passphrase, self._clock = home, passphrase, clock
        self._limits, self._sockets = limits, sockets
        self._files = allow_files()
        self._parts = ExitStack()
        self.errors = ErrorCounter(clock)
        self._standing = Standing(self._opened, self.errors, rebuilding_page)
        self.gateways: list[Gateway] = []
        self.urls: list[tuple[str, str]] = []

    @property
    def server(self) -> Server | None:
        """The server of this home; ``None`` where there is none, and while it is rebuilt."""
        return self._standing.server

    def start(self) -> None:
        """Open and serve everything that is in the home. Raises what kept it from starting, after closing the rest."""
        try:
            if not server_paths(self._home).settings.is_file() and not gateways_in(self._home):
                raise HomeMissing(name=self._home.name)
            if server_paths(self._home).settings.is_file():
                self._start_server()
            for institution in gateways_in(self._home):
                self._start_gateway(institution)
        except BaseException:
            self.stop()
            raise

    def end(self) -> None:
        """Cut short what may last long: a repair at the start, which goes on at the next one. Safe in a signal's handler."""
        self._standing.end()

    def stop(self) -> None:
        """Gateways first, then the server they talk to; each finishes what is under way."""
        self._parts.close()

    def _start_server(self) -> None:
        standing = self._standing
        server = standing.open()
        self._parts.callback(standing.stop)
        certificate = _web_certificate(server)
        settings, keystore, limits = server.settings, server.keystore, self._limits_of(server.settings)

        def identity() -> ServerIdentity:
            return server_identity(keystore.private_key(SERVER_WEB_KEY), certificate)

        api = TlsServer(
            standing.machines,
            settings.host,
            settings.port,
            identity=identity,
            authority=server.ca_certificate,
            crl=standing.crl,
            limits=limits,
        )
        public = TlsServer(standing.visitors, settings.host, settings.public_port, identity=identity, limits=limits)
        standing.begin(
            lambda one: (server_app(one, self.errors), public_app(one, self.errors)),
            lambda one: chores.of_server(one, api, self.errors),
        )
        self._run("server API", api, settings.host)
        self._run("public pages", public, settings.host)
        self._behind("server", standing.machines, server.ca_certificate)
        self._behind("public", standing.visitors, None)

    def _opened(self, last: Server | None, ended: threading.Event) -> Server:
        """The server of the home, repaired where it is damaged; ``last``: the one that was closed for it, whose opened key store serves again."""
        if last is None:
            return Server.open(self._home, self._passphrase, self._clock, ended)
        return Server.reopen(last, ended)

    def _start_gateway(self, institution: str) -> None:
        gateway = Gateway.open(self._home, institution, self._passphrase, self._clock)
        self._parts.callback(gateway.close)
        self.gateways.append(gateway)
        gateway.accounts.hasher.stand_apart()
        self._parts.callback(gateway.accounts.hasher.close)
        gateway.recover()
        paths, settings = gateway_paths(self._home, institution), gateway.settings
        certificate = x509.load_pem_x509_certificate(paths.server_certificate.read_bytes())
        app = gateway_origin(gateway, self.errors, contexts=lambda session: self._context(gateway, session))
        origin = TlsServer(
            app,
            settings.host,
            settings.port,
            identity=lambda: server_identity(gateway.keystore.private_key(GATEWAY_WEB_KEY), certificate),
            authority=paths.ca.read_bytes(),
            crl=lambda: newest_crl(gateway),
            limits=self._limits_of(settings),
        )
        self._run(institution, origin, settings.host)
        self._behind(institution, app, paths.ca.read_bytes())
        self._beside(chores.of_gateway(gateway, origin, self.errors))

    def _limits_of(self, settings: ServerSettings | GatewaySettings) -> Limits:
        """As the settings say, and no more than all origins of the home together may open files."""
        origins = 2 * server_paths(self._home).settings.is_file() + len(gateways_in(self._home))
        return within(self._limits or from_settings(settings), self._files, origins)

    def _context(self, gateway: Gateway, session: Session) -> SelfContext:
        """What a self check started at this gateway stands on: this process's own server where it serves one."""
        url = f"https://localhost:{gateway.settings.port}"
        return SelfContext(gateway, self.server, self._home, url, session, faces(gateway, self.server, self._clock))

    def _run(self, name: str, origin: TlsServer, host: str) -> None:
        origin.start()
        self._parts.callback(origin.stop)
        self.urls.append((name, f"https://{host}:{origin.port}/"))

    def _behind(self, name: str, app: ASGIApp, authority: bytes | None) -> None:
        """The same application on a socket for a TLS terminator, where that was asked for."""
        if self._sockets is None:
            return
        path = self._sockets / f"{name}.sock"
        beside = SocketServer(app, path, now_ms=self._clock.now_ms, authority=authority, limits=self._limits)
        beside.start()
        self._parts.callback(beside.stop)
        self.urls.append((name, f"unix:{path.name}"))

    def _beside(self, work: chores.Chores) -> None:
        work.start()
        self._parts.callback(work.stop)


def serve(home: Path, passphrase: bytes, clock: Clock, say: Say, sockets: Path | None = None) -> None:
    """Serve ``home`` until SIGINT or SIGTERM. ``say`` gets one line per origin once all of them listen.

    ``sockets``: a folder for Unix sockets of a TLS terminator, beside the ports (docs/deployment.md).
    """
    forbid_core_dumps()
    ended = threading.Event()

    def end(_number: int, _frame: FrameType | None) -> None:
        ended.set()
        service.end()

    service = Service(home, passphrase, clock, sockets=sockets)
    before = {number: signal.signal(number, end) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        service.start()
        for name, url in service.urls:
            say(f"{name:<26} {url}")
        while not ended.wait(_WAKE_S):
            pass
    finally:
        service.stop()
        for number, handler in before.items():
            signal.signal(number, handler)


def _web_certificate(server: Server) -> x509.Certificate:
    """A fresh certificate for the server's own origins: the CA is in the same home, so there is none to keep."""
    public = server.keystore.private_key(SERVER_WEB_KEY).public_key()
    names = sorted({"localhost", "127.0.0.1", server.settings.host, server.settings.domain})
    return x509.load_pem_x509_certificate(server.issue_web(public, names))
