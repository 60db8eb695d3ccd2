"""The reception checks: a sound archive passes; each fault meets its finding and the reason a receiver would state."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from dataclasses import replace

import pytest
from lxml import etree

from akashi.checkup import FINDING_KINDS, Finding, ItemTable, SubmissionContext
from akashi.checkup.archive.claims import write_claim
from akashi.checkup.archive.model import V3_NAMESPACE, V4_NAMESPACE
from akashi.checkup.archive.reception import Schemas, check_archive
from akashi.checkup.errors import ArchiveUnsafe
from akashi.checkup.findings.archives import KINDS, RETURN_REASONS, return_reason
from akashi.checkup.model import Severity
from tests.checkup.archive.invented import CLAIM, GUIDANCE_CLAIM, record, schema
from tests.checkup.archive.test_pack import FOLDER, STEM, members, packed
from tests.checkup.archive.test_unpack import zipped

Files = dict[str, bytes]
H1, H2, C1, C2 = (
    f"{FOLDER}/{place}/{letter}{STEM}100000{n}.xml"
    for place, letter in (("DATA", "h"), ("CLAIMS", "c"))
    for n in (1, 2)
)
IX, SU = f"{FOLDER}/ix08_V08.xml", f"{FOLDER}/su08_V08.xml"


@pytest.fixture(scope="module")
def sound(context: SubmissionContext) -> Files:
    """The files of an archive of two people with claims."""
    return members(packed(context, (record(1), CLAIM), (record(2), CLAIM))[0])


def checked(
    files: Files, items: ItemTable, *, name: str = FOLDER + ".zip", schemas: Schemas | None = None
) -> list[tuple[str, int, str]]:
    """Code, row and field of every finding."""
    findings: list[Finding] = []
    data = zipped(*files.items())
    report = check_archive(io.BytesIO(data), items, name=name, schemas=schemas, finding_sink=findings.append)
    assert sum(report.findings.values()) == len(findings)
    return [(finding.code, finding.row, finding.item) for finding in findings]


def swapped(name: str, old: str, new: str) -> Callable[[Files], Files]:
    """A change of one file's content."""

    def change(files: Files) -> Files:
        assert old.encode() in files[name]
        return files | {name: files[name].replace(old.encode(), new.encode())}

    return change


def moved(name: str, to: str = "") -> Callable[[Files], Files]:
    """A file renamed, or left out."""

    def change(files: Files) -> Files:
        rest = {known: content for known, content in files.items() if known != name}
        return rest | ({to: files[name]} if to else {})

    return change


def added(name: str, content: bytes) -> Callable[[Files], Files]:
    """One more file."""
    return lambda files: files | {name: content}


def claimed(**change: int) -> Callable[[Files], Files]:
    """The second claim with other sums."""
    return added(C2, write_claim(replace(CLAIM, **change)))  # type: ignore[arg-type]  # amounts only


def test_a_sound_archive_passes(sound: Files, items: ItemTable) -> None:
    """Nothing to say, counts right, with the ministry's schemas where they are present."""
    schemas = {kind: _valid(found) for kind in ("hc08", "cc08", "ix08", "su08") if (found := schema(kind)) is not None}

    assert checked(sound, items, schemas=schemas) == []


def _valid(found: etree.XMLSchema) -> Callable[[bytes], bool]:
    return lambda data: bool(found.validate(etree.fromstring(data)))


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        # layout and names
        (moved(IX), [("archive.layout", 0, ""), ("archive.index", 0, "ix08_V08.xml")]),
        (added("stray.txt", b"x"), [("archive.extra", 0, "")]),
        (moved(C2, f"{FOLDER}/CLAIMS/readme.xml"),
         [("archive.member_name", 2, ""), ("archive.unpaired", 2, ""), ("archive.unpaired", 2, "")]),
        (moved(H2, f"{FOLDER}/DATA/c{STEM}1000002.xml"),
         [("archive.member_name", 1, ""), ("archive.unpaired", 1, ""), ("archive.unpaired", 2, "")]),
        # namespace and index
        (swapped(IX, V4_NAMESPACE, "urn:x"), [("archive.namespace", 0, "ix08_V08.xml")]),
        (swapped(IX, V4_NAMESPACE, V3_NAMESPACE), [("archive.version", 0, "ix08_V08.xml")]),
        (swapped(IX, 'totalRecordCount value="2"', 'totalRecordCount value="3"'), [("archive.count", 0, "totalRecordCount")]),
        (swapped(IX, "9910000001", "9910000009"), [("archive.index_parties", 0, "sender")]),
        (swapped(IX, "20260601", "20260602"), [("archive.index_parties", 0, "creationTime")]),
        (swapped(IX, "99000001", "99000002"), [("archive.index_parties", 0, "receiver")]),
        (swapped(IX, "<sender>", "<zender>"), [("archive.index", 0, "ix08_V08.xml")]),
        # summary
        (moved(SU), [("archive.summary", 0, "su08_V08.xml")]),
        (swapped(SU, V4_NAMESPACE, "urn:x"), [("archive.namespace", 0, "su08_V08.xml")]),
        (swapped(SU, 'value="18000"', 'value="18001"'), [("archive.summary_total", 0, "totalCostAmount")]),
        (swapped(SU, 'Count value="2"', 'Count value="1"'), [("archive.summary_total", 0, "totalSubjectCount")]),
        # pairs
        (moved(C1), [("archive.unpaired", 1, ""), ("archive.summary_total", 0, "totalSubjectCount"),
                     ("archive.summary_total", 0, "totalCostAmount"), ("archive.summary_total", 0, "totalPaymentAmount"),
                     ("archive.summary_total", 0, "totalClaimAmount")]),
        (moved(H1), [("archive.count", 0, "totalRecordCount"), ("archive.unpaired", 1, "")]),
        (swapped(C1, "ホシ　ソラ", "カゲ　ヨウ"), [("archive.identity", 1, "person.kana")]),
        (swapped(C1, 'extension="345"', 'extension="346"'), [("archive.identity", 1, "insurance.number")]),
        (swapped(C1, 'value="19700102"', 'value="19700103"'), [("archive.identity", 1, "person.birth")]),
        (swapped(C1, "<settlement>", "<zettlement>"), [("archive.claim", 1, "")]),
        (swapped(C1, V4_NAMESPACE, "urn:x"), [("archive.namespace", 1, "")]),
        (swapped(C1, V4_NAMESPACE, V3_NAMESPACE), [("archive.version", 1, "")]),
        (swapped(H1, "recordTarget", "recordTarged"), [("archive.document", 1, "")]),
        # tickets and sums
        (swapped(C1, "12345678901", "12345678902"), [("archive.ticket", 1, "ticket.number")]),
        (swapped(C1, "20270331", "20260515"), [("archive.ticket_expired", 1, "ticket.expires")]),
        (claimed(claim_amount=8000, unit_amount=9500, unit_basic=7500),
         [("archive.payment", 2, ""), ("archive.summary_total", 0, "totalCostAmount")]),
        (claimed(paid_basic=900), [("archive.payment", 2, "")]),
    ],
)  # fmt: skip
def test_each_fault_meets_its_finding(
    sound: Files, items: ItemTable, change: Callable[[Files], Files], expected: list[tuple[str, int, str]]
) -> None:
    """And no other: one fault, one place (or the few that follow from it)."""
    assert checked(change(sound), items) == expected


def test_a_broken_schema_is_told_by_file(sound: Files, items: ItemTable) -> None:
    """Where the caller hands schemas in."""
    assert checked(sound, items, schemas={"cc08": lambda data: b"345" not in data}) == [
        ("archive.schema", 1, ""),
        ("archive.schema", 2, ""),
    ]


def test_the_file_name_must_be_that_of_the_folder(sound: Files, items: ItemTable) -> None:
    """Another sender's name on the zip; a name that follows no rule."""
    assert checked(sound, items, name=FOLDER.replace("9910", "9911") + ".zip") == [("archive.name", 0, "")]
    assert checked(sound, items, name="results.zip") == [("archive.name", 0, "")]
    assert checked(sound, items, name="") == []


def test_results_alone_pass_without_claims(context: SubmissionContext, items: ItemTable) -> None:
    """No su08, no CLAIMS; an expired ticket is still seen in the document."""
    fine = members(packed(context, (record(1), None))[0])
    late = members(packed(context, (record(1, ticket_expires="2026-05-15"), None))[0])

    assert checked(fine, items) == []
    assert checked(late, items) == [("archive.ticket_expired", 1, "ticket.expires")]


def test_guidance_archives_pass_and_do_not_mix(context: SubmissionContext, items: ItemTable) -> None:
    """A checkup among guidance documents is told."""
    person = record(1, visit_report="22", ticket_number="22345678901", ticket_kind="2")
    data, _findings, _names = packed(replace(context, purpose=2), (person, GUIDANCE_CLAIM))
    files = members(data)
    folder = FOLDER[:-1] + "2"
    name = folder + ".zip"

    assert checked(files, items, name=name) == []
    checkup = members(packed(context, (record(1), None))[0])[H1]
    mixed = files | {f"{folder}/DATA/h{STEM}2000002.xml": checkup}
    codes = [code for code, _row, _field in checked(mixed, items, name=name)]
    assert codes == ["archive.count", "archive.mixed", "archive.unpaired"]


def test_an_unsafe_archive_is_refused_at_the_first_step(items: ItemTable) -> None:
    """Nothing of it is read."""
    with pytest.raises(ArchiveUnsafe):
        check_archive(io.BytesIO(zipped(("../x", b"x"))), items)


def test_a_damaged_claim_is_told(sound: Files, items: ItemTable) -> None:
    """And the summary is not accused of the missing sums."""
    data = bytearray(zipped(*sound.items()))
    with zipfile.ZipFile(io.BytesIO(bytes(data))) as archive:
        data[archive.getinfo(C1).header_offset + 30 + len(C1) + 20] ^= 0xFF
    findings: list[Finding] = []

    check_archive(io.BytesIO(bytes(data)), items, finding_sink=findings.append)

    assert [finding.code for finding in findings] == ["archive.damaged"]


def test_names_are_shown_only_where_they_follow_the_rule(sound: Files, items: ItemTable) -> None:
    """A file name may be anything, also a person's name."""
    findings: list[Finding] = []
    files = sound | {f"{FOLDER}/DATA/星空さん.xml": b"<a/>"}

    check_archive(io.BytesIO(zipped(*files.items())), items, finding_sink=findings.append)

    assert not [finding for finding in findings if "星空" in finding.header + finding.original + finding.item]
    assert {finding.code for finding in findings} == {
        "archive.member_name", "archive.count", "archive.document", "archive.unpaired"
    }  # fmt: skip


def test_every_stopping_finding_names_the_return_it_would_meet() -> None:
    """OID …1109 for an agency; …1110 for the fields an insurer looks up."""
    stopping = {kind.code for kind in KINDS if kind.severity is Severity.STOPS}

    assert {code for code in stopping if not return_reason(code)} == set()
    assert set(RETURN_REASONS) <= set(FINDING_KINDS)
    assert return_reason("archive.identity", "person.kana") == "1110:03"
    assert return_reason("archive.identity", "person.birth") == "1109:03"
    assert return_reason("archive.extra") == ""
