"""A CA, servers and clients for tests that shake hands for real."""

from __future__ import annotations

import datetime as dt
import socket
import ssl
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from akashi.api.tls import Limits, ServerIdentity, TlsServer, client_certificate, server_identity
from akashi.identity.ca import DAY_MS, CertificateAuthority
from tests.waiting import PATIENCE_S

LEDGER = bytes(16)
GET = b"GET /who HTTP/1.1\r\nHost: localhost\r\n\r\n"


def now_ms() -> int:
    """TLS libraries look at the real clock."""
    return int(dt.datetime.now(dt.UTC).timestamp()) * 1000


@dataclass
class Client:
    """A key and a certificate in files, as browsers and tools have them."""

    path: Path
    certificate: x509.Certificate
    authority: bytes

    def context(self) -> ssl.SSLContext:
        """A TLS client that shows the certificate."""
        made = ssl.create_default_context(cadata=self.authority.decode())
        made.load_cert_chain(self.path)
        return made


class Pki:
    """One authority, what it issues, and what is revoked."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.now = now_ms()
        self.authority = CertificateAuthority.create(
            ec.generate_private_key(ec.SECP256R1()), LEDGER, self.now - 3 * DAY_MS
        )
        self.revoked: list[tuple[int, int]] = []
        self._crls = 0
        key = ec.generate_private_key(ec.SECP256R1())
        server = self.authority.issue_server(key.public_key(), ["localhost", "127.0.0.1"], self.now)
        self.identity = server_identity(key, server)

    def crl(self) -> bytes:
        """The newest list."""
        self._crls += 1
        return self.authority.crl(self.revoked, self._crls, now_ms())

    def revoke(self, client: Client) -> None:
        """Put it on the next list."""
        self.revoked.append((client.certificate.serial_number, self.now))

    def device(self, name: str, authority: CertificateAuthority | None = None, **validity: int) -> Client:
        """A device's client; ``authority`` and validity as asked."""
        key = ec.generate_private_key(ec.SECP256R1())
        times = {"from_ms": self.now} | validity
        issuer = authority or self.authority
        return self._client(key, issuer.issue_device(key.public_key(), LEDGER, "inst-clin0000", name, **times))

    def server_as_client(self) -> Client:
        """A server's certificate, shown by a client."""
        key = ec.generate_private_key(ec.SECP256R1())
        return self._client(key, self.authority.issue_server(key.public_key(), ["localhost"], self.now))

    def anonymous(self) -> ssl.SSLContext:
        """A client without a certificate."""
        return ssl.create_default_context(cadata=self.authority.pem.decode())

    def _client(self, key: ec.EllipticCurvePrivateKey, certificate: x509.Certificate) -> Client:
        path = self.folder / f"{certificate.serial_number:x}.pem"
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        path.write_bytes(certificate.public_bytes(Encoding.PEM) + pem)
        return Client(path, certificate, self.authority.pem)

    def server(self, **limits: float) -> TlsServer:
        """A server that requires certificates, not started."""
        return TlsServer(
            whoami,
            "127.0.0.1",
            0,
            identity=self.current,
            authority=self.authority.pem,
            crl=self.crl,
            limits=Limits(**limits),  # type: ignore[arg-type]  # tests shorten single limits
        )

    def current(self) -> ServerIdentity:
        """The server's present identity."""
        return self.identity


Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Scope]]
Send = Callable[[Scope], Awaitable[None]]


async def whoami(scope: Scope, receive: Receive, send: Send) -> None:
    """An application that answers with the digest of the client's certificate, and the address it was told."""
    if scope["type"] != "http":
        return
    found = client_certificate(scope)
    told = scope["client"][0].encode()
    body = (found.digest.hex().encode() if found else b"nobody") + b" " + told
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(body))]})
    await send({"type": "http.response.body", "body": body})


def connect(server: TlsServer, context: ssl.SSLContext, session: ssl.SSLSession | None = None) -> ssl.SSLSocket:
    """Shake hands. In TLS 1.3 a refusal of the client shows only at the first read."""
    raw = socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE_S)
    try:
        return context.wrap_socket(raw, server_hostname="localhost", session=session)
    except BaseException:
        raw.close()
        raise


def ask(connection: ssl.SSLSocket, request: bytes = GET) -> bytes:
    """One request on an open connection; the body of the answer, or the whole if it is not 200. Empty: closed."""
    connection.sendall(request)
    return reply(connection)


def reply(connection: ssl.SSLSocket) -> bytes:
    """The rest of ``ask``, for a request already sent."""
    answer = b""
    while b"\r\n\r\n" not in answer or not answer.partition(b"\r\n\r\n")[2]:
        piece = connection.recv(65536)
        if not piece:
            break
        answer += piece
    return answer.partition(b"\r\n\r\n")[2] if answer.startswith(b"HTTP/1.1 200") else answer


def outcome(server: TlsServer, context: ssl.SSLContext, session: ssl.SSLSession | None = None) -> str:
    """The answer's body, or why there was none (the alert's name)."""
    try:
        with connect(server, context, session) as connection:
            return ask(connection).decode()
    except ssl.SSLError as error:
        return error.reason or "tls"
    except OSError as error:
        return type(error).__name__


def is_cut(connection: ssl.SSLSocket) -> bool:
    """Does the server end this idle connection by itself, saying nothing more?"""
    connection.settimeout(PATIENCE_S)
    with suppress(ConnectionError, ssl.SSLError):
        try:
            return connection.recv(1) == b""
        except TimeoutError:
            return False
    return True
