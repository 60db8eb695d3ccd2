"""Any file is recognised by its content, and read."""

from __future__ import annotations

import io
import zipfile
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from akashi.checkup import (
    FormatDefinition,
    ItemResult,
    ItemTable,
    LayoutMap,
    NeutralRecord,
    Status,
    SubmissionContext,
    hc08_document,
)
from akashi.checkup.cda.guidance import hg08_document
from akashi.checkup.errors import EmptyFile, FormatUnknown, LayoutUnknown
from akashi.checkup.fhir.people import DocumentContext
from akashi.checkup.fhir.writer import write_bundle
from akashi.checkup.readers.detection import LOOK_BYTES, FormatName, detect
from akashi.checkup.readers.opening import read_any
from akashi.checkup.tabular.reading import NoTable, open_source
from akashi.checkup.writers.fkac import write_fkac522
from akashi.checkup.writers.jma import write_jma
from akashi.checkup.writers.standard_records import write_standard
from tests.checkup.conftest import ON, TINY_HEADERS, TINY_ROW
from tests.checkup.readers.shipped import FUZZ, ours_or_read

FIELDS = {
    "person.id": "P1", "person.kana": "ホシ　ソラ", "person.name": "星　空", "person.sex": "1", "person.birth": "1970-01-02",
    "visit.date": "2026-05-16", "visit.report": "10", "visit.program": "010", "visit.created": "2026-06-01",
    "institution.code": "9910000001", "institution.name": "架空健診センター", "insurance.insurer": "99000001",
    "insurance.symbol": "12", "insurance.number": "345", "person.postal": "100-0001", "person.address": "架空県星見市",
    "institution.telephone": "00-0000-0000", "institution.postal": "100-0000", "institution.address": "架空県",
}  # fmt: skip
ARCHIVED = "9910000001_99000001_202606010_1/DATA/h99100000012026060101000001.xml"
HEIGHT = ItemResult("9N001000000000001", 1, Status.VALUE, "cm", "165.5", "165.5")
RECORD = NeutralRecord(1, 1, "tiny", "sha256:0", FIELDS, dict(FIELDS), (HEIGHT,))


@pytest.fixture
def files(items: ItemTable, tiny_format: FormatDefinition) -> dict[FormatName, bytes]:
    """One file of every format, of one invented person."""
    context = SubmissionContext("9910000001", "架空健診センター", date(2026, 6, 1), items)
    document = DocumentContext("1319999999", "架空健診センター", 1_780_000_000_000, "架空　医師")
    made = {name: io.BytesIO() for name in (FormatName.JMA, FormatName.FKAC522, FormatName.STANDARD_CSV)}
    write_jma([RECORD], items, made[FormatName.JMA])
    write_fkac522([RECORD], items, made[FormatName.FKAC522])
    write_standard([RECORD], tiny_format, items, made[FormatName.STANDARD_CSV])
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(ARCHIVED, hc08_document(RECORD, context))
    layout = "\r\n".join((",".join(TINY_HEADERS), ",".join(TINY_ROW)))
    return {name: out.getvalue() for name, out in made.items()} | {
        FormatName.HC08: hc08_document(RECORD, context),
        FormatName.ECHECKUP: write_bundle(RECORD, document, items),
        FormatName.ARCHIVE: packed.getvalue(),
        FormatName.LAYOUT: layout.encode("cp932"),
    }


READABLE = [name for name in FormatName if name not in {FormatName.UNKNOWN, FormatName.HG08}]


class Piped(io.RawIOBase):
    """A stream that cannot go back."""

    def __init__(self, data: bytes) -> None:
        super().__init__()
        self._inner = io.BytesIO(data)

    def readable(self) -> bool:
        """Always."""
        return True

    def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]  # the stubs' Buffer is wider
        """A few bytes at a time."""
        piece = self._inner.read(min(len(buffer), 1000))
        buffer[: len(piece)] = piece
        return len(piece)


@pytest.mark.parametrize("name", READABLE)
@pytest.mark.parametrize("seekable", [True, False])
def test_every_format_is_recognised_and_read(
    name: FormatName, seekable: bool, files: dict[FormatName, bytes], items: ItemTable, tiny: LayoutMap,
    tiny_format: FormatDefinition,
) -> None:  # fmt: skip
    """The same person and height come out of every format, whether the stream can go back or not."""
    stream = io.BytesIO(files[name]) if seekable else io.BufferedReader(Piped(files[name]))

    found, made = read_any(stream, items=items, definition=tiny_format, maps=[tiny], on=ON)

    [record] = list(made)
    height = record.item("9N001000000000001")
    assert found is name
    assert height is not None
    assert height.standard == "165.5"
    assert record.fields["visit.date"] == "2026-05-16"


def test_a_guidance_document_is_read_as_one(items: ItemTable, tiny: LayoutMap, tiny_format: FormatDefinition) -> None:
    """hg08 and hc08 share their root; the report's code decides."""
    context = SubmissionContext("9910000001", "架空健診センター", date(2026, 6, 1), items, purpose=2, report_code="22")
    guided = replace(RECORD, fields=FIELDS | {"visit.report": "22"}, items=())
    data = hg08_document(guided, context)

    found, made = read_any(io.BytesIO(data), items=items, definition=tiny_format, maps=[tiny], on=ON)

    assert (found, [record.map_id for record in made]) == (FormatName.HG08, ["format:hg08"])


def test_a_guidance_document_is_told_from_a_checkup() -> None:
    """By the report's code, wherever in the tag it stands."""
    head = '<?xml version="1.0"?><ClinicalDocument xmlns="urn:hl7-org:v3">{}'
    code = '<code codeSystem="1.2.392.200119.6.1001" code="22"/>'

    assert detect(head.format(code).encode()) is FormatName.HG08
    assert detect(head.format(code.replace("22", "10")).encode()) is FormatName.HC08


@pytest.mark.parametrize(
    "data",
    [
        b"just a word\n",
        b'{"resourceType": "Patient"}',
        b"<html></html>",
        b"\xff\xfe1\x00,\x00",
        b"\x89PNG\r\n\x1a\n\x00",
    ],
)
def test_a_file_of_no_known_format_is_refused(
    data: bytes, items: ItemTable, tiny: LayoutMap, tiny_format: FormatDefinition
) -> None:
    """Nothing is guessed."""
    with pytest.raises(FormatUnknown):
        read_any(io.BytesIO(data), items=items, definition=tiny_format, maps=[tiny], on=ON)


@pytest.mark.parametrize("name", ["[Content_Types].xml", "xl/workbook.xml", "_rels/.rels"])
def test_a_workbook_is_no_archive_and_says_so(name: str) -> None:
    """An Excel file is of no known format, and where a table is asked for the clerk learns how to save one."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as book:
        book.writestr(name, "<x/>")

    assert detect(out.getvalue()) is FormatName.UNKNOWN
    others = (b'<?xml version="1.0"?><a/>', b'\xef\xbb\xbf {"resourceType": "Bundle"}', b"%PDF-1.7\n")
    for data in (out.getvalue(), bytes.fromhex("d0cf11e0a1b11ae1") + bytes(600), *others):
        with pytest.raises(NoTable) as caught:
            open_source(io.BytesIO(data))
        assert "CSV UTF-8" in caught.value.hint("ja")


def test_a_table_that_no_map_knows_needs_a_map(
    items: ItemTable, tiny: LayoutMap, tiny_format: FormatDefinition
) -> None:
    """It is a layout, but an unknown one."""
    with pytest.raises(LayoutUnknown):
        read_any(io.BytesIO(b"a,b\r\n1,2\r\n"), items=items, definition=tiny_format, maps=[tiny], on=ON)


def test_an_empty_file_is_called_empty(items: ItemTable, tiny: LayoutMap, tiny_format: FormatDefinition) -> None:
    """Not unknown."""
    with pytest.raises(EmptyFile):
        read_any(io.BytesIO(b" \r\n"), items=items, definition=tiny_format, maps=[tiny], on=ON)


@FUZZ
@given(junk=st.binary(max_size=400), name=st.sampled_from(READABLE), at=st.integers(0, 2000), cut=st.integers(0, 60))
def test_no_bytes_raise_anything_but_our_own_errors(
    files: dict[FormatName, bytes], items: ItemTable, tiny: LayoutMap, tiny_format: FormatDefinition,
    junk: bytes, name: FormatName, at: int, cut: int,
) -> None:  # fmt: skip
    """Random bytes, and a valid file of any format with a piece replaced."""
    valid = files[name]

    def read(data: bytes) -> list[NeutralRecord]:
        _name, made = read_any(io.BytesIO(data), items=items, definition=tiny_format, maps=[tiny], on=ON)
        return list(made)

    for data in (junk, valid[:at] + junk[:20] + valid[at + cut :], valid[:at]):
        assert ours_or_read(lambda data=data: read(data))  # type: ignore[misc]  # a default binds the loop's value


@FUZZ
@given(st.binary(max_size=400))
def test_detection_never_raises(head: bytes) -> None:
    """Whatever the bytes, also after the signs of a format."""
    for start in (b"", b"PK\x03\x04", b"<ClinicalDocument><code ", b'{"resourceType"', b"1,2,3,4,FKAC522,"):
        assert isinstance(detect(start + head), FormatName)


def test_detection_looks_at_a_bounded_head() -> None:
    """A sign beyond the bound is not seen."""
    assert detect(b"<" + b" " * LOOK_BYTES + b"ClinicalDocument") is FormatName.UNKNOWN
