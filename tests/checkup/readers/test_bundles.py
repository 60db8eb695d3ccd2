"""Zips of FHIR documents are recognised by what is in them, and read as safely as an archive."""

from __future__ import annotations

import io
import zipfile
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from akashi.checkup import FormatDefinition, ItemTable, LayoutMap, NeutralRecord
from akashi.checkup.archive.members import ArchiveLimits
from akashi.checkup.archive.zipping import ZipStream
from akashi.checkup.errors import ArchiveUnsafe
from akashi.checkup.fhir.reader import read_bundle
from akashi.checkup.fhir.writer import write_bundle
from akashi.checkup.model import Finding
from akashi.checkup.readers.bundles import read_bundles
from akashi.checkup.readers.detection import FormatName, detect
from akashi.checkup.readers.opening import read_any
from akashi.errors import AkashiError
from tests.checkup.conftest import ON
from tests.checkup.fhir.samples import CONTEXT, record


def people(items: ItemTable, count: int) -> list[NeutralRecord]:
    """Invented people who differ in their number."""
    one = record(items)
    return [replace(one, fields={**one.fields, "insurance.number": str(100 + number)}) for number in range(count)]


def documents(items: ItemTable, count: int) -> dict[str, bytes]:
    """Their documents, by name."""
    named = enumerate(people(items, count), 1)
    return {f"1319999999_{number:06d}.json": write_bundle(one, CONTEXT, items) for number, one in named}


def zipped(files: dict[str, bytes]) -> bytes:
    """As our desk makes them."""
    out = io.BytesIO()
    stream = ZipStream(out, date(2026, 6, 1))
    for name, data in files.items():
        stream.add(name, data)
    stream.close()
    return out.getvalue()


@pytest.mark.parametrize("seekable", [True, False])
def test_a_zip_of_documents_is_read_as_their_people(
    items: ItemTable, tiny: LayoutMap, tiny_format: FormatDefinition, seekable: bool
) -> None:
    """Each is what its document alone would be; rows count documents; whether the stream can go back or not."""
    files = documents(items, 3)
    stream = io.BytesIO(zipped(files))
    if not seekable:
        stream.seekable = lambda: False  # type: ignore[method-assign]  # a stream that says it cannot go back

    name, made = read_any(stream, items=items, definition=tiny_format, maps=[tiny], on=ON)

    alone = [read_bundle(data, items, row=row) for row, data in enumerate(files.values(), 1)]
    assert name is FormatName.ECHECKUP
    assert list(made) == alone
    assert [one.fields["insurance.number"] for one in alone] == ["100", "101", "102"]


def test_documents_are_read_in_the_order_of_their_names(items: ItemTable) -> None:
    """Whatever the zip's order is: the same people give the same rows."""
    files = documents(items, 3)

    turned = list(read_bundles(io.BytesIO(zipped(dict(reversed(files.items())))), items))

    assert turned == list(read_bundles(io.BytesIO(zipped(files)), items))


def test_a_document_that_cannot_be_read_is_told_and_the_others_are_read(items: ItemTable) -> None:
    """No JSON, and JSON of something else: each at its row."""
    said: list[Finding] = []
    data = zipped({"1.json": b"{", "2.json": b"{}", **documents(items, 1)})

    found = list(read_bundles(io.BytesIO(data), items, finding_sink=said.append))

    assert [one.fields["insurance.number"] for one in found] == ["100"]
    assert sorted((one.code, one.row) for one in said) == [("fhir.document", 1), ("fhir.document", 3)]


def test_a_damaged_member_is_told(items: ItemTable) -> None:
    """Its checksum says so; nothing of it is used."""
    said: list[Finding] = []
    data = bytearray(zipped(documents(items, 2)))
    data[200] ^= 0xFF

    found = list(read_bundles(io.BytesIO(bytes(data)), items, finding_sink=said.append))

    assert [one.row for one in found] == [2]
    assert [(one.code, one.row) for one in said] == [("archive.damaged", 1)]


def test_what_does_not_belong_there_is_told_and_housekeeping_is_not(items: ItemTable) -> None:
    """A letter beside the documents is named as such; a system's own files are nobody's concern."""
    said: list[Finding] = []
    extra = {"__MACOSX/._a.json": b"x", "folder/.DS_Store": b"x", "letter.txt": b"x"}

    found = list(read_bundles(io.BytesIO(zipped(documents(items, 1) | extra)), items, finding_sink=said.append))

    assert (len(found), [one.code for one in said]) == (1, ["archive.extra"])


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["a.json"], FormatName.ECHECKUP), (["reports/", "reports/A.JSON"], FormatName.ECHECKUP),
        (["__MACOSX/x", ".DS_Store", "a.json"], FormatName.ECHECKUP), (["表.json"], FormatName.ECHECKUP),
        (["a/DATA/h.xml", "a.json"], FormatName.ARCHIVE), (["[Content_Types].xml"], FormatName.UNKNOWN), ([], FormatName.ARCHIVE),
        (["reports/"], FormatName.ARCHIVE),
    ],
)  # fmt: skip
def test_the_first_file_of_a_zip_says_what_it_is(names: list[str], expected: FormatName) -> None:
    """Not its folders, and not a system's own files."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as made:
        for name in names:
            made.writestr(name, b"" if name.endswith("/") else b"{}")

    assert detect(out.getvalue()) is expected


@given(st.binary(max_size=200))
def test_any_bytes_behind_a_zips_first_sign_are_some_format(data: bytes) -> None:
    """Never an exception, never an endless walk."""
    assert detect(b"PK\3\4" + data) in {FormatName.ARCHIVE, FormatName.ECHECKUP}


@given(st.integers(0, 10_000), st.integers(1, 255))
def test_a_spoilt_zip_is_read_or_refused(items: ItemTable, place: int, change: int) -> None:
    """One byte changed anywhere: findings or our own errors."""
    data = bytearray(zipped({"1.json": b'{"resourceType": "Bundle"}', "2.json": b"{}"}))
    data[place % len(data)] ^= change

    try:
        found = list(read_bundles(io.BytesIO(bytes(data)), items))
    except AkashiError as error:
        found = []
        assert error.code.startswith("checkup.")  # noqa: PT017  # either way is right, but only with our own errors

    assert found == []


def test_a_bomb_of_documents_is_refused(items: ItemTable) -> None:
    """The bounds of an archive hold here too."""
    with pytest.raises(ArchiveUnsafe) as caught:
        list(read_bundles(io.BytesIO(zipped({"1.json": bytes(1 << 20)})), items, limits=ArchiveLimits(one=1 << 16)))

    assert caught.value.params == {"what": "size", "member": 1}
