"""HTTPS with client certificates: uvicorn behind a TLS 1.3 context of ours.

Guarantees: TLS 1.3 only; where client certificates are required, nobody without one of our CA, unexpired and not on the newest
CRL, reaches the application, whether on a new connection, by resumption (there are no tickets) or on a connection that was
already open (``reload`` aborts those of newly revoked certificates). The certificate reaches the application through
:func:`client_certificate` and in no other way; proxy headers are ignored. A refused client is told why by a TLS alert. Refuses:
to write the server's private key to a disk: OpenSSL reads it from a memory file. If the CRL cannot be renewed it expires within
days and then everybody is refused. Trusts: the caller for key, CA and CRL. Left to the application: the device's status on the
ledger at every request, and limits on bodies.

::

    server = TlsServer(app, "127.0.0.1", 8443, identity=lambda: server_identity(key, certificate), authority=ca.pem, crl=make_crl)
    server.start(); …; server.reload(); …; server.stop()
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import ssl
import threading
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Protocol

import uvicorn
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from akashi.api.entrance.inside import Inside
from akashi.api.entrance.limits import Limits
from akashi.api.entrance.listener import Listener
from akashi.api.entrance.rules import network_of
from akashi.api.threaded import ThreadedServer
from akashi.api.tls_process import REFUSALS, deliver_fatal_alerts, forbid_core_dumps, lean_connections
from akashi.app.gateway.machine_tls import in_memory_file
from akashi.errors import Misuse, Unavailable

__all__ = [
    "AddressUnusable",
    "ClientCertificate",
    "Limits",
    "ServerIdentity",
    "TlsConnection",
    "TlsServer",
    "client_certificate",
    "forbid_core_dumps",
    "server_identity",
]
_LOG = logging.getLogger("akashi.tls")
CERTIFICATE_SCOPE = "akashi.client_certificate"
CERTIFICATE_HEADER, VERIFY_HEADER, ADDRESS_HEADER = (
    b"x-akashi-client-certificate",
    b"x-akashi-client-verify",
    b"x-real-ip",
)
TERMINATOR_HEADERS = frozenset({CERTIFICATE_HEADER, VERIFY_HEADER, ADDRESS_HEADER})
"""What a TLS terminator says of a client; believed on its socket only (``terminator``), refused here."""


class AddressUnusable(Unavailable):
    """The server cannot listen there: the port is taken, or not ours to take."""

    code = "api.address"
    ja, en = "{host}:{port} で待ち受けできません。", "Cannot listen on {host}:{port}."
    hint_ja = "ほかのプログラムが同じポートを使っていないか確かめるか、別のポートを指定してください。"
    hint_en = "See whether another program uses the port, or choose another one."


@dataclass(frozen=True, slots=True)
class ServerIdentity:
    """The server's certificate chain and private key, both PEM."""

    chain: bytes
    key: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class ClientCertificate:
    """The certificate that the peer proved to hold; ``digest`` is SHA-256 of ``der``."""

    der: bytes = field(repr=False)
    digest: bytes
    serial: int


def server_identity(key: ec.EllipticCurvePrivateKey, *chain: x509.Certificate) -> ServerIdentity:
    """The identity of a server from a key of the keystore and its certificate (then the issuers, if any)."""
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return ServerIdentity(b"".join(certificate.public_bytes(Encoding.PEM) for certificate in chain), pem)


def client_certificate(scope: Mapping[str, Any]) -> ClientCertificate | None:
    """The client certificate behind an ASGI scope: the only way in which the application learns it.

    ``None`` where none was asked for. Only our protocols write this extension; on a TLS port no request header can.
    """
    found = scope.get("extensions", {}).get("tls", {}).get(CERTIFICATE_SCOPE)
    return found if isinstance(found, ClientCertificate) else None


class _Gate:
    """The newest TLS context, the newest CRL, and the live connections they judge. Fields below belong to ``_lock``."""

    def __init__(
        self,
        identity: Callable[[], ServerIdentity],
        authority: bytes | None,
        crl: Callable[[], bytes] | None,
        inside: Inside,
    ) -> None:
        self._inside = inside
        self._identity = identity
        self._authority = authority
        self._crl = crl
        self._lock = threading.Lock()
        self._renewing = threading.Lock()
        self._current, self._revoked = self._build()
        self._live: set[TlsConnection] = set()
        # The listening context never changes; it hands every ClientHello on to the newest one, with or without SNI.
        self.listening, _ = self._build()
        self.listening.sni_callback = self._hand_over

    def _hand_over(self, connection: ssl.SSLSocket | ssl.SSLObject, _name: str | None, _from: ssl.SSLContext) -> None:
        connection.context = self._current

    def _build(self) -> tuple[ssl.SSLContext, frozenset[int]]:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_3
        context.num_tickets = 0  # a ticket would let a revoked certificate back in without looking at it
        context.set_alpn_protocols(["http/1.1"])
        identity = self._identity()
        with in_memory_file(identity.chain) as chain, in_memory_file(identity.key) as key:
            context.load_cert_chain(chain, key)
        if self._authority is None or self._crl is None:
            return context, frozenset()
        pem = self._crl()
        revoked = x509.load_pem_x509_crl(pem)
        context.load_verify_locations(cadata=self._authority.decode("ascii"))
        with in_memory_file(pem) as path:  # cadata takes certificates only
            context.load_verify_locations(path)
        context.verify_mode = ssl.CERT_REQUIRED
        context.verify_flags |= ssl.VERIFY_CRL_CHECK_LEAF | ssl.VERIFY_X509_STRICT
        return context, frozenset(entry.serial_number for entry in revoked)

    def renew(self) -> None:
        """Take the newest certificate and CRL; if they cannot be had the old ones stay."""
        with self._renewing:  # one at a time: an older list must not replace a newer one
            context, revoked = self._build()
            with self._lock:
                self._current, self._revoked = context, revoked

    def admit(self, connection: TlsConnection) -> bool:
        """Register a live connection; false if its certificate was revoked while it shook hands, or has too many connections."""
        with self._lock:
            self._live.add(connection)
            revoked = connection.serial in self._revoked
        if revoked or self._inside.enter(connection):
            return not revoked
        REFUSALS.count("DOOR_DEVICE_FULL", connection.loop.time())
        return False

    def leave(self, connection: TlsConnection) -> None:
        """Forget a connection that ended."""
        with self._lock:
            self._live.discard(connection)
        self._inside.leave(connection)

    def abort_revoked(self) -> None:
        """Cut the live connections whose certificates are revoked; in the event loop's thread only."""
        with self._lock:
            doomed = [connection for connection in self._live if connection.serial in self._revoked]
        for connection in doomed:
            connection.transport.abort()

    def abort_all(self) -> None:
        """Cut every live connection; in the event loop's thread only."""
        for connection in list(self._live):
            connection.transport.abort()


class Gate(Protocol):
    """Who judges connections as they come and go."""

    def admit(self, connection: TlsConnection) -> bool:
        """Register a live connection; false to cut it."""
        ...

    def leave(self, connection: TlsConnection) -> None:
        """Forget a connection that ended."""
        ...


class TlsConnection(HttpToolsProtocol):
    """uvicorn's protocol with the peer's certificate in the scope, and limits on headers. One subclass per server."""

    gate: Gate
    limits: Limits
    serial: int | None = None
    _extensions: dict[str, dict[str, object]] | None = None
    _timer: asyncio.TimerHandle | None = None
    _in_headers = False
    _header_bytes = 0
    network = ""
    rested_at: float | None = None
    terminated = False
    """Whether a terminator of ours is the peer (``terminator``)."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's own
        """A peer has come: who it is, whether it may stay."""
        super().connection_made(transport)
        self.learn_peer(transport)
        self.network = network_of(self.client[0]) if self.client else ""
        self.rested_at = self.loop.time()
        if not self.gate.admit(self):
            transport.abort()
        self._arm()

    def learn_peer(self, transport: asyncio.Transport) -> None:
        """Take the certificate that the peer proved to hold."""
        tls = transport.get_extra_info("ssl_object")
        der = tls.getpeercert(binary_form=True)
        self._extensions = {"tls": {"tls_version": tls.version(), "cipher_suite": tls.cipher()[0]}}
        if der:
            self.serial = x509.load_der_x509_certificate(der).serial_number
            certificate = ClientCertificate(der, sha256(der).digest(), self.serial)
            self._extensions["tls"][CERTIFICATE_SCOPE] = certificate

    def connection_lost(self, exc: Exception | None) -> None:
        """It has left."""
        self._disarm()
        self.gate.leave(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Bytes of a request; headers without end are cut."""
        super().data_received(data)
        if self._in_headers:
            # The parser keeps unfinished headers to itself, so what is not finished is counted here.
            self._header_bytes += len(data)
            if self._header_bytes > self.limits.header_bytes:
                self.transport.abort()

    def on_message_begin(self) -> None:
        """A request begins: it gets the peer's certificate and a deadline for its headers."""
        super().on_message_begin()
        self._in_headers, self._header_bytes, self.rested_at = True, 0, None
        if self._extensions is not None:
            self.scope["extensions"] = self._extensions  # type: ignore[typeddict-item]  # the extension is not final yet
        self._arm()

    def on_header(self, name: bytes, value: bytes) -> None:
        """One header; too many, too long, or a terminator's: the request ends with 400."""
        super().on_header(name, value)
        if not self.terminated and name.lower() in TERMINATOR_HEADERS:
            raise ValueError("headers")  # somebody tries to be the terminator
        size = sum(len(n) + len(v) for n, v in self.headers)
        if len(self.headers) > self.limits.header_count or size + len(self.url) > self.limits.header_bytes:
            raise ValueError("headers")  # the parser turns it into a 400

    def on_headers_complete(self) -> None:
        """The headers are whole: the application may start."""
        self._in_headers = False
        self._disarm()
        super().on_headers_complete()

    def on_response_complete(self) -> None:
        """An answer is whole: unless the next request is here already, the connection rests."""
        super().on_response_complete()
        if self.cycle.response_complete and not self._in_headers:
            self.rested_at = self.loop.time()

    def part(self) -> None:
        """End the connection, which rests."""
        self.shutdown()

    def _arm(self) -> None:
        """Whoever has connected has this long to send a request's headers, byte by byte or not."""
        if self._timer is None:
            self._timer = self.loop.call_later(self.limits.header_seconds, self.transport.abort)

    def _disarm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


class TlsServer(ThreadedServer):
    """One HTTPS origin. Without ``authority`` and ``crl`` it asks for no client certificate (public and enrolment pages).

    ``identity`` and ``crl`` (PEM) are asked at the start, at ``reload`` and every ``limits.refresh_seconds``.
    """

    def __init__(
        self,
        app: Any,
        host: str,
        port: int,
        *,
        identity: Callable[[], ServerIdentity],
        authority: bytes | None = None,
        crl: Callable[[], bytes] | None = None,
        limits: Limits | None = None,
    ) -> None:
        if (authority is None) != (crl is None):
            raise Misuse(what="a client CA without its CRL, or the other way round")
        deliver_fatal_alerts()
        lean_connections()
        self._limits = limits or Limits()
        inside = Inside(self._limits)
        self._gate = _Gate(identity, authority, crl, inside)
        listening = _listen(host, port)
        entrance = Listener(listening, self._gate.listening, self._limits, inside)
        super().__init__(self._config(app), listening, self._gate.abort_all, entrance)

    def _config(self, app: Any) -> uvicorn.Config:
        return uvicorn.Config(
            app,
            http=type("Connection", (TlsConnection,), {"gate": self._gate, "limits": self._limits}),
            loop="asyncio",  # uvloop cannot deliver alerts
            ws="none",
            access_log=False,  # the access journal is the record; a log line would hold paths and so handles
            log_config=None,
            proxy_headers=False,
            server_header=False,
            timeout_keep_alive=self._limits.idle_seconds,
            timeout_graceful_shutdown=self._limits.stop_seconds,
        )

    @property
    def port(self) -> int:
        """The port it listens on (also where 0 was asked for)."""
        return int(self._socket.getsockname()[1])

    def reload(self) -> None:
        """Take the newest server certificate and CRL now, and cut connections of revoked devices. Thread-safe.

        Raises what the sources raise; the old context then stays in force.
        """
        self._gate.renew()
        if self._loop is not None and self._loop.is_running():
            self._loop.call_soon_threadsafe(self._gate.abort_revoked)

    @contextlib.asynccontextmanager
    async def _beside(self) -> AsyncIterator[None]:
        task = asyncio.create_task(self._refresh())
        try:
            yield
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def _refresh(self) -> None:
        while True:
            await asyncio.sleep(self._limits.refresh_seconds)
            try:
                await asyncio.to_thread(self._gate.renew)
            except Exception as error:  # noqa: BLE001 - whatever a source raises: the old CRL holds until it expires
                _LOG.error("certificate and CRL could not be renewed: %s", type(error).__name__)
            self._gate.abort_revoked()


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        made = socket.create_server((host, port), family=family, backlog=512)
    except OSError as error:
        raise AddressUnusable(host=host, port=port) from error
    # asyncio does this only for sockets whose protocol number is spelled out, and accepted ones inherit it: without it the second
    # record of every answer waits 40 ms for the client's delayed acknowledgement.
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return made
