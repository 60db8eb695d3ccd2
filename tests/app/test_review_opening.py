"""What a receiver opens is what the sender signed for, whatever the server says about it.

Attack: the operator shows a transfer that another institution is said to have sent, or evidence of something else.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator

import pytest

from akashi.app.desk import transfers
from akashi.exchange.errors import TransferDenied
from akashi.exchange.model import Destination, Form, ReadPurpose
from akashi.ledger.errors import ProofError
from akashi.ledger.proof.evidence import export_subject
from akashi.ledger.wire import cbor
from tests.app.lying import Lie, Lied, lied_to
from tests.app.service import OFFICE, PAYER, Service, checkup_file

RESULT = ReadPurpose.CHECKUP_RESULT


@pytest.fixture
def name(service: Service) -> str:
    """A transfer from the clinic to the payer."""
    return service.send(service.draft(checkup_file())).transfer


@pytest.fixture
def lied(service: Service) -> Iterator[Lied]:
    """The payer on a line that can lie."""
    made = lied_to(service, PAYER)
    yield made
    made.gateway.close()


def another_sender(service: Service, name: str) -> dict[str, Lie]:
    """The transfer's record as if the office had sent it."""
    office = service.cast.handles[OFFICE]

    def forged(true: bytes) -> bytes:
        row = cbor.decode(base64.b64decode(json.loads(true)["value"]))
        assert isinstance(row, list)
        return json.dumps({"value": base64.b64encode(cbor.encode([office, *row[1:]])).decode()}).encode()

    return {f"/api/v1/state/tr/{name.encode().hex()}": forged}


def test_the_true_transfer_opens(name: str, lied: Lied) -> None:
    """Without a lie it opens over the same line."""
    assert [one for one, _ in transfers.opened(lied.gateway, lied.session, name, RESULT)]


def test_a_transfer_said_to_be_somebody_elses_does_not_open(service: Service, name: str, lied: Lied) -> None:
    """The state names the office as its sender, the clinic signed it: nothing is opened, and no scan is kept for a confirmation."""
    lied.channel.lies = another_sender(service, name)
    with pytest.raises(TransferDenied) as caught:
        transfers.opened(lied.gateway, lied.session, name, RESULT)
    lied.channel.lies = {}
    with pytest.raises(TransferDenied) as confirmed:
        transfers.confirmed(lied.gateway, lied.session, name)

    assert caught.value.reason == "transfer.unproven"
    assert confirmed.value.reason == "transfer.not_verified"


@pytest.mark.parametrize("form", [Form.SEALED, Form.PLAIN])
def test_nor_does_it_leave(service: Service, name: str, lied: Lied, form: Form) -> None:
    """In no form."""
    lied.channel.lies = another_sender(service, name)
    with pytest.raises(TransferDenied) as caught:
        transfers.exported(lied.gateway, lied.session, name, RESULT, Destination.DEVICE, form)
    assert caught.value.reason == "transfer.unproven"


def test_evidence_of_another_transfer_is_no_proof(service: Service, name: str, lied: Lied) -> None:
    """It verifies, but it is of something else: nothing is opened, and no opening is recorded."""
    other = service.send(service.draft(checkup_file(seed=8))).transfer
    evidence = export_subject(service.server.engine, other)
    lied.channel.lies = {f"/api/v1/subjects/{name}/evidence": lambda _: evidence}
    with pytest.raises(ProofError) as caught:
        transfers.opened(lied.gateway, lied.session, name, RESULT)

    assert caught.value.failure == "transfer.announcement"
    assert service.trail(name) == ["transfer.sent"]
