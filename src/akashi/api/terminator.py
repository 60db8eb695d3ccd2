"""Behind a TLS terminator (nginx): the same applications on a Unix socket, with the client certificate in a header.

Guarantees: the header is believed on this socket and nowhere else: our TLS ports refuse a request that carries it (``tls``). The socket can be
opened by its owner and group only (0660, in a folder that nobody else can enter). The header is taken once, strictly decoded, and its certificate
must be one that the CA issued, for clients, and valid now, whatever the terminator let through; revocation is asked on the ledger by the door, at
every request, also on a connection that stays open. Refuses duplicates, other encodings, several certificates, control characters. Trusted: whoever
can open the socket can show any certificate that the CA issued; that is the terminator, and must be nobody else (docs/deployment.md).

::

    X-Akashi-Client-Certificate: PEM, percent-encoded (nginx: $ssl_client_escaped_cert)
    X-Akashi-Client-Verify: SUCCESS (nginx: $ssl_client_verify)
    X-Real-IP: the client's address (nginx: $remote_addr)
"""

from __future__ import annotations

import asyncio
import os
import re
import socket
import stat
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes

import uvicorn
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID

from akashi.api.threaded import ThreadedServer
from akashi.api.tls import (
    ADDRESS_HEADER,
    CERTIFICATE_HEADER,
    CERTIFICATE_SCOPE,
    TERMINATOR_HEADERS,
    VERIFY_HEADER,
    ClientCertificate,
    Limits,
    TlsConnection,
)
from akashi.errors import Unavailable

MODE = 0o660
_LONGEST = 8192
_ESCAPED = re.compile(rb"[A-Za-z0-9%._~/+=:-]{1,8192}")
_PEM = re.compile(rb"-----BEGIN CERTIFICATE-----\n[A-Za-z0-9+/=\n]+-----END CERTIFICATE-----\n?")


class SocketUnusable(Unavailable):
    """The socket cannot be made where it was asked: something else is there, or the folder is open to others."""

    code = "api.socket"
    ja, en = "ソケット「{name}」を作れません（{what}）。", "The socket `{name}` cannot be made ({what})."
    hint_ja = "置き場所のフォルダーを、所有者とグループだけが入れるように（0750）してください。"
    hint_en = "Make the folder one that only its owner and group can enter (0750)."


class HeaderRefused(ValueError):
    """What the terminator sent is not its form; the request ends with 400."""


def certificate_in(
    headers: Mapping[bytes, list[bytes]], authority: x509.Certificate | None, now_ms: int
) -> ClientCertificate | None:
    """The certificate of the terminator's headers (lower-case names); ``None`` where it has none to show.

    Raises :class:`HeaderRefused` for duplicates, for anything but the form, and for a certificate that the CA did not issue to a client.
    """
    escaped, verdict = headers.get(CERTIFICATE_HEADER, []), headers.get(VERIFY_HEADER, [])
    if len(escaped) > 1 or len(verdict) > 1:
        raise HeaderRefused("twice")
    if authority is None or not escaped or not escaped[0]:
        return None
    if not verdict or verdict[0] != b"SUCCESS":
        raise HeaderRefused("verdict")
    if not _ESCAPED.fullmatch(escaped[0]):
        raise HeaderRefused("encoding")
    pem = unquote_to_bytes(escaped[0])
    if not _PEM.fullmatch(pem):
        raise HeaderRefused("form")
    try:
        certificate = x509.load_pem_x509_certificate(pem)
        _require_client(certificate, authority, now_ms)
    except (ValueError, TypeError, InvalidSignature, x509.ExtensionNotFound, x509.DuplicateExtension) as error:
        raise HeaderRefused("certificate") from error
    der = certificate.public_bytes(Encoding.DER)
    return ClientCertificate(der, sha256(der).digest(), certificate.serial_number)


def _require_client(certificate: x509.Certificate, authority: x509.Certificate, now_ms: int) -> None:
    certificate.verify_directly_issued_by(authority)
    now = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=now_ms)
    uses = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    in_time = certificate.not_valid_before_utc <= now < certificate.not_valid_after_utc
    if not in_time or ExtendedKeyUsageOID.CLIENT_AUTH not in uses:
        raise HeaderRefused("client")


def address_in(headers: Mapping[bytes, list[bytes]]) -> str:
    """The client's address by the terminator; an empty string where it names none. Raises :class:`HeaderRefused`."""
    found = headers.get(ADDRESS_HEADER, [])
    if len(found) > 1:
        raise HeaderRefused("twice")
    if not found or not found[0]:
        return ""
    try:
        return str(ip_address(found[0].decode("ascii")))
    except ValueError as error:
        raise HeaderRefused("address") from error


class _Nobody:
    """There is no TLS here: nobody is admitted or cut by certificate. Knows the live connections, to end them."""

    def __init__(self) -> None:
        self._live: set[TlsConnection] = set()

    def admit(self, connection: TlsConnection) -> bool:
        """Register a connection."""
        self._live.add(connection)
        return True

    def leave(self, connection: TlsConnection) -> None:
        """Forget one."""
        self._live.discard(connection)

    def abort_all(self) -> None:
        """Cut them all; in the event loop's thread only."""
        for connection in list(self._live):
            connection.transport.abort()


class _Behind(TlsConnection):
    """One connection of the terminator. Each request brings its own certificate: nginx may send many clients over one."""

    authority: x509.Certificate | None
    now_ms: Callable[[], int]
    terminated = True

    def learn_peer(self, transport: asyncio.Transport) -> None:
        """Nothing is known before a request."""

    def on_headers_complete(self) -> None:
        told: dict[bytes, list[bytes]] = {}
        for name, value in self.headers:
            if name in TERMINATOR_HEADERS:
                told.setdefault(name, []).append(value)
        certificate = certificate_in(told, self.authority, self.now_ms())
        address = address_in(told)
        # In place: uvicorn handed this very list to the scope.
        self.headers[:] = [(name, value) for name, value in self.headers if name not in TERMINATOR_HEADERS]
        held: dict[object, object] = {} if certificate is None else {CERTIFICATE_SCOPE: certificate}
        self.scope["extensions"] = {"tls": held}
        self.scope["scheme"] = "https"  # the terminator speaks nothing else (docs/deployment.md)
        self.scope["client"] = (address, 0) if address else None
        super().on_headers_complete()


class SocketServer(ThreadedServer):
    """One origin behind a terminator. Without ``authority`` no certificate is asked for or believed (public pages)."""

    def __init__(
        self,
        app: Any,
        path: Path,
        *,
        now_ms: Callable[[], int],
        authority: bytes | None = None,
        limits: Limits | None = None,
    ) -> None:
        limits = limits or Limits()
        self.path = path
        gate = _Nobody()
        held = None if authority is None else x509.load_pem_x509_certificate(authority)
        fields = {"gate": gate, "limits": limits, "authority": held, "now_ms": staticmethod(now_ms)}
        config = uvicorn.Config(
            app,
            http=type("Behind", (_Behind,), fields),
            loop="asyncio",
            ws="none",
            access_log=False,
            log_config=None,
            proxy_headers=False,
            server_header=False,
            limit_concurrency=limits.connections,
            timeout_keep_alive=limits.idle_seconds,
            timeout_graceful_shutdown=limits.stop_seconds,
        )
        super().__init__(config, _listen(path), gate.abort_all)

    def stop(self) -> None:
        """As the base, and the socket's name goes."""
        super().stop()
        self.path.unlink(missing_ok=True)


def _listen(path: Path) -> socket.socket:
    """A socket at ``path`` with :data:`MODE`. A socket that an earlier process left is replaced; anything else is not."""
    folder = path.parent
    try:
        mode = folder.stat().st_mode
    except OSError as error:
        raise SocketUnusable(name=path.name, what="folder") from error
    if mode & stat.S_IRWXO:
        raise SocketUnusable(name=path.name, what="others")
    made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        if path.is_socket():
            _require_dead(path)
            path.unlink()
        made.bind(os.fspath(path))
        path.chmod(MODE)  # the folder keeps others out between the two calls
        made.listen(512)
    except OSError as error:
        made.close()
        raise SocketUnusable(name=path.name, what="bind") from error
    return made


def _require_dead(path: Path) -> None:
    """Raises ``OSError`` if somebody answers there."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(1)
        if probe.connect_ex(os.fspath(path)) == 0:
            raise OSError
