"""Rights as people use them: applied for, decided, confirmed, left; each felt at the very next request."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import pytest

from akashi.app.people import rights
from akashi.errors import NotFound
from akashi.identity.errors import LoginTaken, NotPermitted, SessionEnded
from akashi.identity.journal import Outcome, What
from akashi.identity.lifecycle.errors import NoSuchRecord, RequestUnusable
from akashi.identity.lifecycle.model import RightsReason, RightsRequest, RightsStage, Verdict
from akashi.identity.model import Job, Role, Session
from akashi.identity.presence.model import AlertKind
from akashi.ledger.errors import Refused
from akashi.ledger.keyring.approving import ApprovalWanted
from akashi.ledger.model import Approval, Statement
from tests.app.people.staff import Staff, Ward, again, device, signed_in, staffed
from tests.app.service import DAY_MS, PAYER, Cast, Service, copied

T = TypeVar("T")
SECRET_BASIS = "産休の架空さんの代わりに入るため"


@pytest.fixture
def service(ward_home: tuple[Path, Cast, Ward], tmp_path: Path) -> Iterator[Service]:
    """An opened copy of a home whose clinic has a ward."""
    home, cast, _ = ward_home
    with Service(copied(home, tmp_path / "home"), cast) as opened:
        yield opened


@pytest.fixture
def staff(service: Service, ward_home: tuple[Path, Cast, Ward]) -> Staff:
    """The ward's people."""
    return staffed(service, ward_home[2])


def _applied(service: Service, staff: Staff, by: Session, **changes: object) -> RightsRequest:
    terms: dict[str, object] = {
        "department": staff.ward,
        "roles": Role.OPERATOR | Role.APPROVER,
        "job": Job.NURSE,
        "basis": SECRET_BASIS,
    }
    return rights.applied(service.clinic, by, **(terms | changes))  # type: ignore[arg-type]  # names of parameters


def _approved(service: Service, by: Session, request: str) -> RightsRequest:
    return rights.decided(service.clinic, by, request, Verdict.APPROVED, RightsReason.WORK_NEEDS_IT)


def test_an_approval_reaches_a_live_session(service: Service, staff: Staff) -> None:
    """The person who is signed in has the roles at their next request, without signing in again."""
    made = _applied(service, staff, staff.head, person=staff.nurse.person)
    before = again(service.clinic, staff.nurse).roles
    _approved(service, staff.boss, made.handle)
    assert (before, again(service.clinic, staff.nurse).roles) == (Role.OPERATOR, Role.OPERATOR | Role.APPROVER)


def test_rights_for_a_time_leave_a_live_session(service: Service, staff: Staff) -> None:
    """When the time has passed, the next request has the old roles."""
    now = service.clock.now_ms()
    made = _applied(service, staff, staff.head, person=staff.nurse.person, roles=Role.MANAGER, until_ms=now + 60_000)
    _approved(service, staff.boss, made.handle)
    during = again(service.clinic, staff.nurse).roles
    service.clock.advance(60_000)
    assert (during, again(service.clinic, staff.nurse).roles) == (Role.MANAGER, Role.OPERATOR)


def test_a_newcomer_gets_an_account_with_the_approval(service: Service, staff: Staff) -> None:
    """Before it there is none; after it they can be given secrets and sign in."""
    made = _applied(service, staff, staff.nurse, login="shinjin", name="架空 新人", roles=Role.OPERATOR)
    assert service.clinic.accounts.person_of_login("shinjin") is None
    _approved(service, staff.boss, made.handle)
    assert signed_in(service.clinic, made.person).roles == Role.OPERATOR


def test_a_crash_between_approval_and_account_heals(service: Service, staff: Staff) -> None:
    """The approval is on the ledger, the account missing: settling makes it, once."""
    made = _applied(service, staff, staff.nurse, login="shinjin", name="架空 新人", roles=Role.OPERATOR)
    lifecycle = service.clinic.people.lifecycle
    from_events = rights.decided
    lifecycle._people.insert_person = lambda *_: None  # type: ignore[method-assign]  # the crash
    from_events(service.clinic, staff.boss, made.handle, Verdict.APPROVED, RightsReason.WORK_NEEDS_IT)
    del lifecycle._people.insert_person
    assert (lifecycle.settle(), lifecycle.settle()) == (1, 0)
    assert service.clinic.accounts.person_of_login("shinjin") == made.person


def test_a_login_is_reserved_and_never_reused(service: Service, staff: Staff) -> None:
    """Attack: applying for a login that is applied for, in use, or belonged to somebody who left."""
    _applied(service, staff, staff.nurse, login="shinjin", name="架空 新人")
    rights.left(service.clinic, staff.boss, staff.nurse.person)
    for login in ("shinjin", "shunin", "kango"):
        with pytest.raises(LoginTaken):
            _applied(service, staff, staff.head, login=login, name="架空 別人")


def test_a_refused_newcomer_leaves_no_account(service: Service, staff: Staff) -> None:
    """Nothing was made, and the login may be applied for again."""
    made = _applied(service, staff, staff.nurse, login="shinjin", name="架空 新人")
    rights.decided(service.clinic, staff.boss, made.handle, Verdict.REFUSED, RightsReason.NOT_NEEDED)
    second = _applied(service, staff, staff.nurse, login="shinjin", name="架空 新人")
    assert second.person != made.person


def test_nobody_approves_their_own(service: Service, staff: Staff) -> None:
    """Attack: a manager applies and approves; the ledger refuses and the journal has it."""
    made = _applied(service, staff, staff.boss, person=staff.nurse.person)
    with pytest.raises(Refused):
        _approved(service, staff.boss, made.handle)
    last = list(service.clinic.journal.entries())[-1]
    assert (last.what, last.outcome, last.subject) == (What.RIGHTS_DECIDED, Outcome.REFUSED, made.handle)


def test_deciding_needs_the_role(service: Service, staff: Staff) -> None:
    """Attack: a nurse approves."""
    made = _applied(service, staff, staff.head, person=staff.nurse.person)
    with pytest.raises(NotPermitted):
        _approved(service, staff.nurse, made.handle)


def test_a_mismatch_is_an_alert_and_takes_the_rights_away(service: Service, staff: Staff) -> None:
    """The ward's head sees something else than was applied for: suspended at the next request."""
    made = _applied(service, staff, staff.nurse, person=staff.nurse.person)
    _approved(service, staff.boss, made.handle)
    found = rights.confirmed(service.clinic, staff.head, made.handle, matches=False)
    assert (found.stage, again(service.clinic, staff.nurse).roles) == (RightsStage.SUSPENDED, Role.OPERATOR)
    assert AlertKind.RIGHTS_MISMATCH in [one.kind for one in service.clinic.people.alerts.open()]


def test_who_leaves_is_out_at_the_next_request(service: Service, staff: Staff) -> None:
    """Sessions end, and what they answered for is told: devices, departments, open transfers."""
    handle, _ = device(service, service.clinic, staff.head.person)
    gone = rights.left(service.clinic, staff.boss, staff.head.person)
    assert (gone.left.devices, gone.left.departments, gone.left.sessions) == ((handle,), (staff.ward,), 1)
    with pytest.raises(SessionEnded):
        again(service.clinic, staff.head)
    assert AlertKind.DEVICE_ORPHANED in [one.kind for one in service.clinic.people.alerts.open()]


def test_leaving_twice_is_leaving(service: Service, staff: Staff) -> None:
    """A crash in between is healed by doing it again."""
    rights.left(service.clinic, staff.boss, staff.nurse.person)
    assert rights.left(service.clinic, staff.boss, staff.nurse.person).left.person == staff.nurse.person


def test_reasons_and_names_do_not_reach_the_ledger(service: Service, staff: Staff) -> None:
    """The basis and the newcomer's name are in no byte of the operation, nor of the gateway's database in the clear."""
    made = _applied(service, staff, staff.nurse, login="shinjin", name="架空 新人")
    envelopes = b"".join(entry.leaf for entry in service.clinic.ledger.entries(made.handle))
    files = b"".join(path.read_bytes() for path in service.clinic.paths.root.glob("gateway.db*"))
    for text in (SECRET_BASIS, "新人"):
        assert text.encode() not in envelopes + files
    assert rights.application(service.clinic, staff.boss, made.handle).texts.basis == SECRET_BASIS


def test_another_institution_does_not_find_it(service: Service, staff: Staff) -> None:
    """Attack: naming another institution's application, or something that is no handle."""
    made = _applied(service, staff, staff.nurse, person=staff.nurse.person)
    for name in (made.handle, "req-none0000", "../x\n"):
        with pytest.raises(NotFound):
            rights.application(service.payer, service.session(PAYER), name)


@pytest.mark.parametrize("name", ["", "病棟", "dep-", "per-aaaaaaaaaaaaaaaaaaaa", "dep-" + "a" * 40, "../x\n"])
def test_what_is_no_department_is_not_found(service: Service, staff: Staff, name: str) -> None:
    """A mistyped department, or some other handle in its place, is an unknown record in words and not a fault of the encoding."""
    gateway, boss, nurse = service.clinic, staff.boss, staff.nurse.person
    for attempt in (
        lambda: rights.placed(gateway, boss, nurse, name, Job.NURSE),
        lambda: rights.department_changed(gateway, boss, name, staff.head.person),
        lambda: rights.department_closed(gateway, boss, name),
        lambda: rights.department_changed(gateway, boss, staff.ward, name.replace("per-", "dev-")),
        lambda: _applied(service, staff, staff.nurse, person=nurse, department=name),
    ):
        with pytest.raises(NoSuchRecord):
            attempt()


def test_an_empty_reason_is_no_application(service: Service, staff: Staff) -> None:
    """An application says why, in words that can be written down."""
    for basis in ("  ", "\udc90X"):
        with pytest.raises(RequestUnusable):
            _applied(service, staff, staff.nurse, person=staff.nurse.person, basis=basis)


def test_a_year_is_the_longest_time(service: Service, staff: Staff) -> None:
    """Attack: rights for a time that never end; nothing stays of the application."""
    until = service.clock.now_ms() + 400 * DAY_MS
    with pytest.raises(Refused):
        _applied(service, staff, staff.nurse, login="shinjin", name="架空 新人", until_ms=until)
    assert _applied(service, staff, staff.nurse, login="shinjin", name="架空 新人").stage is RightsStage.REQUESTED


class _AskedOnce:
    """Approves in the second run, as a browser's person does, and keeps what the first run prepared."""

    answering: tuple[bytes, ...] = ()

    def __init__(self) -> None:
        self.made: dict[str, object] = {}
        self.shown: list[Statement] = []

    def prepared(self, name: str, make: Callable[[], T]) -> T:
        """The same in both runs."""
        return self.made.setdefault(name, make())  # type: ignore[return-value]  # what the same call made

    def settle(self, composed: Statement) -> tuple[Statement, tuple[Approval, ...]]:
        """Ask first."""
        self.shown.append(composed)
        if len(self.shown) == 1:
            raise ApprovalWanted(bytes(32), composed, ())
        return composed, ()


def test_what_is_shown_is_what_is_signed(service: Service, staff: Staff) -> None:
    """A person who signs in a browser is asked first: the second run says the very same, and the newcomer's login is still free."""
    asking = _AskedOnce()
    nurse = replace(staff.nurse, approving=asking)
    with pytest.raises(ApprovalWanted):
        _applied(service, staff, nurse, login="shinjin", name="架空 新人")
    made = _applied(service, staff, nurse, login="shinjin", name="架空 新人")
    assert asking.shown[0].body == asking.shown[1].body
    assert made.handle == asking.shown[0].body[1]
