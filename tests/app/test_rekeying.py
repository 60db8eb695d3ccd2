"""Changing the log's key in a service that has members: what was signed stays good, gateways follow by proof only.

Attack: a server that shows another key without the secretariat's chain of changes; a crash at every step of the change. Run as a
program, ``test_rekeying.py HOME STEP`` is the process that changes the key and is killed.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from akashi_verifier.steps import verify as second_verify

from akashi.app.errors import RemoteDistrusted
from akashi.app.gateway.following import PinnedTrust
from akashi.app.gateway.home import GATEWAY_KEY, Gateway
from akashi.app.gateway.remote import RemoteLedger
from akashi.app.server import rekeying
from akashi.app.server.home import Server
from akashi.app.server.logkeys import current_log_key, log_key_names, log_public
from akashi.app.server.rekeying import SuccessorMissing, rekey
from akashi.app.wiring import KINDS
from akashi.cli.proof import rekey as command
from akashi.cli.shell import Parser, Shell, common_options
from akashi.clock import FixedClock
from akashi.identity.events import AccessAnchored
from akashi.keys.keystore import FileKeystore
from akashi.ledger.author import Author
from akashi.ledger.errors import LedgerStopped, ProofError
from akashi.ledger.port import Acknowledged
from akashi.ledger.proof.evidence import export_all, export_log_keys, export_subject
from akashi.ledger.proof.trust import MAX_ENTRIES, add_logs, parse_trust
from akashi.ledger.proof.verify import verify_file
from akashi.ledger.wire.note import NoteKey, NoteKind, parse_checkpoint, verify_log
from tests.app.line import AppChannel
from tests.app.service import CLINIC, PASSPHRASE, START, Cast, Service, checkup_file, copied

ROOT = Path(__file__).resolve().parents[2]
EVIDENCE = "/api/v1/log/evidence"


class Answering(AppChannel):
    """A line whose server says ``said`` when asked for the evidence of the log's keys."""

    said: bytes | None = None

    def call(self, method: str, path: str, *, content: object = None) -> httpx.Response:
        """As the server answers, but for the evidence."""
        if path == EVIDENCE and self.said is not None:
            return httpx.Response(200, content=self.said)
        return super().call(method, path, content=content)  # type: ignore[arg-type]  # handed on as it came


def line_of(gateway: Gateway, server: Server) -> tuple[Answering, RemoteLedger]:
    """The ledger as ``gateway`` sees it over HTTPS, with its pinned trust file."""
    channel = Answering(server, gateway.paths.certificate.read_bytes())
    pinned = PinnedTrust(gateway.paths.trust)
    return channel, RemoteLedger(channel, pinned.read(), gateway.seen.read, gateway.seen.keep, pinned)


def anchored(service: Service, ledger: RemoteLedger, number: int) -> Acknowledged:
    """One operation of the clinic over its line."""
    gateway = service.clinic
    body = AccessAnchored(bytes([number]) * 32, number, START - 2_000 + number, START - 1_000 + number)
    return Author(ledger, gateway.keystore.signer(GATEWAY_KEY), gateway.institution, service.clock).submit(body)


def signs(server: Server, name: str) -> bool:
    """Whether the newest checkpoint is signed by this key of the key store."""
    key = NoteKey(server.engine.origin, NoteKind.ED25519, log_public(server.keystore, name))
    try:
        verify_log(parse_checkpoint(server.engine.checkpoint()), [key])
    except ProofError:
        return False
    return True


def both(data: bytes, trust: bytes) -> tuple[str, str]:
    """What the two verifiers say."""
    first, second = verify_file(data, trust, KINDS), second_verify(data, trust)
    return first.failure or str(first.status), second["failure"] or second["status"]


def logs_of(text: bytes) -> int:
    """How many log keys a trust file believes."""
    return len(parse_trust(text).logs)


def test_the_successor_signs_and_the_trust_file_names_both(service: Service) -> None:
    """From the operation's block on the committed key signs; older lines of the trust file stay as they were."""
    old = service.server.trust_text()
    done = rekey(service.server)

    assert service.server.engine.entry(done.operation_id) is not None
    assert signs(service.server, "log-2")
    assert not signs(service.server, "log-1")
    assert service.server.trust_text().startswith(old)
    assert logs_of(service.server.trust_text().encode()) == 2
    assert log_key_names(service.server.keystore) == ["log-1", "log-2", "log-3"]


def test_the_service_opens_with_the_new_key_and_goes_on(template: tuple[Path, Cast], tmp_path: Path) -> None:
    """After a restart the state says which key signs; the service works as before."""
    home, cast = copied(template[0], tmp_path / "home"), template[1]
    with Service(home, cast) as service:
        rekey(service.server)
    with Service(home, cast) as service:
        sent = service.send(service.draft(checkup_file(people=2)))
        service.open(sent.transfer)
        service.confirm(sent.transfer)

        assert signs(service.server, "log-2")
        assert service.trail(sent.transfer)[-1] == "transfer.confirmed"


def test_a_key_is_changed_more_than_once(template: tuple[Path, Cast], tmp_path: Path) -> None:
    """Each change reveals what the one before committed to, with a restart between."""
    home, cast = copied(template[0], tmp_path / "home"), template[1]
    with Service(home, cast) as service:
        rekey(service.server)
        rekey(service.server)
    with Service(home, cast) as service:
        rekey(service.server)

        assert signs(service.server, "log-4")
        assert logs_of(service.server.trust_text().encode()) == 4
        assert both(export_all(service.server.engine), service.server.trust_text().encode()) == ("verified", "verified")


def test_old_receipts_verify_under_the_old_and_the_new_trust_file(service: Service) -> None:
    """A receipt taken before the change is as good as it was, for both verifiers."""
    old = service.server.trust_text().encode()
    sent = service.send(service.draft(checkup_file(people=2)))
    operation = service.server.engine.entries(sent.transfer)[0].operation_id
    receipt = service.server.engine.receipt(operation)
    rekey(service.server)

    assert both(receipt, old) == ("verified", "verified")
    assert both(receipt, service.server.trust_text().encode()) == ("verified", "verified")


def test_new_receipts_need_the_new_trust_file(service: Service) -> None:
    """A receipt carries no genesis: under the old file nobody knows the new key, under the new one it verifies."""
    old = service.server.trust_text().encode()
    receipt = service.server.engine.receipt(rekey(service.server).operation_id)

    assert both(receipt, old) == ("note.unsigned", "note.unsigned")
    assert both(receipt, service.server.trust_text().encode()) == ("verified", "verified")


def test_bundles_after_the_change_verify_with_the_old_trust_file(service: Service) -> None:
    """A bundle carries the chain from the pinned genesis to the key that signed it."""
    old = service.server.trust_text().encode()
    sent = service.send(service.draft(checkup_file(people=2)))
    rekey(service.server)
    engine = service.server.engine
    for data in (export_subject(engine, sent.transfer), export_all(engine), export_log_keys(engine)):
        assert both(data, old) == ("verified", "verified")


def test_the_evidence_of_the_log_keys_names_no_member(service: Service) -> None:
    """It goes to every member and holds the ledger's own leaves only, all of them the secretariat's."""
    rekey(service.server)
    verdict = verify_file(export_log_keys(service.server.engine), service.server.trust_text().encode(), KINDS)

    assert {row.kind for row in verdict.operations} == {"ledger.genesis", "log.rekeyed"}
    assert {row.institution for row in verdict.operations} == {service.server.secretariat_handle}


def test_without_the_committed_key_nothing_changes(service: Service) -> None:
    """A key store that lost the successor refuses before anything is written."""
    service.server.keystore.destroy("log-2")
    size, text = service.server.engine.size, service.server.trust_text()
    with pytest.raises(SuccessorMissing):
        rekey(service.server)

    assert (service.server.engine.size, service.server.trust_text()) == (size, text)


# Gateways follow.


def test_a_gateway_follows_over_its_line_without_noticing(service: Service) -> None:
    """Its next operation is acknowledged; the pinned file has one line more and is otherwise as it was."""
    _, ledger = line_of(service.clinic, service.server)
    before = service.clinic.paths.trust.read_bytes()
    rekey(service.server)
    done = anchored(service, ledger, 1)
    after = service.clinic.paths.trust.read_bytes()

    assert service.server.engine.entry(done.operation_id) is not None
    assert after.startswith(before)
    assert after == service.server.trust_text().encode()


def test_a_gateway_that_was_away_follows_two_changes(service: Service) -> None:
    """It gets both keys: receipts of the time between verify here too."""
    _, ledger = line_of(service.clinic, service.server)
    between = service.server.engine.receipt(rekey(service.server).operation_id)
    rekey(service.server)
    ledger.checkpoint()

    assert logs_of(service.clinic.paths.trust.read_bytes()) == 3
    assert both(between, service.clinic.paths.trust.read_bytes()) == ("verified", "verified")


def test_a_gateway_beside_the_server_follows_when_it_opens(template: tuple[Path, Cast], tmp_path: Path) -> None:
    """Within one process the same file is kept up to date, by the same proof."""
    home, cast = copied(template[0], tmp_path / "home"), template[1]
    with Service(home, cast) as service:
        rekey(service.server)
    with Service(home, cast) as service:
        receipt = service.server.engine.receipt(service.server.engine.registry()[-1].operation_id)
        service.clinic.verify_receipt(receipt)

        assert logs_of(service.clinic.paths.trust.read_bytes()) == 2


def test_an_open_gateway_follows_when_it_checks_a_receipt(service: Service) -> None:
    """The key changes while the gateway is open: the first receipt under the new key makes it follow."""
    service.clinic.verify_receipt(service.server.engine.receipt(rekey(service.server).operation_id))

    assert logs_of(service.clinic.paths.trust.read_bytes()) == 2


# Gateways do not follow what is not proven.


def _flipped(service: Service, _: Service) -> bytes:
    data = bytearray(export_log_keys(service.server.engine))
    data[len(data) // 2] ^= 1
    return bytes(data)


FORGED: dict[str, tuple[Callable[[Service, Service], bytes], str]] = {
    "of another service": (lambda _, other: export_log_keys(other.server.engine), "trust.genesis"),
    "one bit flipped": (_flipped, "bundle.end"),
    "nothing": (lambda *_: b"", "bundle.end"),
    "a receipt": (lambda service, _: service.server.engine.receipt(_last(service)), "bundle.header"),
}


def _last(service: Service) -> bytes:
    return service.server.engine.registry()[-1].operation_id


@pytest.fixture(scope="module")
def stranger(template: tuple[Path, Cast], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A service with another genesis."""
    from_elsewhere = tmp_path_factory.mktemp("stranger") / "home"
    from tests.app.service import found_home

    found_home(from_elsewhere)
    return from_elsewhere
