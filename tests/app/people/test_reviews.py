"""The periodic review of accounts over a real gateway: found, decided, in force, closed, due again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from akashi.app.people import reviews, rights
from akashi.identity.errors import NotPermitted, SessionEnded
from akashi.identity.lifecycle.errors import NoSuchRecord, ReviewOpen
from akashi.identity.lifecycle.model import Decision, Finding
from akashi.identity.model import Role
from akashi.identity.presence.model import AlertKind
from tests.app.people.staff import Staff, Ward, again, device, staffed
from tests.app.service import DAY_MS, Cast, Service, copied


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


def _found(service: Service, staff: Staff, review: str) -> set[tuple[str, Finding]]:
    return {(one.found.subject, one.found.finding) for one in reviews.lines(service.clinic, staff.boss, review)}


def test_what_is_odd_is_found(service: Service, staff: Staff) -> None:
    """A never used account, one without a department, a device whose person left."""
    clinic = service.clinic
    idle = clinic.accounts.add_person(login="hima", name="架空 暇", roles=Role.OPERATOR)
    orphan, _ = device(service, clinic, staff.nurse.person)
    rights.left(clinic, staff.boss, staff.nurse.person)
    service.clock.advance(20 * DAY_MS)
    found = {(one.subject, one.finding) for one in clinic.people.reviews.look(90)}
    assert {
        (idle, Finding.NEVER_USED),
        (idle, Finding.NO_DEPARTMENT),
        (orphan, Finding.ORPHANED),
        (staff.planner.person, Finding.NO_DEPARTMENT),
    } <= found
    assert staff.nurse.person not in {subject for subject, _ in found}


def test_dormant_accounts_and_unused_roles(service: Service, staff: Staff) -> None:
    """After the days of the setting without a sign-in an account is dormant; a manager who never managed has a role too many."""
    service.clock.advance(91 * DAY_MS)
    found = {one.subject: one for one in service.clinic.people.reviews.look(90) if one.finding is Finding.DORMANT}
    assert found[staff.nurse.person].detail == 91


def test_disabling_throws_a_live_session_out(service: Service, staff: Staff) -> None:
    """The decision is in force at the person's next request."""
    made = reviews.opened(service.clinic, staff.boss)
    subject, finding = next(
        one for one in sorted(_found(service, staff, made.handle)) if one[0] == staff.planner.person
    )
    reviews.decided(service.clinic, staff.boss, made.handle, subject, finding, Decision.DISABLE)
    with pytest.raises(SessionEnded):
        again(service.clinic, staff.planner)


def test_a_review_from_opening_to_the_next(service: Service, staff: Staff) -> None:
    """It does not close with open findings; closed, the next one is due after the setting's days, and overdue it is an alert."""
    clinic = service.clinic
    made = reviews.opened(clinic, staff.boss)
    with pytest.raises(ReviewOpen):
        reviews.closed(clinic, staff.boss, made.handle)
    for subject, finding in _found(service, staff, made.handle):
        by = staff.planner if subject == staff.boss.person else staff.boss
        reviews.decided(clinic, by, made.handle, subject, finding, Decision.KEEP_NEEDED, note="=兼務のため")
    done = reviews.closed(clinic, staff.boss, made.handle)
    assert done.decided == made.count > 0
    assert not reviews.remind(clinic)
    service.clock.advance(180 * DAY_MS)
    assert reviews.remind(clinic)
    assert AlertKind.REVIEW_OVERDUE in [one.kind for one in clinic.people.alerts.open()]


def test_it_can_be_taken_out(service: Service, staff: Staff) -> None:
    """CSV for spreadsheets, in which a note is no formula, and JSON."""
    clinic = service.clinic
    made = reviews.opened(clinic, staff.boss)
    subject, finding = next(one for one in _found(service, staff, made.handle) if one[0] == staff.planner.person)
    reviews.decided(clinic, staff.boss, made.handle, subject, finding, Decision.KEEP_NEEDED, note="=1+1")
    table = b"".join(reviews.taken_out(clinic, staff.boss, made.handle).pieces).decode("utf-8-sig")
    rows = json.loads(b"".join(reviews.taken_out(clinic, staff.boss, made.handle, as_json=True).pieces))
    assert ",'=1+1" in table
    assert [row["note"] for row in rows if row["subject"] == subject and row["note"]] == ["=1+1"]


def test_only_findings_of_the_review_are_decided(service: Service, staff: Staff) -> None:
    """Attack: a review as a way round everything else to stop somebody it did not name."""
    made = reviews.opened(service.clinic, staff.boss)
    with pytest.raises(NoSuchRecord):
        reviews.decided(service.clinic, staff.boss, made.handle, staff.nurse.person, Finding.DORMANT, Decision.DISABLE)


def test_it_needs_the_role(service: Service, staff: Staff) -> None:
    """Attack: a nurse opens a review."""
    with pytest.raises(NotPermitted):
        reviews.opened(service.clinic, staff.nurse)
