"""To whom a gateway seals when its server lies about opening keys: to nobody.

Attack: the operator of the server shows a key of their own as the receiver's, or as the sender's own, once or from some moment on.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from dataclasses import replace

import pytest

from akashi.app.desk import sending
from akashi.app.errors import OpeningKeyUnproven
from akashi.exchange.errors import ReceiverKeyChanged, TransferDenied
from akashi.ledger.events import dump_body, load_body
from akashi.ledger.model import Algorithm
from akashi.ledger.port import Entry
from akashi.ledger.registry import KeyEnrolled
from akashi.ledger.wire.envelope import parse_operation, seal_operation
from akashi.ledger.wire.leaf import encode_leaf, parse_leaf
from akashi.vault.errors import RecipientRefused
from tests.app.lying import Lied, lied_to, opening_of, row_path, row_with, scan_path, scan_with, stranger_key
from tests.app.service import CLINIC, PAYER, Service, checkup_file


@pytest.fixture
def lied(service: Service) -> Iterator[Lied]:
    """The clinic on a line that can lie."""
    made = lied_to(service)
    yield made
    made.gateway.close()


class _NoKey:
    """Signs nothing, in the name of a real key."""

    algorithm = Algorithm.ED25519

    def __init__(self, spki: bytes) -> None:
        self.spki = spki

    def sign(self, _message: bytes) -> bytes:
        """Zeros."""
        return bytes(64)


def _forged(service: Service, key: bytes, public: bytes) -> Entry:
    """A leaf that says that the payer's own gateway enrolled ``key``; nobody signed it and it is in no tree."""
    engine, payer = service.server.engine, service.cast.handles[PAYER]
    for entry in engine.entries(payer):
        leaf = parse_leaf(entry.leaf)
        operation = parse_operation(leaf.envelope)
        if operation.statement.kind == "key.enrolled":
            body = load_body(KeyEnrolled, operation.statement.body)
            if body.key == opening_of(service, payer):
                lie = dump_body(replace(body, key=key, public=public))
                statement = operation.statement._replace(body=lie)
                envelope = seal_operation(statement, _NoKey(service.payer.keystore.public("gateway")))
                made = encode_leaf(replace(leaf, envelope=envelope))
                return Entry(entry.index, parse_operation(envelope).id, made)
    raise AssertionError("the payer enrolled no opening key")


def _draft_sent(service: Service, lied: Lied) -> None:
    draft = service.draft(checkup_file())
    sending.send(lied.gateway, lied.session, draft, sending.Terms(service.cast.handles[PAYER], 0, 0))


def test_the_line_itself_sends(service: Service, lied: Lied) -> None:
    """Without a lie the draft goes out: what the other tests see is the lie's doing."""
    _draft_sent(service, lied)

    assert [one.receiver for one in lied.gateway.exchange.outbox()] == [service.cast.handles[PAYER]]


def test_a_forged_enrolment_with_a_real_receipt_is_no_proof(service: Service, lied: Lied) -> None:
    """A leaf that nobody signed, shown with the good receipt of another leaf, makes no key the receiver's."""
    payer = service.cast.handles[PAYER]
    key, public = stranger_key(service)
    forged = _forged(service, key, public)
    row = {
        "index": forged.index,
        "operation_id": forged.operation_id.hex(),
        "leaf": base64.b64encode(forged.leaf).decode(),
    }
    receipt = service.server.engine.receipt(service.server.engine.entries(payer)[0].operation_id)
    lied.channel.lies = {
        scan_path(payer): scan_with(payer, key),
        row_path(key): row_with(service, opening_of(service, payer), public),
        f"/api/v1/subjects/{payer}/operations": lambda _: json.dumps({"operations": [row]}).encode(),
        f"/api/v1/operations/{forged.operation_id.hex()}/receipt": lambda _: receipt,
    }
    with pytest.raises(OpeningKeyUnproven):
        _draft_sent(service, lied)


def test_a_key_proven_to_be_somebody_elses_is_not_the_receivers(service: Service, lied: Lied) -> None:
    """The office's real key, shown as the payer's, is proven to be the office's only."""
    payer = service.cast.handles[PAYER]
    key, public = stranger_key(service)
    lied.channel.lies = {
        scan_path(payer): scan_with(payer, key),
        row_path(key): row_with(service, opening_of(service, payer), public),
    }
    with pytest.raises(OpeningKeyUnproven):
        _draft_sent(service, lied)


def test_a_key_that_changes_after_it_was_proven_is_noticed(service: Service, lied: Lied) -> None:
    """The true key while it is being proven, another one a moment later: nothing is sealed, also at the first sending."""
    payer = service.cast.handles[PAYER]
    key, public = stranger_key(service)
    asked = 0

    def later(true: bytes) -> bytes:
        nonlocal asked
        asked += 1
        return true if asked == 1 else scan_with(payer, key)(true)

    lied.channel.lies = {
        scan_path(payer): later,
        row_path(key): row_with(service, opening_of(service, payer), public),
    }
    with pytest.raises(ReceiverKeyChanged):
        _draft_sent(service, lied)
    assert not any(path.startswith("/api/v1/payloads/") for path in lied.channel.asked)


def test_other_bytes_under_the_proven_id_are_noticed(service: Service, lied: Lied) -> None:
    """The id stays, the public key behind it changes after the proof: a key is what its id says, or nothing is sealed."""
    payer = service.cast.handles[PAYER]
    real, (_, public) = opening_of(service, payer), stranger_key(service)
    asked = 0

    def later(true: bytes) -> bytes:
        nonlocal asked
        asked += 1
        return true if asked == 1 else row_with(service, real, public)(true)

    lied.channel.lies = {row_path(real): later}
    with pytest.raises(RecipientRefused):
        _draft_sent(service, lied)
    assert not any(path.startswith("/api/v1/payloads/") for path in lied.channel.asked)


def test_nobody_elses_key_is_taken_for_the_senders_own(service: Service, lied: Lied) -> None:
    """Each payload is also sealed to the sender: to the key in its own key store, whatever the server says it is."""
    clinic = service.cast.handles[CLINIC]
    key, public = stranger_key(service)
    lied.channel.lies = {
        scan_path(clinic): scan_with(clinic, key),
        row_path(key): row_with(service, opening_of(service, clinic), public),
    }
    with pytest.raises(TransferDenied) as caught:
        _draft_sent(service, lied)
    assert caught.value.reason == "transfer.own_key"
    assert not any(path.startswith("/api/v1/payloads/") for path in lied.channel.asked)
