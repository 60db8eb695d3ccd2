"""Whole handshakes: open and resumed connections after a revocation, and what appears nowhere."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509

from akashi.conformity.model import TargetKind
from akashi.conformity.probing import Pace, Patience
from akashi.conformity.wire.certificates import Credentials, describe, foreign
from akashi.conformity.wire.dial import Place
from akashi.conformity.wire.handshakes import Held, attempt
from tests.conformity.cases_wire_files import SWANCTL, from_file
from tests.conformity.wirepeers import screen_handler
from tests.conformity.wirestand import CLIENT, HOST, OK, material, measured, pair, server_context, serving
from tests.waiting import PATIENCE_S

NOW_MS = 1_800_000_000_000


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is kept back by a busy machine is waited for."""
    monkeypatch.setattr(Patience, "answer_s", PATIENCE_S)
    monkeypatch.setattr(Patience, "alert_s", 0.3)


class Revoking:
    """A server that may be told to refuse a client: everywhere, or (broken) on new connections only."""

    def __init__(self, *, only_new: bool) -> None:
        self.revoked, self._only_new = False, only_new
        self._context = server_context()

    def __call__(self, line: socket.socket) -> None:
        """One connection."""
        with self._context.wrap_socket(line, server_side=True) as secure:
            if self.revoked and not (self._only_new and secure.session_reused):
                return
            while secure.recv(4096):
                if self.revoked and not self._only_new:
                    return
                secure.sendall(OK)


@pytest.fixture
def credentials() -> Credentials:
    """A valid client certificate."""
    chain, key = pair("client", CLIENT)
    return Credentials(Path(chain).read_bytes(), Path(key).read_bytes())


@pytest.fixture
def held(request: pytest.FixtureRequest, credentials: Credentials) -> Iterator[tuple[Held, Revoking]]:
    """A connection that is open when the certificate is revoked."""
    server = Revoking(only_new=request.param)
    with serving(server) as port, Held(Place(HOST, port), Pace(1000), credentials) as connection:
        yield connection, server


@pytest.mark.network
@pytest.mark.parametrize("held", [False], indirect=True)
def test_a_revocation_ends_open_and_resumed_connections(held: tuple[Held, Revoking]) -> None:
    """Before: an answer. After: none, neither on the open connection nor with the old session."""
    connection, server = held
    server.revoked = True

    assert (connection.before, connection.ask(), connection.resume()) == ("http 200", "closed", "closed")


@pytest.mark.network
@pytest.mark.parametrize("held", [True], indirect=True)
def test_a_server_that_looks_only_at_new_connections_is_seen(held: tuple[Held, Revoking]) -> None:
    """The open connection and the resumed session still answer."""
    connection, server = held
    server.revoked = True

    assert (connection.ask(), connection.resume()) == ("http 200", "http 200")


@pytest.mark.network
def test_a_revoked_certificate_that_enters_is_told(credentials: Credentials) -> None:
    """The option for a revoked certificate gives an outcome of its own."""
    chain, key = pair("client", CLIENT)
    server = Revoking(only_new=False)
    with serving(server) as port:
        made = measured(
            "tls", TargetKind.TLS, f"{HOST}:{port}", {**material(), "revoked_cert": chain, "revoked_key": key}
        )

    assert made[0].facts["mutual.revoked"] == "http 200"


@pytest.mark.network
def test_a_server_that_never_answers_is_silent_not_refusing(credentials: Credentials) -> None:
    """A completed handshake and then nothing."""
    context = server_context(verify=ssl.CERT_NONE)

    def mute(line: socket.socket) -> None:
        with context.wrap_socket(line, server_side=True) as secure:
            secure.recv(4096)
            secure.recv(1)

    with serving(mute) as port, pytest.MonkeyPatch.context() as patch:
        patch.setattr(Patience, "answer_s", 1.0)
        outcome = attempt(Place(HOST, port), Pace(1000), None)

    assert outcome == "silent"


def test_a_foreign_certificate_can_wear_the_names_of_a_known_one() -> None:
    """Issuer and subject are the same, the key is another."""
    known = x509.load_pem_x509_certificate(Path(pair("client", CLIENT)[0]).read_bytes())
    stranger = x509.load_pem_x509_certificate(foreign(NOW_MS, known).chain)

    assert (stranger.issuer, stranger.subject) == (known.issuer, known.subject)
    assert stranger.public_key() != known.public_key()


def test_bytes_that_are_no_certificate_are_counted() -> None:
    """Unreadable, not absent."""
    assert describe([b"no", b""], "x")["x.unreadable"] == 2


@pytest.mark.network
def test_tried_passwords_appear_nowhere() -> None:
    """Neither facts nor raw output hold what was tried."""
    with serving(screen_handler({"admin:canary-7f3a"})) as port:
        options = {"defaults": "admin:canary-7f3a", "defaults_url": f"http://{HOST}:{port}/"}
        made = measured("defaults", TargetKind.HOST, HOST, options)[0]

    assert made.facts["defaults.accepted"] == 1
    assert "canary" not in repr(made) + made.raw.decode()


@pytest.mark.parametrize("options", [
    {"defaults": ",".join(f"u{at}:p" for at in range(11))}, {"defaults": "a:1,a:2,a:3,a:4"}, {"defaults": "nothing"},
    {"defaults": "a:1", "defaults_url": "http://other.example/"}, {"defaults": "a:1", "defaults_way": "guess"},
])  # fmt: skip
def test_more_or_other_tries_than_allowed_send_nothing(options: dict[str, str]) -> None:
    """Too many, too many for one login, no pairs, another host: refused before a socket is opened (sockets are off here)."""
    made = measured("defaults", TargetKind.HOST, HOST, options)[0]

    assert made.note.startswith("option.defaults")


def test_secrets_and_peers_of_a_configuration_appear_nowhere() -> None:
    """The raw output of an IPsec file is its digest and what was found."""
    text = SWANCTL + "secrets { ike-1 { secret = canary-7f3a\n id = canary-peer\n } }\n"
    made = from_file("ipsec_config", "ipsec", text)()[0]

    assert made.facts["config.connections"] == 1
    assert b"canary" not in made.raw
