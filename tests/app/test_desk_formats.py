"""The desk takes every format and makes what was chosen: names, counts, what is left out, and what is refused."""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from akashi.app.desk import making
from akashi.app.desk.conversion import FindingsForm, Kind, findings_taken, look_at, make_draft
from akashi.app.desk.drafts import Draft
from akashi.app.desk.maps import today
from akashi.app.desk.outputs import Job, KindUnknown, Sender, kinds_of, sole_insurer, written
from akashi.app.directory import DirectoryEntry
from akashi.app.errors import DraftMissing
from akashi.checkup import NeutralRecord
from akashi.checkup.archive.reception import check_archive
from akashi.checkup.errors import FormatUnknown
from akashi.checkup.fhir.checker import check_bundle
from akashi.checkup.fhir.strict_json import parse
from akashi.checkup.findings import FindingLog
from akashi.checkup.tabular.convert import read_records
from akashi.errors import AkashiError
from akashi.identity.journal import What
from tests.app.service import CLINIC, PAYER, START, Service, checkup_file, encoded, rows_of

INSURER = "99000001"
GUIDANCE = Path(__file__).parents[1] / "checkup" / "archive" / "golden"


def made(service: Service, data: bytes, *kinds: Kind) -> Draft:
    """A draft for the payer."""
    return make_draft(service.clinic, "kekka.csv", data, receiver=service.cast.handles[PAYER], kinds=kinds)


def same_insurer(insurer: str = INSURER, people: int = 3) -> bytes:
    """People who are all insured by one insurer."""
    heads, rows = rows_of("midori", people)
    column = heads[1].index("保険者番号")
    for row in rows:
        row[column] = insurer
    return encoded(heads, iter(rows))


def as_format(service: Service, kind: Kind) -> bytes:
    """Three people in another format."""
    gateway, on = service.clinic, today(START)
    layout = next(one for one in gateway.maps.shipped() if one.map_id.startswith("midori"))
    data = same_insurer()
    items, definition = gateway.maps.items(), gateway.maps.definition()
    sender = Sender("1319999901", "架空健診センター", START, INSURER)
    job = Job(
        lambda: read_records(io.BytesIO(data), layout, on=on, items=items), sender, items, definition, lambda _one: None
    )
    return written(kind, job)[0].data


def names_of(data: bytes) -> list[str]:
    """What a zip holds."""
    with zipfile.ZipFile(io.BytesIO(data)) as opened:
        return opened.namelist()


@pytest.mark.parametrize(
    ("kind", "format_name", "people"),
    [
        (Kind.CSV, "akashi-csv", 3), (Kind.JMA, "jma", 3), (Kind.FKAC, "fkac522", 1), (Kind.ARCHIVE, "archive", 3),
        (Kind.FHIR, "echeckup", 3),
    ],
)  # fmt: skip
def test_a_file_of_any_format_becomes_a_draft(service: Service, kind: Kind, format_name: str, people: int) -> None:
    """It is recognised by its content, checked, and becomes the standard CSV for all of its people."""
    draft = made(service, as_format(service, kind))

    assert (draft.format, draft.report.rows_out, draft.severities[0]) == (format_name, people, 0)
    assert dict(draft.documents)["standard.csv"].count(b"\r\n") == people + 1
    assert draft.report.map_id == f"format:{format_name}"


def test_a_fhir_document_becomes_a_draft(service: Service) -> None:
    """One Bundle is one person; the archive made from it has that person."""
    with zipfile.ZipFile(io.BytesIO(as_format(service, Kind.FHIR))) as opened:
        bundle = opened.read(opened.namelist()[0])
    draft = made(service, bundle, Kind.ARCHIVE)

    assert (draft.format, draft.report.rows_out) == ("echeckup", 1)
    assert [one.kind for one in draft.made] == ["csv", "archive"]


def test_guidance_stays_guidance(service: Service) -> None:
    """A 特定保健指導 document becomes an archive of guidance, read back as such; FHIR, which has no such report, is not made of it."""
    data = (GUIDANCE / "guidance.xml").read_bytes()
    draft = made(service, data, Kind.ARCHIVE, Kind.FHIR)
    names = names_of(dict(draft.documents)[draft.made[1].name])

    assert draft.format == "hg08"
    assert draft.made[1].name.endswith("_2.zip")
    assert [name.split("/")[-1][0] for name in names] == ["g", "i"]
    assert [one.kind for one in draft.made] == ["csv", "archive"]


def test_the_archive_is_named_after_the_receivers_number(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    """An insurer that the directory lists as 00 and its number is the receiver; the receiver's checks find nothing."""
    entries = [
        replace(one, number=f"00{INSURER}") if one.handle == service.cast.handles[PAYER] else one
        for one in service.clinic.directory.entries()
    ]
    monkeypatch.setattr(type(service.clinic.directory), "entries", lambda _self: entries)
    draft = made(service, checkup_file(), Kind.ARCHIVE)
    archive, log = draft.made[1], FindingLog()
    check_archive(
        io.BytesIO(dict(draft.documents)[archive.name]), service.clinic.maps.items(), name=archive.name, finding_sink=log.add
    )  # fmt: skip

    assert archive.name == f"1319999901_{INSURER}_{today(START):%Y%m%d}0_1.zip"
    assert (archive.kind, archive.people) == ("archive", 5)
    assert log.counts() == {}


def test_the_second_archive_of_a_day_has_another_name(service: Service) -> None:
    """The gateway knows what it sent today and counts on."""
    first = made(service, same_insurer(), Kind.ARCHIVE)
    service.send(first)
    second = made(service, same_insurer(people=4), Kind.ARCHIVE)

    assert [one.made[1].name[-7:] for one in (first, second)] == ["0_1.zip", "1_1.zip"]


def test_the_only_insurer_of_a_file_is_its_receiver(service: Service) -> None:
    """Where the directory has no insurer's number, the people's own insurer names the archive."""
    draft = made(service, same_insurer(), Kind.ARCHIVE)

    assert draft.made[1].name.startswith(f"1319999901_{INSURER}_")


def test_several_insurers_and_no_number_make_no_archives_name(service: Service) -> None:
    """Nothing is invented: the documents come alone, without folder, name and index."""
    draft = made(service, checkup_file(), Kind.ARCHIVE)

    assert (draft.made[1].kind, draft.made[1].name) == ("hc08", "hc08.zip")
    assert all(name.startswith("DATA/h1319999901") for name in names_of(dict(draft.documents)["hc08.zip"]))


def test_an_archive_goes_on_as_it_came(service: Service) -> None:
    """Bytes and name are kept, and so are claims that are in it."""
    data = as_format(service, Kind.ARCHIVE)
    draft = made(service, data, Kind.ARCHIVE)

    assert dict(draft.documents)[draft.made[1].name] == data
    assert draft.made[1].name == f"1319999901_{INSURER}_{today(START):%Y%m%d}0_1.zip"


def test_an_archive_that_would_be_returned_stops(service: Service) -> None:
    """The receiver's checks are among the findings: a missing index stops the file."""
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(as_format(service, Kind.ARCHIVE))) as source,
        zipfile.ZipFile(out, "w") as less,
    ):
        for name in source.namelist():
            if not name.endswith("ix08_V08.xml"):
                less.writestr(name, source.read(name))
    draft = made(service, out.getvalue(), Kind.ARCHIVE)

    assert {"archive.layout", "archive.index"} <= set(draft.report.counts_by_code)
    assert draft.severities[0] > 0
    assert [one.kind for one in draft.made] == ["csv"]


def test_a_layout_without_identity_says_so_once(service: Service) -> None:
    """Nobody has an insurer: no archive, one finding about it, and the CSV as ever."""
    draft = made(service, same_insurer(insurer=""), Kind.ARCHIVE, Kind.FHIR)
    said = [(one.code, one.header) for one in draft.report.findings if one.code.startswith("write.")]

    assert said == [("write.nobody", "archive"), ("write.nobody", "fhir")]
    assert [one.kind for one in draft.made] == ["csv"]


def test_an_institution_without_a_number_makes_no_archive(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    """The clerk is told what to ask for; no number is invented."""
    entries: list[DirectoryEntry] = [replace(one, number="") for one in service.clinic.directory.entries()]
    monkeypatch.setattr(type(service.clinic.directory), "entries", lambda _self: entries)
    draft = made(service, same_insurer(), Kind.ARCHIVE)

    assert [one.code for one in draft.report.findings if one.code.startswith("write.")] == ["write.sender"]
    assert [one.kind for one in draft.made] == ["csv"]


def test_fhir_documents_keep_their_profile(service: Service) -> None:
    """One Bundle per person, and our checker has nothing to say about any."""
    draft = made(service, checkup_file(), Kind.FHIR)
    with zipfile.ZipFile(io.BytesIO(dict(draft.documents)["fhir.zip"])) as opened:
        problems = [check_bundle(parse(opened.read(name))) for name in opened.namelist()]

    assert problems == [()] * 5
    assert draft.made[1].people == 5


def test_who_has_no_doctor_has_no_fhir_document(service: Service) -> None:
    """No author is invented: the person is left out with a finding that says what to add."""
    heads, rows = rows_of("midori", 3)
    rows[1][heads[1].index("医師名")] = ""
    draft = made(service, encoded(heads, iter(rows)), Kind.FHIR)

    assert [one.row for one in draft.report.findings if one.code == "fhir.author"] == [2]
    assert draft.made[1].people == 2


def test_a_zip_of_fhir_documents_stays_within_what_is_screened(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Bundles that would unpack to more than the screening looks into come in several zips, each with its own people."""
    monkeypatch.setattr(making, "PART_BYTES", 1)
    draft = made(service, checkup_file(people=3), Kind.FHIR)
    zips = [one for one in draft.made if one.kind == "fhir"]

    assert [(one.name, one.people) for one in zips] == [("fhir-1.zip", 1), ("fhir-2.zip", 1), ("fhir-3.zip", 1)]
    assert len({name for one in zips for name in names_of(dict(draft.documents)[one.name])}) == 3


@pytest.mark.parametrize(
    "data",
    [b"<html><body>x</body></html>", b'{"a": 1}', b"\x89PNG\r\n\x1a\n" + b"0" * 40, b"<!DOCTYPE x [<!ENTITY a 'b'>]><x>&a;</x>"],
)  # fmt: skip
def test_what_is_no_file_of_results_is_refused(service: Service, data: bytes) -> None:
    """An error of ours with a sentence; never a draft."""
    with pytest.raises(AkashiError) as refused:
        made(service, data)

    assert refused.value.sentence("ja")


def test_what_a_file_is_can_be_asked(service: Service) -> None:
    """A table is described; any other format is only named; what is neither is refused."""
    table, archive = look_at(service.clinic, checkup_file()), look_at(service.clinic, as_format(service, Kind.ARCHIVE))

    assert (table.format.value, table.table is not None and table.table.map_id) == ("layout", "midori-2024")
    assert (archive.format.value, archive.table) == ("archive", None)
    with pytest.raises(FormatUnknown):
        look_at(service.clinic, b"just a sentence\r\nand another\r\n")


def test_findings_of_a_draft_are_taken_by_its_session_only(service: Service) -> None:
    """The file has each finding with what to do; the journal has the export; another session gets nothing."""
    clinic, session = service.clinic, service.session(CLINIC)
    key = clinic.drafts.keep(made(service, checkup_file(), Kind.FHIR), session.id)
    taken = findings_taken(clinic, session, key, FindingsForm.JSON)
    listed = json.loads(b"".join(taken.pieces))

    assert {one["code"] for one in listed} >= {"fhir.left_out"}
    assert all(one["todo_ja"] for one in listed)
    assert list(clinic.journal.entries())[-1].what is What.EXPORTED
    with pytest.raises(DraftMissing):
        findings_taken(clinic, replace(session, id=b"another"), key, FindingsForm.CSV)


def test_words_for_kinds_are_strict() -> None:
    """Known words, each once, in their order; anything else is refused."""
    assert kinds_of("fhir,archive,fhir") == (Kind.FHIR, Kind.ARCHIVE)
    with pytest.raises(KindUnknown):
        kinds_of("pdf")


@pytest.mark.parametrize(
    ("insurers", "sole"),
    [((), ""), (("",), ""), (("99000001", "", "99000001"), INSURER), (("990001", "00990001"), "00990001"),
     (("99000001", "99000002"), ""), (("9900000X",), ""), (("199000001",), "")],
)  # fmt: skip
def test_no_insurer_is_guessed(insurers: tuple[str, ...], sole: str) -> None:
    """Nobody, several, or something that is no number: no receiver; people without an insurer decide nothing."""
    people = [NeutralRecord(1, 1, "", "", {"insurance.insurer": one}, {}, ()) for one in insurers]

    assert sole_insurer(iter(people)) == sole
