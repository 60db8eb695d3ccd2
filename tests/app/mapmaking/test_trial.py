"""Trying a draft on a file: findings with places, one cell's story, the words of a column, what would be signed."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256

import pytest

from akashi.app.checkup import mapdesk
from akashi.app.desk.maps import MapShelf
from akashi.app.mapmaking import trial
from akashi.checkup.errors import CellNotThere
from akashi.checkup.mapping.model import Decision
from akashi.checkup.tabular.explaining import ColumnUse
from akashi.exchange.errors import DocumentRefused
from akashi.identity.errors import NotPermitted
from akashi.identity.journal import Outcome
from akashi.identity.model import Role
from tests.app.service import CLINIC, SHELF, Service, checkup_file

FILE = checkup_file("hoshi", 6)


@pytest.fixture
def desk(service: Service) -> Service:
    """The clinic without any shipped map: every layout is new to it."""
    service.clinic.maps = MapShelf(service.clinic.paths.maps, approved=service.clinic._approved_maps)
    service.clinic.maps._shipped = []
    service.clinic.maps._items, service.clinic.maps._words = SHELF.items(), SHELF.words()
    return service


@pytest.fixture
def handle(desk: Service) -> str:
    """A draft whose sure columns are adopted and whose first column is not used."""
    session = desk.session(CLINIC)
    made = mapdesk.start_draft(desk.clinic, session, "kekka.csv", FILE)
    mapdesk.adopt_sure(desk.clinic, session, made, at_least=80)
    mapdesk.decide(desk.clinic, session, made, 1, Decision.IGNORE)
    return made


def test_a_trial_names_places(desk: Service, handle: str) -> None:
    """Each code that was counted has at most three places, with row and heading."""
    seen = trial.try_out(desk.clinic, desk.session(CLINIC), handle, FILE)
    counts = seen.preview.check.counts
    shown = {code: sum(one.code == code for one in seen.findings) for code in {one.code for one in seen.findings}}

    assert shown
    assert all(0 < shown[code] <= min(3, counts[code]) for code in shown)


def test_a_cell_tells_its_story(desk: Service, handle: str) -> None:
    """A column that is read says by which rule; one that is not used says so; what the file does not have is refused."""
    clinic, session = desk.clinic, desk.session(CLINIC)
    first = trial.story_in_draft(clinic, session, handle, FILE, (1, 1))
    second = trial.story_in_draft(clinic, session, handle, FILE, (1, 2))

    assert (first.cell.use, second.cell.use) == (ColumnUse.IGNORED, ColumnUse.READ)
    assert second.cell.readings[0].target == "visit.date"
    with pytest.raises(CellNotThere):
        trial.story_in_draft(clinic, session, handle, FILE, (7, 1))


def test_a_file_tells_by_the_map_that_converts_it(desk: Service, handle: str) -> None:
    """After approval the approved version tells; a program is no file."""
    clinic, session = desk.clinic, desk.session(CLINIC)
    made = mapdesk.approve(clinic, session, handle)
    story = trial.story_of_file(clinic, session, "kekka.csv", FILE, (1, 2))

    assert (story.layout_map.map_id, story.layout_map.version) == (made.map_id, 1)
    with pytest.raises(DocumentRefused):
        trial.story_of_file(clinic, session, "kekka.exe", b"MZ" + bytes(64), (1, 1))


def test_words_of_a_column_are_counted(desk: Service, handle: str) -> None:
    """Few words with their counts; nothing where nearly every cell is different or the column is not there."""
    clinic, session = desk.clinic, desk.session(CLINIC)
    found = mapdesk.show(clinic, session, handle)
    assert found.columns is not None
    sex = next(one.column for one in found.columns.columns if one.proposal.target == "person.sex")
    many = replace(found)
    words = trial.words_of(clinic, session, many, FILE, sex)
    ids = trial.words_of(clinic, session, many, checkup_file("hoshi", 80), 1)

    assert sum(count for _word, count in words) == 6
    assert ids == ()
    assert trial.words_of(clinic, session, many, FILE, 10_000) == ()


def test_what_is_signed_is_the_text_with_its_digest(desk: Service, handle: str) -> None:
    """The digest is of the text; the first version has nothing to differ from, the second says what changed; approval signs just that."""
    clinic, session = desk.clinic, desk.session(CLINIC)
    first = trial.to_sign(clinic, session, handle)
    made = mapdesk.approve(clinic, session, handle)
    again = mapdesk.start_draft(clinic, session, "kekka.csv", FILE)
    mapdesk.adopt_sure(clinic, session, again, at_least=80)
    second = trial.to_sign(clinic, session, again)

    assert first.digest == sha256(first.text.encode()).hexdigest()
    assert made.approval is not None
    assert made.approval.digest.hex() == first.digest
    assert first.changes is None
    assert second.changes
    assert second.layout_map.version == 2


def test_nothing_is_tried_without_the_right(desk: Service, handle: str) -> None:
    """An auditor neither tries nor asks for a story; the refusal is in the journal."""
    clinic = desk.clinic
    auditor = replace(desk.session(CLINIC), roles=Role.AUDITOR)
    calls = (
        lambda: trial.try_out(clinic, auditor, handle, FILE),
        lambda: trial.story_in_draft(clinic, auditor, handle, FILE, (1, 1)),
        lambda: trial.story_of_file(clinic, auditor, "a.csv", FILE, (1, 1)),
        lambda: trial.words_of(clinic, auditor, mapdesk.show(clinic, desk.session(CLINIC), handle), FILE, 1),
        lambda: trial.to_sign(clinic, auditor, handle),
    )
    for call in calls:
        with pytest.raises(NotPermitted):
            call()
    refused = [one for one in clinic.journal.entries(1) if one.outcome is Outcome.REFUSED]

    assert len(refused) >= len(calls)
