"""Whole handshakes with a server: without a certificate, with one of a foreign CA, with a valid one, with a revoked one.

Guarantees: the outcome is told only after application data was asked for, because TLS 1.3 refuses a client after its handshake
(RFC 8446 4.4.2.4); what neither refuses nor answers is ``silent``, never a refusal. Refuses: to send anything but ``GET /``. Trusts
nobody. Outcomes: ``refused`` (a TLS alert about the certificate), ``closed``, ``failed`` (another TLS failure), ``silent``, ``http NNN``,
``answered`` (application data that is not HTTP).

Whoever can revoke a certificate while a connection is open uses :class:`Held`::

    with Held(at, pace, credentials) as held:
        revoke()
        held.ask(), held.resume()
"""

from __future__ import annotations

import contextlib
import re
import socket
import ssl
from pathlib import Path
from types import TracebackType
from typing import Self

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from akashi.conformity.errors import Unreached
from akashi.conformity.model import Fact, Target
from akashi.conformity.probing import Bench, Pace
from akashi.conformity.wire.certificates import Credentials, describe, foreign, leaf, load
from akashi.conformity.wire.dial import Place, connect

MAX_FILE = 1 << 20
_REQUEST = b"GET / HTTP/1.1\r\nHost: probe.invalid\r\nConnection: keep-alive\r\n\r\n"
_STATUS = re.compile(rb"HTTP/1\.[01] ([1-5][0-9]{2})[ \r]")
_REFUSALS = re.compile(
    "CERTIFICATE_REQUIRED|UNKNOWN_CA|BAD_CERTIFICATE|CERTIFICATE_UNKNOWN|CERTIFICATE_REVOKED|CERTIFICATE_EXPIRED"
    "|UNSUPPORTED_CERTIFICATE|HANDSHAKE_FAILURE|ACCESS_DENIED|DECRYPT_ERROR|NO_CERTIFICATE"
)


def open_context(credentials: Credentials | None = None) -> ssl.SSLContext:
    """A context that talks to any server, also a bad one: what is measured is the server, not our taste."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with contextlib.suppress(ValueError):
        context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    context.set_ciphers("ALL:@SECLEVEL=0")
    if credentials is not None:
        load(context, credentials)
    return context


def attempt(at: Place, pace: Pace, credentials: Credentials | None, server_name: str = "") -> str:
    """One connection and its outcome."""
    context = open_context(credentials)
    with connect(at, pace) as line:
        return _converse(context, line, server_name, pace)


def _converse(
    context: ssl.SSLContext, line: socket.socket, server_name: str, pace: Pace, session: ssl.SSLSession | None = None
) -> str:
    try:
        with context.wrap_socket(line, server_hostname=server_name or None, session=session) as secure:
            return exchange(secure, pace)
    except (OSError, ValueError) as error:
        return _fate(error, pace)


def exchange(secure: ssl.SSLSocket, pace: Pace) -> str:
    """Ask for ``/`` over an open connection and tell the outcome."""
    try:
        # A refusal of TLS 1.3 comes now; had we written first, a reset could swallow the alert.
        secure.settimeout(pace.patience.alert_s)
        with contextlib.suppress(TimeoutError):
            return _told(secure.recv(4096))
        secure.settimeout(pace.patience.answer_s)
        secure.sendall(_REQUEST)
        return _told(secure.recv(4096))
    except (OSError, ValueError) as error:
        return _fate(error, pace)


def _told(data: bytes) -> str:
    if not data:
        return "closed"
    status = _STATUS.match(data)
    return f"http {int(status[1])}" if status else "answered"


def _fate(error: Exception, pace: Pace) -> str:
    if isinstance(error, TimeoutError):
        pace.ran_out(pace.patience.answer_s)
        return "silent"
    if isinstance(error, ssl.SSLEOFError | ssl.SSLZeroReturnError | ConnectionError):
        return "closed"
    if isinstance(error, ssl.SSLError):
        return "refused" if "ALERT" in (error.reason or "") and _REFUSALS.search(error.reason) else "failed"
    return "failed"


def server_certificate(at: Place, pace: Pace, server_name: str) -> bytes:
    """The server's own certificate, DER; empty where a handshake does not come that far."""
    with connect(at, pace) as line:
        try:
            with open_context().wrap_socket(line, server_hostname=server_name or None) as secure:
                return secure.getpeercert(binary_form=True) or b""
        except (OSError, ValueError) as error:
            _fate(error, pace)
            return b""


class Held:
    """A connection kept open, with its session: for measuring what a revocation does to both."""

    def __init__(self, at: Place, pace: Pace, credentials: Credentials, server_name: str = "") -> None:
        self._at, self._pace, self._name = at, pace, server_name
        self._context = open_context(credentials)
        try:
            self._secure = self._context.wrap_socket(connect(at, pace), server_hostname=server_name or None)
        except (OSError, ValueError) as error:
            raise Unreached(reason="handshake") from error
        self.before = exchange(self._secure, pace)
        """The outcome before anything was revoked; ``session`` is taken after it, when TLS 1.3 has sent its tickets."""
        self._session = self._secure.session

    def __enter__(self) -> Self:
        """Itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the connection."""
        self._secure.close()

    def ask(self) -> str:
        """The outcome of another request on the open connection."""
        self._secure.settimeout(self._pace.patience.alert_s)
        with contextlib.suppress(OSError):
            while self._secure.recv(65536):  # the rest of the earlier answer
                pass
        return exchange(self._secure, self._pace)

    def resume(self) -> str:
        """The outcome of a new connection that offers the old session."""
        with connect(self._at, self._pace) as line:
            return _converse(self._context, line, self._name, self._pace, self._session)


def mutual(target: Target, at: Place, bench: Bench, server_name: str) -> dict[str, Fact]:
    """The three handshakes, a fourth with a revoked certificate, and what the client certificate says of itself."""
    valid = read_credentials(target, "cert", "key")
    revoked = read_credentials(target, "revoked_cert", "revoked_key")
    like = _parsed(valid or revoked)
    strangers = [foreign(bench.clock.now_ms())] + ([foreign(bench.clock.now_ms(), like)] if like else [])
    facts: dict[str, Fact] = {
        "mutual.none": attempt(at, bench.pace, None, server_name),
        "mutual.foreign": tuple(attempt(at, bench.pace, one, server_name) for one in strangers),
        "mutual.equivalent": target.options.get("terminal_check") == "equivalent",
    }
    if valid is not None:
        facts["mutual.valid"] = attempt(at, bench.pace, valid, server_name)
        facts |= describe([leaf(valid.chain).public_bytes(Encoding.DER)], "client")
    if revoked is not None:
        facts["mutual.revoked"] = attempt(at, bench.pace, revoked, server_name)
    return facts


def read_credentials(target: Target, cert: str, key: str) -> Credentials | None:
    """The certificate and key files that the target's options name. Raises :class:`Unreached` (``credentials``)."""
    if cert not in target.options:
        return None
    chain = read_option(target, cert)
    private = read_option(target, key) if key in target.options else b""
    made = Credentials(chain, private)
    if _parsed(made) is None:
        raise Unreached(reason="credentials")
    return made


def read_option(target: Target, name: str) -> bytes:
    """The file that an option names, bounded. Raises :class:`Unreached` (``option.<name>``)."""
    try:
        with Path(target.options[name]).open("rb") as file:
            data = file.read(MAX_FILE + 1)
    except (OSError, KeyError, ValueError) as error:
        raise Unreached(reason=f"option.{name}") from error
    if len(data) > MAX_FILE:
        raise Unreached(reason=f"option.{name}")
    return data


def _parsed(credentials: Credentials | None) -> x509.Certificate | None:
    try:
        return leaf(credentials.chain) if credentials else None
    except ValueError:
        return None


def interception(target: Target, at: Place, bench: Bench, server_name: str) -> dict[str, Fact]:
    """Whether a client that trusts the ``ca`` option takes the real server, and refuses one of a foreign CA with the same names."""
    if "ca" not in target.options:
        return {}
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        context.load_verify_locations(cadata=read_option(target, "ca").decode("ascii"))
    except (ssl.SSLError, ValueError) as error:
        raise Unreached(reason="option.ca") from error
    valid = read_credentials(target, "cert", "key")
    if valid is not None:
        load(context, valid)
    expected = server_name or at.host
    real = server_certificate(at, bench.pace, server_name)
    like = x509.load_der_x509_certificate(real) if real else None
    return {
        "interception.genuine": _trusts(context, at, bench.pace, expected),
        "interception.taken": _falls_for(context, foreign(bench.clock.now_ms(), like, server=True), expected),
    }


def _trusts(context: ssl.SSLContext, at: Place, pace: Pace, name: str) -> bool:
    with connect(at, pace) as line:
        try:
            with context.wrap_socket(line, server_hostname=name):
                return True
        except (OSError, ValueError) as error:
            _fate(error, pace)
            return False


def _falls_for(context: ssl.SSLContext, impostor: Credentials, name: str) -> bool:
    """Both ends in memory: a server of a foreign CA against our client; whether the client takes it."""
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    load(server, impostor)
    up, down = ssl.MemoryBIO(), ssl.MemoryBIO()
    client_end = context.wrap_bio(down, up, server_hostname=name)
    server_end = server.wrap_bio(up, down, server_side=True)
    for _ in range(6):
        for end in (client_end, server_end):
            try:
                end.do_handshake()
            except ssl.SSLWantReadError:
                continue
            except ssl.SSLError:
                return False
            if end is client_end:
                return True
    return False
