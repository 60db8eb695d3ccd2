"""Who is refused before there is a request, and that it is told: real handshakes on this machine.

The refusals themselves are tests of tests/api/test_tls.py; here it is what is left of them in the log and in the counts.
"""

from __future__ import annotations

import logging
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from akashi.api import tls_process
from akashi.api.tls import TlsServer
from akashi.api.tls_process import Refusals
from akashi.identity.ca import DAY_MS, CertificateAuthority
from tests.api.pki import LEDGER, Pki, outcome
from tests.waiting import until


@pytest.fixture
def pki(tmp_path: Path) -> Pki:
    """A fresh authority with nothing revoked."""
    return Pki(tmp_path)


@pytest.fixture
def server(pki: Pki) -> Iterator[TlsServer]:
    """A running server that requires certificates."""
    made = pki.server()
    made.start()
    yield made
    made.stop()


def _said(caplog: pytest.LogCaptureFixture, thread: int | None) -> list[str]:
    """What the door said in ``thread``: a server of another test's session may say the same in its own meanwhile."""
    return [one.getMessage() for one in caplog.records if one.name == "akashi.tls" and one.thread == thread]


class _Of(Refusals):
    """Counts what one server refuses, whichever others there are in this process."""

    def __init__(self, thread: int | None) -> None:
        super().__init__()
        self._only = thread

    def add(self, error: BaseException, now_s: float) -> None:
        """Count it if it is that server's."""
        if threading.get_ident() == self._only:
            super().add(error, now_s)


@pytest.mark.network
def test_refused_handshakes_are_counted_and_told(
    pki: Pki, server: TlsServer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A foreign CA, an expired certificate, no certificate, a revoked one and TLS 1.2: each is counted by OpenSSL's reason, and the log has a line."""
    assert server._thread is not None
    seen = _Of(server._thread.ident)
    monkeypatch.setattr(tls_process, "REFUSALS", seen)
    caplog.set_level(logging.WARNING, "akashi.tls")
    foreign = CertificateAuthority.create(ec.generate_private_key(ec.SECP256R1()), LEDGER, pki.now)
    old = pki.device("dev-old0", from_ms=pki.now - 2 * DAY_MS, to_ms=pki.now - DAY_MS)
    lost = pki.device("dev-lost")
    pki.revoke(lost)
    server.reload()
    older = pki.device("dev-desk").context()
    older.maximum_version = ssl.TLSVersion.TLSv1_2
    for context in (pki.device("dev-desk", foreign).context(), old.context(), lost.context(), pki.anonymous(), older):
        outcome(server, context)

    until(lambda: sum(seen.counts().values()) == 5, "five refusals", seen.counts)
    assert seen.counts() == {
        "CERTIFICATE_VERIFY_FAILED": 3,
        "PEER_DID_NOT_RETURN_A_CERTIFICATE": 1,
        "UNSUPPORTED_PROTOCOL": 1,
    }
    assert set(_said(caplog, server._thread.ident)) == {f"handshakes refused: {reason}, 1" for reason in seen.counts()}


def test_a_flood_of_handshakes_fills_no_log(caplog: pytest.LogCaptureFixture) -> None:
    """Ten thousand refusals in a minute are one line and a count; the next minute tells how many there were."""
    caplog.set_level(logging.WARNING, "akashi.tls")
    seen, error = Refusals(), ssl.SSLError(1, "invented")
    for number in range(10_000):
        seen.add(error, number * 0.005)
    seen.add(error, 61.0)

    assert _said(caplog, threading.get_ident()) == [
        "handshakes refused: SSLError, 1",
        "handshakes refused: SSLError, 10000",
    ]
    assert seen.counts() == {"SSLError": 10_001}


def test_nothing_that_a_peer_sends_is_told(caplog: pytest.LogCaptureFixture) -> None:
    """A reason that is none of OpenSSL's is not repeated."""
    error = ssl.SSLError(1, "invented")
    error.reason = "x\r\n2026 forged\x1b[2J"
    Refusals().add(error, 0.0)

    assert _said(caplog, threading.get_ident()) == ["handshakes refused: SSLError, 1"]
