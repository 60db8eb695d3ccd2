"""FKAC522: four record types, the count at the end, and writing it back."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from akashi.checkup import ItemTable, NeutralRecord, Status
from akashi.checkup.errors import NoRows, NotThisFormat
from akashi.checkup.model import Finding
from akashi.checkup.readers.fkac import read_fkac522
from akashi.checkup.writers.fkac import expressible_fkac522, shared_head, write_fkac522
from tests.checkup.conftest import ON
from tests.checkup.readers.shipped import FUZZ, ITEMS, QUICK, meaning, ours_or_read, understood
from tests.checkup.strategies import records

FILE = "1,99000001,架空国民健康保険組合,2026/05/20,FKAC522,,,"
COLUMNS = "2,9910000001,架空医院,20260516,,,9N001000000000001,9N701000000000011"
PERSON = "5,2,ホシミド　ソラ,００１２,1968/01/01,26000000001,165.5,2"


def file(*rows: str) -> bytes:
    """A file of these rows."""
    return "".join(f"{row}\r\n" for row in rows).encode("cp932")


def read(data: bytes, items: ItemTable) -> tuple[list[NeutralRecord], list[Finding]]:
    """All records and findings."""
    found: list[Finding] = []
    return list(read_fkac522(io.BytesIO(data), items, on=ON, finding_sink=found.append)), found


def test_a_person_stands_under_the_insurer_the_institution_and_the_codes(items: ItemTable) -> None:
    """Rows 1 and 2 belong to every person after them; cells of unknown meaning are originals only."""
    [record], found = read(file(FILE, COLUMNS, PERSON, "9,1"), items)

    assert dict(record.fields) == {
        "insurance.insurer": "99000001", "insurance.insurer_name": "架空国民健康保険組合", "visit.created": "2026-05-20",
        "institution.code": "9910000001", "institution.name": "架空医院", "visit.date": "2026-05-16",
        "person.kana": "ホシミド　ソラ", "insurance.number": "００１２", "person.birth": "1968-01-01",
        "ticket.number": "26000000001",
    }  # fmt: skip
    assert record.originals["fkac.person.2"] == "2"
    assert [(result.standard, result.coded, result.unit) for result in record.items] == [
        ("165.5", "", "cm"),
        ("いいえ", "2", ""),
    ]
    assert found == []


@pytest.mark.parametrize(
    ("rows", "code", "persons"),
    [
        ((FILE, COLUMNS, PERSON, "9,2"), "fkac.count", 1),
        ((FILE, COLUMNS, PERSON, "9,多"), "fkac.count", 1),
        ((FILE, COLUMNS, PERSON), "fkac.unclosed", 1),
        ((FILE, COLUMNS, PERSON, "9,1", PERSON), "fkac.order", 1),
        ((FILE, PERSON, COLUMNS, PERSON, "9,1"), "fkac.order", 1),
        ((FILE, COLUMNS, PERSON, "7,x", "9,1"), "fkac.record_type", 1),
        ((FILE, COLUMNS, PERSON + ",MKAC000E:架空の文", "9,1"), "fkac.returned", 1),
        ((FILE, COLUMNS, PERSON, PERSON + ",12", "9,2"), "row.width", 1),
        ((FILE, COLUMNS, PERSON, PERSON + ",x,y", "9,2"), "row.width", 1),
        ((FILE, COLUMNS + ",3X999999999999999", PERSON + ",12", "9,1"), "read.item_unknown", 1),
    ],
)
def test_what_is_wrong_with_a_file_is_said(items: ItemTable, rows: tuple[str, ...], code: str, persons: int) -> None:
    """Lost rows, joined files, unknown types, returned rows."""
    made, found = read(file(*rows), items)

    assert ([finding.code for finding in found], len(made)) == ([code], persons)


def test_what_stands_where_a_code_should_is_never_shown_as_one(items: ItemTable) -> None:
    """A row of type 2 that holds a person: kept among the originals, and neither repr shows it."""
    [record], found = read(file(FILE, COLUMNS + ",星　空", PERSON + ",星　空", "9,1"), items)

    assert [finding.code for finding in found] == ["read.item_unknown"]
    assert record.originals["fkac.unnamed.9"] == "星　空"
    assert "星" not in repr(record) + repr(found)


def test_another_format_is_refused_at_its_first_row(items: ItemTable) -> None:
    """The sign stands in the fifth cell of the first row."""
    with pytest.raises(NotThisFormat):
        read(file("1,99000001,架空,20260520,FKAC999", COLUMNS, PERSON, "9,1"), items)


def test_a_file_without_persons_is_an_error(items: ItemTable) -> None:
    """Headings only."""
    with pytest.raises(NoRows):
        read(file(FILE, COLUMNS, "9,0"), items)


@QUICK
@given(record=records(ITEMS))
def test_reading_back_what_was_written_gives_what_the_format_carries(record: NeutralRecord) -> None:
    """read(write(r)) == expressible(r), for any record, and the count is right."""
    out = io.BytesIO()
    write_fkac522([record], ITEMS, out)
    [again], found = read(out.getvalue(), ITEMS)

    assert replace(again, row=1, line=1) == replace(expressible_fkac522(record, ITEMS), row=1, line=1)
    assert not {finding.code for finding in found} & {"fkac.count", "fkac.unclosed", "fkac.order", "row.width"}


@QUICK
@given(record=records(ITEMS))
def test_what_the_format_can_say_is_not_lost(record: NeutralRecord) -> None:
    """Values and answers of first readings; what is left out is said; idempotent."""
    found: list[Finding] = []
    write_fkac522([record], ITEMS, io.BytesIO(), finding_sink=found.append)
    carried = expressible_fkac522(record, ITEMS)

    lost = {finding.item for finding in found if finding.code == "write.left_out"}
    for result in filter(understood, record.items):
        same = carried.item(result.code)
        if result.status is Status.VALUE and result.occurrence == 1:
            assert same is not None
            assert (same.standard, same.coded, same.unit) == (result.standard, result.coded, result.unit)
        else:
            assert result.code in lost
    assert meaning(expressible_fkac522(carried, ITEMS)) == meaning(carried)


@QUICK
@given(many=st.lists(records(ITEMS, max_size=3), min_size=1, max_size=4))
def test_persons_of_another_head_are_left_out_and_counted(many: list[NeutralRecord]) -> None:
    """One file is one insurer, institution and day."""
    out = io.BytesIO()
    counts = write_fkac522(many, ITEMS, out)

    same = [record for record in many if shared_head(record) == shared_head(many[0])]
    assert counts["rows.out"] == len(same)
    assert counts.get("fkac.mixed", 0) == len(many) - len(same)
    assert len(read(out.getvalue(), ITEMS)[0]) == len(same)


@FUZZ
@given(junk=st.binary(max_size=300), at=st.integers(0, 300), cut=st.integers(0, 40))
def test_no_bytes_raise_anything_but_our_own_errors(junk: bytes, at: int, cut: int) -> None:
    """Random bytes, random bytes after a valid head, and a valid file with a piece replaced."""
    valid = file(FILE, COLUMNS, PERSON, "9,1")

    for data in (junk, file(FILE, COLUMNS) + junk, valid[:at] + junk[:20] + valid[at + cut :]):
        assert ours_or_read(lambda data=data: read(data, ITEMS))  # type: ignore[misc]  # a default binds the loop's value
