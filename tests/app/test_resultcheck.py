"""What the self check of conversion stands on: reading paper, papers to attach, the demonstration's new layout and its answers."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from akashi.api.faces import faces
from akashi.app import demo_maps
from akashi.app.conformity.library import books, judges
from akashi.app.demo_conformity import ANSWERS
from akashi.app.desk import conversion
from akashi.app.desk.maps import MapShelf
from akashi.app.desk.outputs import Kind
from akashi.app.resultcheck import papers, samples
from akashi.app.resultcheck.paper_text import pages_of, text_of
from akashi.app.selfcheck.wire import filled
from akashi.checkup import Status
from akashi.checkup.errors import LayoutUnknown
from akashi.checkup.readers.detection import FormatName
from akashi.checkup.report.paper import write_paper
from akashi.checkup.report.view import person_view
from akashi.conformity.model import Mode, Reply
from akashi.conformity.probing import Observed
from tests.app.service import CLINIC, Service

PEOPLE = 6


@pytest.fixture
def desk(service: Service) -> Service:
    """A clinic that takes its own approved maps, as a gateway in use does."""
    service.clinic.maps = MapShelf(service.clinic.paths.maps, approved=service.clinic._approved_maps)
    return service


def squeezed(text: str) -> str:
    """Without spaces, breaks and page ends."""
    return re.sub(r"[\s\u200b]+", "", text)


def test_paper_is_read_as_another_program_reads_it(service: Service, tmp_path: Path) -> None:
    """The signs that poppler finds in a PDF are the signs that the self check finds, and as many pages."""
    gateway = service.clinic
    view = person_view(samples.people(gateway)[:1], gateway.maps.items(), "ja")
    data = write_paper(view, gateway.clock.now_ms())
    (tmp_path / "one.pdf").write_bytes(data)
    done = subprocess.run(["pdftotext", "one.pdf", "-"], cwd=tmp_path, check=True, capture_output=True)
    theirs = done.stdout.decode()

    assert sorted(squeezed(text_of(data))) == sorted(squeezed(theirs))
    assert pages_of(data) == theirs.count("\f")


@pytest.mark.parametrize("data", [b"", b"%PDF-1.7\n1 0 obj<</Length 3>>stream\nBT \nendstream endobj", b"\x00" * 99])
def test_what_is_no_paper_of_ours_has_no_text(data: bytes) -> None:
    """Nothing is guessed and nothing breaks."""
    assert text_of(data) == ""


def test_the_samples_take_every_form(service: Service) -> None:
    """Value, not done, unmeasurable, below and above; a range, a mark and a doctor."""
    items = [one for record in samples.people(service.clinic) for one in record.items]

    assert {one.status for one in items} >= {
        Status.VALUE, Status.NOT_DONE, Status.UNMEASURABLE, Status.BELOW, Status.ABOVE,
    }  # fmt: skip
    assert any(one.low and one.high and one.flag for one in items)
    assert any(one.performer for one in items)


def test_the_list_of_formats_names_every_format_that_is_read(service: Service) -> None:
    """One line a format; the item table and every map with their versions."""
    text = papers.formats_paper(service.clinic).data.decode("utf-8-sig")

    for one in FormatName:
        assert (f"\n{one.value}," in text) is (one is not FormatName.UNKNOWN)
    assert service.clinic.maps.items().table_id in text
    assert all(one.map_id in text for one in service.clinic.maps.maps())


def test_a_trial_is_attached_as_it_was_seen() -> None:
    """The paper holds the facts, nothing more."""
    made = papers.tests_paper("試験.json", Observed({"people": 5, "formats": ("csv",)}, b"raw", "tool"))

    assert made.data == b'{\n "formats": [\n  "csv"\n ],\n "people": 5\n}'


def test_the_demos_layout_is_new_and_gets_a_map(desk: Service) -> None:
    """Refused before; drafted mostly right, finished by hand, approved; then everybody stands in every format."""
    clinic, session = desk.clinic, desk.session(CLINIC)
    data = demo_maps.unseen_file(clinic, PEOPLE)
    with pytest.raises(LayoutUnknown):
        conversion.make_draft(clinic, demo_maps.FILE, data)
    made = demo_maps.make_map(clinic, session, data)
    draft = conversion.make_draft(clinic, demo_maps.FILE, data, kinds=(Kind.HC08, Kind.FHIR))

    assert made.version.usable
    assert made.right >= made.columns * 0.8
    assert made.wrong + made.right + made.by_hand >= made.columns
    assert {one.people for one in draft.made} == {PEOPLE}
    assert draft.severities[0] == 0


def test_the_demo_answers_only_what_it_tries() -> None:
    """What its clerk answers needs a person, and its checks are on conversion, on what its people did, or on copies and the ledger; no word without a paper."""
    shelf, known = books().shelf, judges()
    asked = {(book, name): shelf.item(book, name) for book, name in ANSWERS}
    probes = {
        judge.probe for item in asked.values() for check in item.checks if (judge := known.find(check)) is not None
    }

    assert {name for (_, name), item in asked.items() if item.mode is not Mode.PARTLY} == {"11-1-1"}
    assert probes == {
        "formats", "standards", "results", "doors", "permissions", "canary", "resets", "proofs", "rights", "identity_checks", "visits",
        "copies", "outside", "disk_health", "ledger", "tamper", "records", "wrong_input",
    }  # fmt: skip
    assert all(named for _, named in ANSWERS.values())
    assert {reply for reply, _ in ANSWERS.values()} == {Reply.YES, Reply.PARTLY}


def test_every_route_can_be_asked(service: Service) -> None:
    """A place that takes a number gets one: else the refusal would be about the number, and the door not tried."""
    paths = {path for face in faces(service.clinic, service.server, service.clock) for _method, path in face.routes}

    assert not [path for path in paths if "{" in filled(path)]
    for path in paths:
        for place in ("version", "column"):
            assert f"{{{place}}}" not in path or "/1" in filled(path)
