"""The witness over HTTP and HTTPS, its client, and hostile callers and answerers."""

from __future__ import annotations

import http.client
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from akashi.ledger.wire.note import NoteKey, NoteKind, parse_checkpoint, verify_cosignatures
from akashi.network.witness.client import WitnessClient
from akashi.network.witness.errors import WitnessAhead, WitnessAway, WitnessDistrusted, WitnessRefused, WitnessSettings
from akashi.network.witness.rules import MAX_BODY
from akashi.network.witness.server import WitnessServer, tls_context
from tests.ledger.world import SoftNoteSigner
from tests.network.witness.logs import Stage, ToyLog, other_key
from tests.waiting import PATIENCE_S

HONEST = ToyLog.of(20)
pytestmark = pytest.mark.network


@contextmanager
def served(stage: Stage, context: ssl.SSLContext | None = None, per_minute: int = 600) -> Iterator[int]:
    """The port of the stage's witness."""
    server = WitnessServer(stage.witness, "127.0.0.1", 0, stage.clock, context=context, per_minute=per_minute)
    server.start()
    try:
        yield server.port
    finally:
        server.stop()


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """A witness that knows the toy log."""
    made = Stage(tmp_path)
    yield made
    made.memory.close()


def client_of(stage: Stage, port: int, **more: object) -> WitnessClient:
    """A client that pins the stage's key."""
    return WitnessClient(f"http://127.0.0.1:{port}", stage.key)


def test_client_gets_a_cosignature_and_goes_on_from_there(stage: Stage) -> None:
    """The line joins the checkpoint, which then verifies under the witness's key; the next proof starts at that size."""
    with served(stage) as port:
        client = client_of(stage, port)
        lines = [client.cosigned(HONEST.note(size), HONEST.prove) for size in (5, 9, 9)]
    note = parse_checkpoint(HONEST.note(9) + lines[1])

    assert verify_cosignatures(note, {"w": stage.key})
    assert stage.size() == 9


def test_a_new_client_learns_the_size_from_409(stage: Stage) -> None:
    """A server that was restarted knows nothing of the witness and still gets its cosignature at once."""
    stage.ask(HONEST.asks(0, 5))
    with served(stage) as port:
        line = client_of(stage, port).cosigned(HONEST.note(11), HONEST.prove)

    assert stage.size() == 11
    assert line.startswith("\u2014 witness.example/akashi ".encode())


def test_a_ledger_that_fell_back_is_told(stage: Stage) -> None:
    """The witness knows more than the ledger: an alarm for the ledger's operator, not a quiet retry."""
    stage.ask(HONEST.asks(0, 12))
    with served(stage) as port, pytest.raises(WitnessAhead):
        client_of(stage, port).cosigned(HONEST.note(7), HONEST.prove)


def test_a_fork_is_refused(stage: Stage) -> None:
    """422 reaches the caller as a refusal, and the witness has the proof."""
    stage.ask(HONEST.asks(0, 12))
    fork = HONEST.branch(5, 20, "other")
    with served(stage) as port, pytest.raises(WitnessRefused) as raised:
        client_of(stage, port).cosigned(fork.note(15), fork.prove)

    assert raised.value.params == {"failure": "422"}
    assert len(stage.memory.findings()) == 1


def test_an_unknown_key_is_refused(stage: Stage) -> None:
    """403 for a checkpoint that the listed key did not sign."""
    with served(stage) as port, pytest.raises(WitnessRefused):
        client_of(stage, port).cosigned(other_key(HONEST.note(7)), HONEST.prove)


def test_an_impostor_is_not_believed(stage: Stage) -> None:
    """What answers with another key's line in the witness's place is found out."""
    pinned = NoteKey(stage.signer.name, NoteKind.COSIGNATURE, SoftNoteSigner(stage.signer.name, "real").public_key)
    with served(stage) as port, pytest.raises(WitnessDistrusted):
        WitnessClient(f"http://127.0.0.1:{port}/", pinned).cosigned(HONEST.note(7), HONEST.prove)


def test_nobody_there_is_away(stage: Stage) -> None:
    """A port that nobody listens at is a witness that is away."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        client = client_of(stage, held.getsockname()[1])
        with pytest.raises(WitnessAway):
            client.cosigned(HONEST.note(7), HONEST.prove)


@pytest.mark.parametrize("url", ["", "ftp://a", "http://", "https://a:b", "http://a/?x", "http://a/#x"])
def test_addresses_that_are_none(stage: Stage, url: str) -> None:
    """A setting that no request could be sent to is refused when it is read."""
    with pytest.raises(WitnessSettings):
        WitnessClient(url, stage.key)


def _status(port: int, method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)
    try:
        connection.request(method, path, body, headers or {})
        return connection.getresponse().status
    finally:
        connection.close()


def test_what_is_not_the_route(stage: Stage) -> None:
    """Other paths and methods, bodies too large or without a length, and rubbish get their status and no more."""
    with served(stage) as port:
        statuses = [
            _status(port, "GET", "/add-checkpoint"),
            _status(port, "POST", "/other", b"x"),
            _status(port, "POST", "/add-checkpoint", b"x"),
            _status(port, "POST", "/add-checkpoint", b"", {"Content-Length": str(MAX_BODY + 1)}),
            _status(port, "POST", "/add-checkpoint", b"", {"Content-Length": "-5"}),
            _status(port, "POST", "/add-checkpoint", b"", {"Transfer-Encoding": "chunked"}),
            _status(port, "POST", "/add-checkpoint", HONEST.asks(0, 3)),
        ]

    assert statuses == [404, 404, 400, 413, 411, 411, 200]


def test_one_address_asks_so_often_in_a_minute(stage: Stage) -> None:
    """Beyond the bound 429 with Retry-After; the client calls that away."""
    with served(stage, per_minute=2) as port:
        client = client_of(stage, port)
        client.cosigned(HONEST.note(3), HONEST.prove)
        client.cosigned(HONEST.note(4), HONEST.prove)
        with pytest.raises(WitnessAway):
            client.cosigned(HONEST.note(5), HONEST.prove)


def test_it_listens_at_ipv6_too(stage: Stage) -> None:
    """An IPv6 address in the settings is an address like another."""
    server = WitnessServer(stage.witness, "::1", 0, stage.clock)
    server.start()
    try:
        line = WitnessClient(f"http://[::1]:{server.port}", stage.key).cosigned(HONEST.note(3), HONEST.prove)
    finally:
        server.stop()

    assert line


def test_a_slow_caller_is_cut_off(stage: Stage) -> None:
    """A connection that never finishes its request ends when its time is up, and frees its place."""
    server = WitnessServer(stage.witness, "127.0.0.1", 0, stage.clock, lifetime_s=0.1)
    server.start()
    try:
        with socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE_S) as slow:
            slow.sendall(b"POST /add-checkpoint HTTP/1.1\r\nContent-Length: 9\r\n\r\nold")
            ended = slow.recv(1)
        server._lifetime_s = PATIENCE_S
        line = client_of(stage, server.port).cosigned(HONEST.note(3), HONEST.prove)
    finally:
        server.stop()

    assert ended == b""
    assert line


def test_https_with_its_own_certificate(stage: Stage, tmp_path: Path) -> None:
    """With a certificate it serves TLS 1.3; a client that does not know the issuer gets nothing, one that does a cosignature."""
    certificate, key = _certificate(tmp_path)
    known = ssl.create_default_context(cafile=str(certificate))
    with served(stage, tls_context(certificate, key)) as port:
        url = f"https://127.0.0.1:{port}"
        with pytest.raises(WitnessAway):
            WitnessClient(url, stage.key).cosigned(HONEST.note(3), HONEST.prove)
        line = WitnessClient(url, stage.key, context=known).cosigned(HONEST.note(3), HONEST.prove)

    assert line
    assert stage.size() == 3


def _certificate(folder: Path) -> tuple[Path, Path]:
    private = ec.generate_private_key(ec.SECP256R1())
    name, now = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "witness")]), datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(private, hashes.SHA256())
    )
    certificate, key = folder / "certificate.pem", folder / "certificate.key"
    certificate.write_bytes(made.public_bytes(Encoding.PEM))
    key.write_bytes(private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return certificate, key
