"""Reports of access: complete, restricted, themselves recorded, and their reviews on the ledger."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from akashi.app.people import reports
from akashi.identity.errors import JournalDamaged, NotPermitted
from akashi.identity.journal import What
from akashi.identity.lifecycle.model import AccessVerdict
from akashi.identity.lifecycle.reporting import Mark
from akashi.ledger.errors import Refused
from tests.app.people.staff import Staff, Ward, again, staffed
from tests.app.service import Cast, Service, copied

HOUR_MS = 3_600_000


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


def test_who_read_what_when(service: Service, staff: Staff) -> None:
    """Sessions with their begin, and each person's records with counts."""
    journal, now = service.clinic.journal, service.clock.now_ms()
    for _ in range(2):
        journal.record(What.OPENED, session=staff.nurse, subject="tr-00000001")
    found = reports.shown(service.clinic, staff.boss, 0, now + 1)
    assert [(one.person, one.subject, one.count) for one in found.touched] == [(staff.nurse.person, "tr-00000001", 2)]
    assert {staff.nurse.person, staff.boss.person} <= {one.person for one in found.stays}


def test_what_is_unusual_is_marked(service: Service, staff: Staff) -> None:
    """Late, refused, and more records than on a usual day (once)."""
    clinic, morning = service.clinic, service.clock.now_ms()
    for number in range(52):
        clinic.journal.record(What.READ, session=staff.nurse, subject=f"tr-{number:08d}")
    with pytest.raises(NotPermitted):
        clinic.accounts.require(staff.nurse, "person.decide")
    late = morning - morning % (24 * HOUR_MS) + 13 * HOUR_MS
    clinic.journal.record(What.OPENED, session=staff.head, subject="tr-00000001", at_ms=late)
    found = reports.shown(clinic, staff.boss, 0, late + 1)
    marks = [(one.person, one.mark) for one in found.marks]
    assert marks.count((staff.nurse.person, Mark.MANY_SUBJECTS)) == 1
    assert (staff.nurse.person, Mark.REFUSED) in marks
    assert (staff.head.person, Mark.OUTSIDE_HOURS) in marks


def test_reading_a_report_is_in_the_journal(service: Service, staff: Staff) -> None:
    """Who looks at others' access is seen too."""
    reports.shown(service.clinic, staff.boss, 0, service.clock.now_ms() + 1)
    last = list(service.clinic.journal.entries())[-1]
    assert (last.what, last.person) == (What.REPORT_READ, staff.boss.person)


def test_access_to_reports_is_restricted(service: Service, staff: Staff) -> None:
    """Attack: a nurse reads reports; a manager signs their own oversight."""
    with pytest.raises(NotPermitted):
        reports.shown(service.clinic, staff.nurse, 0, 1)
    with pytest.raises(NotPermitted):
        reports.reviewed(service.clinic, staff.boss, 0, 1, AccessVerdict.EXPLAINED)


def test_a_review_is_an_operation(service: Service, staff: Staff) -> None:
    """Period, journal head, count of marks, verdict and reviewer; listed from the ledger, and only once for a period."""
    now = service.clock.now_ms()
    service.clock.advance(60_000)
    planner = again(service.clinic, staff.planner)
    reports.reviewed(service.clinic, planner, 0, now + 1, AccessVerdict.NOTHING_TO_NOTE)
    found = reports.reviews(service.clinic, planner)
    assert [(one.to_ms, one.by, one.verdict) for one in found] == [
        (now + 1, planner.person, AccessVerdict.NOTHING_TO_NOTE)
    ]
    with pytest.raises(Refused):
        reports.reviewed(service.clinic, planner, 0, now + 1, AccessVerdict.EXPLAINED)


@pytest.mark.parametrize("period", [(5, 5), (5, 4), (-1, 4)])
def test_a_period_has_a_length(service: Service, staff: Staff, period: tuple[int, int]) -> None:
    """Attack: times that are none."""
    with pytest.raises(reports.PeriodUnusable):
        reports.shown(service.clinic, staff.boss, *period)


def test_an_altered_journal_makes_no_report(service: Service, staff: Staff) -> None:
    """Attack: cutting an entry out before anybody looks."""
    with service.clinic.database.transaction() as db:
        db.execute("DROP TRIGGER journal_no_delete")
        db.execute("DELETE FROM journal WHERE number = 3")
    with pytest.raises(JournalDamaged):
        reports.shown(service.clinic, staff.boss, 0, service.clock.now_ms())
