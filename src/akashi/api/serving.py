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

from akashi.api import chores
from akashi.api.faces import faces
from akashi.api.gateway.app import gateway_origin
from akashi.api.public import public_app
from akashi.api.server.app import server_app
from akashi.api.tls import Limits, ServerIdentity, TlsServer, forbid_core_dumps, server_identity
from akashi.app.config import gateway_paths, gateways_in, server_paths
from akashi.app.errors import HomeMissing
from akashi.app.gateway.home import WEB_KEY as GATEWAY_WEB_KEY
from akashi.app.gateway.home import Gateway
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

    def __init__(self, home: Path, passphrase: bytes, clock: Clock, *, limits: Limits | None = None) -> None:
        self._home, self._passphrase, self._clock = home, passphrase, clock
        self._limits = limits
        self._parts = ExitStack()
        self.errors = ErrorCounter(clock)
        self.server: Server | None = None
        self.gateways: list[Gateway] = []
        self.urls: list[tuple[str, str]] = []

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

    def stop(self) -> None:
        """Gateways first, then the server they talk to; each finishes what is under way."""
        self._parts.close()

    def _start_server(self) -> None:
        server = Server.open(self._home, self._passphrase, self._clock)
        self._parts.callback(server.close)
        self.server = server
        certificate = _web_certificate(server)
        settings = server.settings

        def identity() -> ServerIdentity:
            return server_identity(server.keystore.private_key(SERVER_WEB_KEY), certificate)

        api = TlsServer(
            server_app(server, self.errors),
            settings.host,
            settings.port,
            identity=identity,
            authority=server.ca_certificate,
            crl=server.crl,
            limits=self._limits,
        )
        public = TlsServer(public_app(server, self.errors), settings.host, settings.public_port, identity=identity)
        self._run("server API", api, settings.host)
        self._run("public pages", public, settings.host)
        self._beside(chores.of_server(server, api, self.errors))

    def _start_gateway(self, institution: str) -> None:
        gateway = Gateway.open(self._home, institution, self._passphrase, self._clock)
        self._parts.callback(gateway.close)
        self.gateways.append(gateway)
        gateway.recover()
        paths, settings = gateway_paths(self._home, institution), gateway.settings
        certificate = x509.load_pem_x509_certificate(paths.server_certificate.read_bytes())
        origin = TlsServer(
            gateway_origin(gateway, self.errors, contexts=lambda session: self._context(gateway, session)),
            settings.host,
            settings.port,
            identity=lambda: server_identity(gateway.keystore.private_key(GATEWAY_WEB_KEY), certificate),
            authority=paths.ca.read_bytes(),
            crl=lambda: chores.newest_crl(gateway),
            limits=self._limits,
        )
        self._run(institution, origin, settings.host)
        self._beside(chores.of_gateway(gateway, origin, self.errors))

    def _context(self, gateway: Gateway, session: Session) -> SelfContext:
        """What a self check started at this gateway stands on: this process's own server where it serves one."""
        url = f"https://localhost:{gateway.settings.port}"
        return SelfContext(gateway, self.server, self._home, url, session, faces(gateway, self.server, self._clock))

    def _run(self, name: str, origin: TlsServer, host: str) -> None:
        origin.start()
        self._parts.callback(origin.stop)
        self.urls.append((name, f"https://{host}:{origin.port}/"))

    def _beside(self, work: chores.Chores) -> None:
        work.start()
        self._parts.callback(work.stop)


def serve(home: Path, passphrase: bytes, clock: Clock, say: Say) -> None:
    """Serve ``home`` until SIGINT or SIGTERM. ``say`` gets one line per origin once all of them listen."""
    forbid_core_dumps()
    ended = threading.Event()

    def end(_number: int, _frame: FrameType | None) -> None:
        ended.set()

    service = Service(home, passphrase, clock)
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
