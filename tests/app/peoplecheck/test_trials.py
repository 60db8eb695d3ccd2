"""The self check in an institution where rights are applied for, and the count of what people signed themselves."""

from __future__ import annotations

import pytest

from akashi.app.peoplecheck import demo_people
from akashi.app.peoplecheck.signatures import signed_share
from akashi.app.selfcheck.context import SelfContext
from akashi.app.selfcheck.ledgers import Line
from akashi.app.selfcheck.trial import is_active, trial_person
from akashi.identity.errors import NotPermitted
from akashi.identity.lifecycle.model import DepartmentKind
from akashi.identity.model import Role
from akashi.ledger.model import Actor, ApprovalKind, Auth, AuthMethod, Statement
from akashi.ledger.wire.envelope import parse_operation
from akashi.ledger.wire.leaf import parse_leaf
from tests.app.people.staff import hired
from tests.app.service import CLINIC, Service

ME, OTHER, HOUSE = "per-0000000000me", "per-000000000you", "inst-00000000000"


def test_trials_where_rights_are_applied_for(service: Service) -> None:
    """Where there are departments a test account is made in the institution's name, for whoever manages people; for nobody else."""
    gateway, boss = service.clinic, service.session(CLINIC)
    head = hired(gateway, "shunin", Role.APPROVER)
    gateway.people.lifecycle.register_department("病棟", head.person, DepartmentKind.CLINICAL, boss)
    here = SelfContext(gateway, service.server, service.home, by=boss)

    with trial_person(here) as trial:
        assert is_active(here, trial.person)
    assert not is_active(here, trial.person)
    with (
        pytest.raises(NotPermitted),
        trial_person(SelfContext(gateway, service.server, service.home, by=head)),
    ):
        pass


def test_a_use_case_is_signed_by_its_person(service: Service) -> None:
    """The demonstration's way: asked, answered with the software authenticator, on the ledger as the person's own."""
    boss = demo_people.hold_key(service.clinic, service.session(CLINIC))
    staff = demo_people.hire(service.clinic, boss)
    (entry,) = service.clinic.ledger.entries(staff.department)
    operation = parse_operation(parse_leaf(entry.leaf).envelope)
    held = service.clinic.accounts.factors.factors(boss.session.person)

    assert [one.label for one in held if one.spki] == [demo_people.LABEL]
    assert operation.statement.kind == "department.registered"
    assert [one.kind for one in operation.approvals] == [ApprovalKind.PASSKEY]


def _line(
    index: int, kind: str, subject: str, approvals: int = 0, method: AuthMethod = AuthMethod.PASSWORD_TOTP
) -> Line:
    said = Statement(bytes(32), kind, 1, Actor(HOUSE, ME), Auth(method, 0), subject, {}, 0, 1, bytes(16))
    return Line(
        index=index, height=0, block_ms=0, accepted=True, statement=said, operation=bytes(32), approvals=approvals
    )


def test_what_could_have_been_signed_and_was_not() -> None:
    """Before somebody has a key nothing is missing; afterwards it is, but for those who came in without what they would sign with."""
    facts = signed_share(
        [
            _line(0, "transfer.sent", "tr-1"),
            _line(1, "key.enrolled", ME),
            _line(2, "transfer.sent", "tr-2", approvals=1),
            _line(3, "transfer.opened", "tr-3"),
            _line(4, "transfer.sent", "tr-4", method=AuthMethod.TEMPORARY),
            _line(5, "person.registered", OTHER),
            _line(6, "key.revoked", ME),
        ],
        {OTHER},
    )

    assert (facts["operations"], facts["operations.signed"]) == (5, 1)
    assert (facts["transfers"], facts["transfers.signed"]) == (4, 1)
    assert (facts["holders.operations"], facts["holders.unsigned"]) == (3, 1)
    assert facts["kinds.unsigned"] == ("transfer.opened",)
