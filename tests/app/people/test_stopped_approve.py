"""Who was stopped approves nothing, though their key was never revoked: at the engine, and again when the ledger is replayed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest

from akashi.app.config import server_paths
from akashi.app.wiring import KINDS
from akashi.identity.events import PersonDisabled, PersonRegistered
from akashi.identity.model import PersonReason, Role
from akashi.ledger.audit import audit
from akashi.ledger.errors import Refused
from akashi.ledger.model import Approval, Statement, operation_id
from akashi.ledger.wire.envelope import encode_statement
from akashi.signatures.events import DocumentSigned
from akashi.signatures.model import Level
from tests.app.people.test_signing import enrolled
from tests.app.service import CLINIC, PAYER, Service
from tests.vectors.people import PersonKey
from tests.vectors.world import P256Key

T = TypeVar("T")
COLLEAGUE = "per-colleague0"


class _By:
    """Somebody's passkey approves what is said, whoever the actor is."""

    answering: tuple[bytes, ...] = ()

    def __init__(self, key: PersonKey) -> None:
        self._key = key

    def prepared(self, _name: str, make: Callable[[], T]) -> T:
        """There is one run only."""
        return make()

    def settle(self, composed: Statement) -> tuple[Statement, tuple[Approval, ...]]:
        """``composed`` itself, approved."""
        return composed, (self._key.approve(operation_id(encode_statement(composed))),)


def _colleague(service: Service, part: str = CLINIC) -> PersonKey:
    """An operator of ``part`` with a passkey that the clinic enrolled."""
    gateway = service.gateway(part)
    gateway.author.submit(PersonRegistered(COLLEAGUE, gateway.institution, int(Role.OPERATOR)), subject=COLLEAGUE)
    return enrolled(service, PersonKey(P256Key("colleague"), COLLEAGUE))


def _stop(service: Service) -> None:
    """The ledger stops the person; the gateway forgets to revoke their keys."""
    service.clinic.author.submit(PersonDisabled(COLLEAGUE, PersonReason.LEFT), subject=COLLEAGUE)


def _sign(service: Service, key: PersonKey, number: int = 1) -> None:
    """The clinic's manager signs a document, which ``key`` approves."""
    body = DocumentSigned(bytes([number]) * 32, bytes([number]) * 32, bytes(32), Level.B_LT)
    service.clinic.author.submit(body, person=service.cast.persons[CLINIC], approving=_By(key))


def _reason(service: Service, key: PersonKey) -> str:
    with pytest.raises(Refused) as caught:
        _sign(service, key)
    return caught.value.reason


def _replayed(service: Service, home: Path) -> list[str]:
    return [one.failure for one in audit(server_paths(home).ledger, KINDS).findings]


def test_who_is_at_work_approves(service: Service) -> None:
    """A colleague's approval stands, and the replay agrees."""
    _sign(service, _colleague(service))
    assert _replayed(service, service.home) == []


def test_who_was_stopped_approves_nothing(service: Service) -> None:
    """Attack: somebody left, their key was not revoked, and an operation comes with their approval."""
    key = _colleague(service)
    _stop(service)
    assert _reason(service, key) == "approval.person"


def test_what_was_approved_before_stays(service: Service) -> None:
    """Who leaves takes nothing back: earlier approvals are judged at their own leaf."""
    key = _colleague(service)
    _sign(service, key)
    _stop(service)
    assert _replayed(service, service.home) == []


@pytest.mark.parametrize("part", [PAYER, ""])
def test_people_of_elsewhere_and_nobody_approve_nothing(service: Service, part: str) -> None:
    """Attack: a gateway enrols a key for a handle that is another institution's, or nobody's at all."""
    key = _colleague(service, part) if part else enrolled(service, PersonKey(P256Key("nobody"), "per-nobody00"))
    assert _reason(service, key) == "approval.person"


def test_an_engine_that_lets_it_pass_is_found_by_the_replay(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    """Attack: the server's own engine takes the approval of somebody who was stopped; the auditor's does not."""
    key = _colleague(service)
    _stop(service)
    with monkeypatch.context() as lax:
        lax.setattr(KINDS, "is_active", lambda *_: True)
        _sign(service, key)
    assert "approval.person" in _replayed(service, service.home)
