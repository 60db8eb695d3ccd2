"""Archives written: layout, counts, sums, validity of every file, reproducible bytes; what must not be packed is not."""

from __future__ import annotations

import io
import zipfile
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from akashi.checkup import Finding, ItemResult, ItemTable, NeutralRecord, Status, SubmissionContext
from akashi.checkup.archive.model import INSURER_OID, Claim, GuidanceClaim, Summary
from akashi.checkup.archive.pack import ArchiveWriter, Delivery
from akashi.checkup.archive.reception import check_archive
from akashi.checkup.archive.unpack import inspect_archive, read_archive
from akashi.checkup.archive.zipping import ZipStream
from akashi.checkup.cda.expressible import expressible
from akashi.checkup.cda.guidance import GuidanceWriter
from akashi.checkup.cda.hc08 import DocumentWriter
from akashi.checkup.cda.header import stamped
from akashi.errors import Misuse
from tests.checkup.archive.invented import CLAIM, DAY, GUIDANCE_CLAIM, check, record
from tests.checkup.strategies import records

FOLDER = "9910000001_99000001_202606010_1"
STEM = "9910000001202606010"


def packed(
    context: SubmissionContext, *people: tuple[NeutralRecord, Claim | GuidanceClaim | None]
) -> tuple[bytes, list[Finding], list[str]]:
    """The archive, what was said about it, and the names given."""
    out, findings = io.BytesIO(), list[Finding]()
    write = GuidanceWriter(context).write if context.purpose == 2 else DocumentWriter(context).write
    with ArchiveWriter(out, context, Delivery("99000001"), write, finding_sink=findings.append) as archive:
        names = [archive.add(person, claim) for person, claim in people]
    return out.getvalue(), findings, names


def members(data: bytes) -> dict[str, bytes]:
    """All files, by name."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def test_results_alone_have_neither_claims_nor_summary(context: SubmissionContext) -> None:
    """DATA and ix08; valid; the name says sender, receiver, day and kind."""
    data, findings, names = packed(context, (record(1), None), (record(2), None))

    files = members(data)
    assert list(files) == [
        f"{FOLDER}/DATA/h{STEM}1000001.xml",
        f"{FOLDER}/DATA/h{STEM}1000002.xml",
        f"{FOLDER}/ix08_V08.xml",
    ]
    assert names == [f"h{STEM}1000001.xml", f"h{STEM}1000002.xml"]
    assert findings == []
    for name, content in files.items():
        check("ix08" if "ix08" in name else "hc08", content)


def test_claims_come_in_pairs_with_a_summary(context: SubmissionContext) -> None:
    """CLAIMS names differ in the letter only; the summary sums; every file is valid."""
    data, findings, _names = packed(context, (record(1), CLAIM), (record(2), CLAIM))

    files = members(data)
    contents = inspect_archive(io.BytesIO(data))
    assert findings == []
    assert contents.documents == (f"h{STEM}1000001.xml", f"h{STEM}1000002.xml")
    assert contents.claims == (f"c{STEM}1000001.xml", f"c{STEM}1000002.xml")
    assert contents.summary == Summary("1", 2, 18000, 2000, 16000)
    assert contents.index is not None
    assert (contents.index.total, contents.index.receiver, contents.index.receiver_root) == (2, "99000001", INSURER_OID)
    assert (contents.folder, contents.schemas, contents.others) == (FOLDER, 0, 0)
    for name, content in files.items():
        kind = {"h": "hc08", "c": "cc08", "i": "ix08", "s": "su08"}[name.rpartition("/")[2][0]]
        check(kind, content)


def test_a_guidance_archive_is_named_and_paired_by_its_own_letters(context: SubmissionContext) -> None:
    """Letters g and p, kind 2, programme 100."""
    guidance = replace(context, purpose=2)
    person = record(1, visit_report="22", ticket_number="22345678901", ticket_kind="2")

    data, findings, names = packed(guidance, (person, GUIDANCE_CLAIM))

    assert findings == []
    assert names == [f"g{STEM}2000001.xml"]
    assert inspect_archive(io.BytesIO(data)).claims == (f"p{STEM}2000001.xml",)
    for name, content in members(data).items():
        check({"g": "hg08", "p": "gc08", "i": "ix08", "s": "su08"}[name.rpartition("/")[2][0]], content)


def test_the_same_people_give_the_same_bytes(context: SubmissionContext) -> None:
    """No clock, no chance: an archive can be made again and compared."""
    first, _findings, _names = packed(context, (record(1), CLAIM))
    again, _findings, _names = packed(context, (record(1), CLAIM))

    assert first == again


def test_records_read_back(context: SubmissionContext, items: ItemTable) -> None:
    """As far as the document carries them, in the order of the names, rows counted."""
    data, _findings, _names = packed(context, (record(1), None), (record(2, visit_date="2026-05-17"), None))

    read = list(read_archive(io.BytesIO(data), items))

    wanted = [expressible(stamped(record(1), context), items)]
    wanted += [expressible(stamped(record(2, visit_date="2026-05-17"), context), items)]
    assert [replace(one, line=0) for one in read] == [replace(one, line=0) for one in wanted]


@pytest.mark.parametrize(
    ("person", "claim", "code", "field"),
    [
        (record(1, person_kana=""), None, "hc08.identity", "person.kana"),
        (record(1, visit_report="22"), None, "archive.mixed", "visit.report"),
        (record(1), GUIDANCE_CLAIM, "archive.mixed", ""),
        (record(1, person_kana="カゲ　ヨウ"), CLAIM, "archive.identity", "person.kana"),
        (record(1, insurance_number="346"), CLAIM, "archive.identity", "insurance.number"),
        (record(1, ticket_number="12345678902"), CLAIM, "archive.ticket", "ticket.number"),
        (record(1), replace(CLAIM, claim_type="9"), "archive.claim", "claimType"),
        (record(1), replace(CLAIM, person=replace(CLAIM.person, postal="1")), "archive.claim", "postalCode"),
    ],
)
def test_what_would_be_returned_is_not_packed(
    context: SubmissionContext, person: NeutralRecord, claim: Claim | GuidanceClaim | None, code: str, field: str
) -> None:
    """The person is left out with a finding; the serial number goes to the next one, the count is right."""
    good = CLAIM if isinstance(claim, Claim) else None

    data, findings, names = packed(context, (person, claim), (record(2), good))

    assert [(finding.code, finding.item) for finding in findings] == [(code, field)]
    assert names == ["", f"h{STEM}1000001.xml"]
    contents = inspect_archive(io.BytesIO(data))
    assert contents.index is not None
    assert contents.index.total == len(contents.documents) == 1


def test_a_person_without_claim_cannot_join_people_with_claims(context: SubmissionContext) -> None:
    """DATA and CLAIMS are in pairs."""
    data, findings, names = packed(context, (record(1), CLAIM), (record(2), None))

    assert [finding.code for finding in findings] == ["archive.unpaired"]
    assert names[1] == ""
    assert len(inspect_archive(io.BytesIO(data)).documents) == 1


def test_a_failure_leaves_no_openable_archive(context: SubmissionContext) -> None:
    """Half an archive has no directory: nobody can take it for a whole one."""
    out = io.BytesIO()

    def failing(_record: NeutralRecord) -> tuple[bytes, tuple[str, ...]]:
        raise Misuse(what="a failing writer")

    archive = ArchiveWriter(out, context, Delivery("99000001"), failing)
    with pytest.raises(Misuse), archive:
        archive.add(record(1))

    assert not zipfile.is_zipfile(out)


def test_many_members_are_written_as_zip64() -> None:
    """Beyond 65,534 members; nothing but the end of the file changes."""
    out = io.BytesIO()
    stream = ZipStream(out, date(2026, 6, 1), level=0)
    for number in range(65_540):
        stream.add(f"{number:06d}", b"")
    stream.close()

    with zipfile.ZipFile(out) as archive:
        assert len(archive.namelist()) == 65_540


def test_a_closed_stream_takes_no_more() -> None:
    """And closing twice writes nothing."""
    out = io.BytesIO()
    stream = ZipStream(out, DAY)
    stream.close()
    stream.close()

    assert len(out.getvalue()) == 22
    with pytest.raises(Misuse):
        stream.add("late", b"")


def test_what_a_document_cannot_say_is_told(context: SubmissionContext) -> None:
    """The person is packed, the result is left out and named."""
    odd = ItemResult("9N001000000000001", 1, Status.UNMATCHED, "", "ほげ", "ほげ")

    _data, findings, names = packed(context, (record(1, odd), None))

    assert names[0]
    assert [(finding.code, finding.item) for finding in findings] == [("hc08.unmatched", odd.code)]


@settings(max_examples=25)
@given(data=st.data())
def test_any_people_read_back(data: st.DataObject, context: SubmissionContext, items: ItemTable) -> None:
    """Every status and form of the shared strategy, several people: the archive loses nothing a document carries."""
    people = data.draw(st.lists(records(items), min_size=1, max_size=3))

    made, _findings, names = packed(context, *((person, None) for person in people))

    assert all(names)
    wanted = [expressible(stamped(person, context), items) for person in people]
    read = list(read_archive(io.BytesIO(made), items))
    assert [replace(one, row=0) for one in read] == [replace(one, row=0) for one in wanted]
    assert check_archive(io.BytesIO(made), items).findings.keys() <= {"archive.ticket_expired"}
