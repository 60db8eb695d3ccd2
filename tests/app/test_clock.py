"""A clock that steps back: nothing is accepted under a wrong time, nothing is lost, and it goes on afterwards."""

from __future__ import annotations

import pytest

from akashi.app.wiring import KINDS
from akashi.exchange.errors import Unacknowledged
from akashi.exchange.outbox import Resumed
from akashi.identity.model import InstitutionRole
from akashi.ledger.audit import audit
from akashi.ledger.errors import ClockStepped, Refused
from akashi.ledger.registry import ClockWasStepped, StepReason
from tests.app.service import Service, checkup_file

STEP_MS = 10 * 60_000


@pytest.fixture
def impatient(service: Service, monkeypatch: pytest.MonkeyPatch) -> Service:
    """A service whose gateways do not wait between tries, with something on its ledger already."""
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    service.clock.advance(STEP_MS)  # certificates are older than the step, as they are in life
    service.send(service.draft(checkup_file(seed=1)))
    return service


def _say_something(service: Service) -> None:
    service.server.register_institution("架空薬局", "", int(InstitutionRole.RECEIVER))


def test_a_step_back_is_refused_and_nothing_is_lost(impatient: Service) -> None:
    """Ten minutes back: refused at the ledger, kept at the gateway as 未確定, delivered once when the clock is right again."""
    service = impatient
    draft = service.draft(checkup_file(seed=2))
    size = service.server.engine.size
    service.clock.advance(-STEP_MS)
    with pytest.raises(ClockStepped):
        _say_something(service)
    with pytest.raises(Unacknowledged):
        service.send(draft)
    during = service.server.engine.size
    waiting = service.clinic.exchange.pending()
    service.clock.advance(STEP_MS)
    resumed = service.clinic.exchange.resume()
    opened = service.open(next(item.transfer for item in waiting if item.kind == "transfer.sent"))

    assert during == size
    assert [item.kind for item in waiting if item.state == "pending"] == ["transfer.sent"]
    assert resumed == Resumed(acknowledged=1)
    assert service.clinic.exchange.pending() == []
    assert opened.documents == draft.documents


def test_the_secretariat_lets_a_right_clock_go_on(impatient: Service) -> None:
    """The clock had been ahead: the secretariat records the step, block times do not run back, and the audit is clean."""
    service = impatient
    now = service.clock.now_ms()
    service.clock.advance(-STEP_MS)
    with pytest.raises(ClockStepped):
        _say_something(service)
    service.server.author.submit(ClockWasStepped(now, now - STEP_MS, StepReason.WAS_AHEAD))
    sent = service.send(service.draft(checkup_file(seed=2)))
    blocks = [step.block_ms for step in service.clinic.exchange.show(sent.transfer).trail]

    assert blocks == [now]
    assert audit(service.server.paths.ledger, KINDS).clean


def test_only_the_secretariat_may_say_so(impatient: Service) -> None:
    """A member's gateway cannot turn the check off."""
    service = impatient
    now = service.clock.now_ms()
    service.clock.advance(-STEP_MS)
    with pytest.raises(Refused) as caught:
        service.clinic.author.submit(ClockWasStepped(now, now - STEP_MS, StepReason.WAS_AHEAD))
    with pytest.raises(ClockStepped):
        _say_something(service)

    assert caught.value.reason
