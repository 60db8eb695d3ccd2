"""Who gets through to the application, and who is cut off: real sockets, real handshakes."""

from __future__ import annotations

import asyncio
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from akashi.api.tls import AddressUnusable, TlsServer, client_certificate, server_identity
from akashi.errors import Misuse
from akashi.identity.ca import DAY_MS, CertificateAuthority
from tests.api.pki import (
    GET,
    LEDGER,
    Client,
    Pki,
    Receive,
    Scope,
    Send,
    ask,
    connect,
    is_cut,
    outcome,
    reply,
    whoami,
)
from tests.waiting import PATIENCE_S, soon

pytestmark = pytest.mark.network


@pytest.fixture
def pki(tmp_path: Path) -> Pki:
    """A fresh authority with nothing revoked."""
    return Pki(tmp_path)


@pytest.fixture
def server(pki: Pki) -> Iterator[TlsServer]:
    """A running server that requires certificates."""
    made = pki.server(header_seconds=3600.0, idle_seconds=3600)  # nobody is cut for being slow
    made.start()
    yield made
    made.stop()


def who(client: Client) -> str:
    """What the application answers to this client."""
    return sha256(client.certificate.public_bytes(Encoding.DER)).hexdigest() + " 127.0.0.1"


def test_application_learns_the_certificate(pki: Pki, server: TlsServer) -> None:
    """A device of ours gets through over TLS 1.3, and the application knows which it is, request after request."""
    client = pki.device("dev-desk")

    with connect(server, client.context()) as connection:
        assert connection.version() == "TLSv1.3"
        assert [ask(connection).decode() for _ in range(3)] == [who(client)] * 3


def test_nobody_without_certificate(pki: Pki, server: TlsServer) -> None:
    """Without a certificate the handshake fails, and the client is told that one is required."""
    assert outcome(server, pki.anonymous()) == "TLSV13_ALERT_CERTIFICATE_REQUIRED"


def test_nobody_from_a_foreign_ca(pki: Pki, server: TlsServer) -> None:
    """A certificate with our names by another CA, even one of the same name, does not get through."""
    foreign = CertificateAuthority.create(ec.generate_private_key(ec.SECP256R1()), LEDGER, pki.now)

    assert outcome(server, pki.device("dev-desk", foreign).context()) in (
        "TLSV1_ALERT_UNKNOWN_CA",
        "TLSV1_ALERT_DECRYPT_ERROR",
        "TLSV1_ALERT_INTERNAL_ERROR",
    )


def test_nobody_expired_or_early(pki: Pki, server: TlsServer) -> None:
    """A certificate outside its validity does not get through."""
    expired = pki.device("dev-old0", from_ms=pki.now - 2 * DAY_MS, to_ms=pki.now - DAY_MS)
    early = pki.device("dev-new0", from_ms=pki.now + DAY_MS)

    assert outcome(server, expired.context()) == "SSLV3_ALERT_CERTIFICATE_EXPIRED"
    assert outcome(server, early.context()) == "SSLV3_ALERT_BAD_CERTIFICATE"


def test_server_certificates_are_no_client_certificates(pki: Pki, server: TlsServer) -> None:
    """A stolen server certificate opens nothing as a client."""
    assert outcome(server, pki.server_as_client().context()) == "SSLV3_ALERT_UNSUPPORTED_CERTIFICATE"


def test_tls_1_2_is_refused(pki: Pki, server: TlsServer) -> None:
    """Nobody can talk the server down to an older version."""
    context = pki.device("dev-desk").context()
    context.maximum_version = ssl.TLSVersion.TLSv1_2

    assert outcome(server, context) == "TLSV1_ALERT_PROTOCOL_VERSION"


def test_revoked_is_refused_in_a_new_handshake(pki: Pki, server: TlsServer) -> None:
    """After the reload the revoked device is refused and told so; others go on."""
    lost, kept = pki.device("dev-lost"), pki.device("dev-kept")
    assert outcome(server, lost.context()) == who(lost)
    pki.revoke(lost)
    server.reload()

    assert outcome(server, lost.context()) == "SSLV3_ALERT_CERTIFICATE_REVOKED"
    assert outcome(server, kept.context()) == who(kept)


def test_revoked_is_cut_off_the_open_connection(pki: Pki, server: TlsServer) -> None:
    """A keep-alive connection of a revoked device ends at the reload; another device's goes on."""
    lost, kept = pki.device("dev-lost"), pki.device("dev-kept")
    with connect(server, lost.context()) as theirs, connect(server, kept.context()) as ours:
        assert (ask(theirs).decode(), ask(ours).decode()) == (who(lost), who(kept))
        pki.revoke(lost)
        server.reload()

        assert is_cut(theirs)
        assert ask(ours).decode() == who(kept)


def test_revoked_is_refused_on_resumption(pki: Pki, server: TlsServer) -> None:
    """No ticket is issued, so that nothing can be resumed, before or after revocation."""
    lost = pki.device("dev-lost")
    context = lost.context()
    with connect(server, context) as connection:
        ask(connection)
        session = connection.session
    assert session is None or not session.has_ticket
    with connect(server, context, session) as again:
        assert not again.session_reused
    pki.revoke(lost)
    server.reload()

    assert outcome(server, context, session) == "SSLV3_ALERT_CERTIFICATE_REVOKED"


def test_revoked_is_refused_without_sni(pki: Pki, server: TlsServer) -> None:
    """A client that names no server meets the newest list too."""
    lost = pki.device("dev-lost")
    pki.revoke(lost)
    server.reload()
    context = lost.context()
    context.check_hostname = False

    with (
        socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE_S) as raw,
        context.wrap_socket(raw) as connection,
        pytest.raises(ssl.SSLError, match="REVOKED"),
    ):
        connection.recv(1)


def test_list_is_renewed_without_being_told(pki: Pki) -> None:
    """Every refresh takes the newest list by itself."""
    server = pki.server(refresh_seconds=0.1)
    server.start()
    lost = pki.device("dev-lost")
    assert outcome(server, lost.context()) == who(lost)
    pki.revoke(lost)

    assert soon(lambda: outcome(server, lost.context()) == "SSLV3_ALERT_CERTIFICATE_REVOKED")
    server.stop()


def test_old_list_stays_when_a_new_one_cannot_be_had(
    pki: Pki, server: TlsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A reload that fails says so and changes nothing: the revoked stay out, the others in."""
    lost, kept = pki.device("dev-lost"), pki.device("dev-kept")
    pki.revoke(lost)
    server.reload()
    monkeypatch.setattr(server._gate, "_crl", lambda: b"no list")

    with pytest.raises(ValueError, match="PEM"):
        server.reload()
    assert outcome(server, lost.context()) == "SSLV3_ALERT_CERTIFICATE_REVOKED"
    assert outcome(server, kept.context()) == who(kept)


def test_expired_list_lets_nobody_in(pki: Pki) -> None:
    """If the list is not renewed for longer than its life, everybody is refused rather than anybody trusted."""
    old = pki.authority.crl([], 1, pki.now - 8 * DAY_MS)
    server = TlsServer(whoami, "127.0.0.1", 0, identity=pki.current, authority=pki.authority.pem, crl=lambda: old)
    server.start()

    assert "ALERT" in outcome(server, pki.device("dev-desk").context())
    server.stop()


def test_server_certificate_is_replaced_while_running(pki: Pki, server: TlsServer) -> None:
    """After a reload new connections see the new server certificate."""
    key = ec.generate_private_key(ec.SECP256R1())
    fresh = pki.authority.issue_server(key.public_key(), ["localhost"], pki.now)
    pki.identity = server_identity(key, fresh)
    server.reload()

    with connect(server, pki.device("dev-desk").context()) as connection:
        assert connection.getpeercert(binary_form=True) == fresh.public_bytes(Encoding.DER)


def test_headers_cannot_forge_a_certificate_or_address(pki: Pki, server: TlsServer) -> None:
    """What proxies would say in headers changes neither the certificate nor the address that the application sees."""
    client = pki.device("dev-desk")
    forged = GET[:-2] + b"X-Forwarded-For: 10.9.8.7\r\nX-SSL-Client-Cert: other\r\nX-Forwarded-Proto: http\r\n\r\n"

    with connect(server, client.context()) as connection:
        assert ask(connection, forged).decode() == who(client)


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Long: " + b"x" * 40_000,
        b"GET /" + b"x" * 40_000,
        b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 200 + b"\r\n",
        b"GET / HTTP/1.1\r\nX-Long: " + b"x" * 33_000 + b"\r\n\r\n",
        b"\x00\x01\x02 nonsense\r\n\r\n",
    ],
)
def test_too_much_header_is_refused(pki: Pki, server: TlsServer, request_bytes: bytes) -> None:
    """Headers that are too long, too many, or not HTTP end the connection; the server goes on."""
    client = pki.device("dev-desk")
    with connect(server, client.context()) as connection:
        try:
            answer = ask(connection, request_bytes)
        except OSError:
            answer = b""

    assert answer == b"" or b" 400 " in answer.partition(b"\r\n")[0]
    assert outcome(server, client.context()) == who(client)


def test_slow_headers_are_cut_off(pki: Pki) -> None:
    """A client that connects and never finishes a request is cut off after the time for headers."""
    server = pki.server(header_seconds=1.0, idle_seconds=3600)
    server.start()
    with connect(server, pki.device("dev-desk").context()) as connection:
        with suppress(OSError):  # on a slow machine it is cut before it said anything
            connection.sendall(b"GET / HTTP/1.1\r\nHost:")

        assert is_cut(connection)
    server.stop()


def test_public_origin_asks_nobody(pki: Pki) -> None:
    """An origin without a client CA serves anonymous clients, and its application sees no certificate."""
    server = TlsServer(whoami, "127.0.0.1", 0, identity=pki.current)
    server.start()

    assert outcome(server, pki.anonymous()) == "nobody 127.0.0.1"
    assert outcome(server, pki.device("dev-desk").context()) == "nobody 127.0.0.1"
    server.stop()


def test_client_ca_needs_its_list(pki: Pki) -> None:
    """A server that requires certificates but knows no revocations is not built."""
    with pytest.raises(Misuse):
        TlsServer(whoami, "127.0.0.1", 0, identity=pki.current, authority=pki.authority.pem)


def test_taken_port_is_told(pki: Pki, server: TlsServer) -> None:
    """A second server on the same port gets a clear error."""
    with pytest.raises(AddressUnusable) as caught:
        TlsServer(whoami, "127.0.0.1", server.port, identity=pki.current)

    assert str(server.port) in caught.value.sentence("ja")


def test_stopping_closes_the_port(pki: Pki) -> None:
    """After stop nobody listens any more, and stopping was not a failure."""
    server = pki.server()
    server.start()
    port = server.port
    server.stop()

    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port))
    assert server._failure is None


def test_stopping_finishes_what_is_under_way(pki: Pki) -> None:
    """A request that is being answered when the server stops gets its answer."""
    begun = threading.Event()

    async def slow(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            begun.set()
            await asyncio.sleep(0.2)
        await whoami(scope, receive, send)

    server = TlsServer(slow, "127.0.0.1", 0, identity=pki.current)
    server.start()
    with connect(server, pki.anonymous()) as connection:
        connection.sendall(GET)
        assert begun.wait(PATIENCE_S)
        stopper = threading.Thread(target=server.stop)
        stopper.start()

        assert reply(connection) == b"nobody 127.0.0.1"
    stopper.join()


def test_revoked_during_the_handshake_is_cut(pki: Pki, server: TlsServer) -> None:
    """A device revoked between its handshake and its first byte does not slip between the two checks."""
    lost = pki.device("dev-lost")
    server._gate._revoked = frozenset({lost.certificate.serial_number})  # the list is newer than the context

    with connect(server, lost.context()) as connection:
        assert is_cut(connection)


def test_stopping_does_not_wait_for_ever(pki: Pki) -> None:
    """A client that holds its connection is cut when the time for stopping is over."""
    server = pki.server(stop_seconds=0, header_seconds=3600.0)
    server.start()

    with connect(server, pki.device("dev-desk").context()) as connection:
        connection.sendall(GET[:-2])
        server.stop()

        assert is_cut(connection)


def test_scope_of_others_has_no_certificate() -> None:
    """Only our own protocol's value counts as a certificate."""
    assert client_certificate({}) is None
    assert client_certificate({"extensions": {"tls": {"akashi.client_certificate": b"DER"}}}) is None


def test_key_does_not_show(pki: Pki) -> None:
    """The identity's repr has no key, and no file of the server holds one."""
    assert "PRIVATE" not in repr(pki.identity)
    assert not list(pki.folder.iterdir())


CHILD = """
import resource
from akashi.api.tls_process import forbid_core_dumps
forbid_core_dumps()
print(resource.getrlimit(resource.RLIMIT_CORE), end=" ")
import ctypes
print(ctypes.CDLL(None).prctl(3, 0, 0, 0, 0))
"""


def test_no_core_dumps() -> None:
    """Afterwards the process neither dumps core nor can be read by a debugger of the same user."""
    path = [p for p in sys.path if p.endswith("src")]
    done = subprocess.run(
        [sys.executable, "-c", CHILD], capture_output=True, check=True, env={"PYTHONPATH": ":".join(path)}
    )

    assert done.stdout.split() == [b"(0,", b"0)", b"0"]
