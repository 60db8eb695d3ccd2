"""The standard CSV from any record, the same as the engine's, and read back."""

from __future__ import annotations

import io
from dataclasses import replace

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
    convert,
    read_records,
)
from akashi.checkup.errors import LayoutUnknown
from akashi.checkup.formats.definitions import FormatColumn
from akashi.checkup.generate import Maker, encode_file
from akashi.checkup.model import Finding
from akashi.checkup.readers.standard_csv import read_standard
from akashi.checkup.writers.standard_records import expressible_standard, write_standard
from tests.checkup.conftest import ON, headers_of
from tests.checkup.readers.shipped import FUZZ, ITEMS, QUICK, meaning, ours_or_read, understood
from tests.checkup.strategies import records

KINDS = ("standard", "original", "judgement", "low", "high", "unit", "flag", "method", "text")
FIELDS = (
    "person.id", "person.name", "person.kana", "person.sex", "person.birth", "visit.date", "visit.created",
    "insurance.insurer", "insurance.number", "institution.address", "ticket.expires",
)  # fmt: skip


def definition(made: NeutralRecord, encoding: str, dates: str) -> FormatDefinition:
    """Every kind of column for every result of a record, and for one more item."""
    wanted = [(result.code, result.occurrence) for result in made.items] + [("9N001000000000001", 9)]
    columns = [(target, "field", target, 1) for target in FIELDS]
    columns += [(f"{code}{kind}{number}", kind, code, number) for code, number in wanted for kind in KINDS]
    return FormatDefinition(
        "all-1", "for tests", encoding, True, dates,  # noqa: FBT003  (the definition's heading)
        tuple(FormatColumn(at, *column) for at, column in enumerate(columns, start=1)),
    )  # fmt: skip


FORMS = st.sampled_from([("utf-8", "iso"), ("cp932", "compact"), ("utf-8-sig", "slash")])


def written(made: list[NeutralRecord], form: FormatDefinition) -> tuple[bytes, dict[str, int]]:
    """A standard CSV and its counts."""
    out = io.BytesIO()
    counts = write_standard(made, form, ITEMS, out)
    return out.getvalue(), counts


def read(data: bytes, form: FormatDefinition) -> tuple[list[NeutralRecord], list[Finding]]:
    """All records and findings."""
    found: list[Finding] = []
    return list(read_standard(io.BytesIO(data), form, ITEMS, on=ON, finding_sink=found.append)), found


@pytest.mark.parametrize("name", ["midori", "hoshi"])
def test_records_give_the_same_bytes_as_the_engine(
    name: str, items: ItemTable, subset: FormatDefinition, midori: LayoutMap, hoshi: LayoutMap
) -> None:
    """Two roads, one meaning (decision 0011): a messy file through records and through the compiled engine."""
    layout_map = {"midori": midori, "hoshi": hoshi}[name]
    rows = Maker(headers_of(name), layout_map, items, ON, messy=True).rows(11, 60)
    data = b"".join(encode_file(headers_of(name), rows, encoding="cp932"))
    engine, records_road = io.BytesIO(), io.BytesIO()

    convert(io.BytesIO(data), layout_map, subset, engine, on=ON, items=items)
    write_standard(read_records(io.BytesIO(data), layout_map, on=ON, items=items), subset, items, records_road)

    assert records_road.getvalue() == engine.getvalue()


@QUICK
@given(record=records(ITEMS), form=FORMS)
def test_reading_back_what_was_written_gives_what_the_definition_carries(
    record: NeutralRecord, form: tuple[str, str]
) -> None:
    """read(write(r)) == expressible(r, definition), in every encoding and date style."""
    shape = definition(record, *form)
    [again], found = read(written([record], shape)[0], shape)

    assert replace(again, row=1, line=1) == replace(expressible_standard(record, shape, ITEMS), row=1, line=1)
    assert "row.width" not in {finding.code for finding in found}


@QUICK
@given(record=records(ITEMS))
def test_what_the_definition_has_columns_for_is_not_lost(record: NeutralRecord) -> None:
    """Original, standard, code, status, range, flag, unit, method, text and judgement; idempotent."""
    shape = definition(record, "utf-8", "iso")
    carried = expressible_standard(record, shape, ITEMS)

    for result in filter(understood, record.items):
        same = carried.item(result.code, result.occurrence)
        assert same is not None
        assert same == replace(
            result, performer="", judgement_standard=result.judgement, name=ITEMS.items[result.code].name
        )
    assert {target: carried.fields.get(target) for target in FIELDS if target in record.fields} == {
        target: value for target, value in record.fields.items() if target in FIELDS
    }
    assert meaning(expressible_standard(carried, shape, ITEMS)) == meaning(carried)


def _record(*results: ItemResult, **fields: str) -> NeutralRecord:
    named = {name.replace("_", ".", 1): value for name, value in fields.items()}
    return NeutralRecord(1, 2, "tiny", ITEMS.table_id, named, named, results)


def _height(**more: str) -> ItemResult:
    parts = {"unit": "cm", "original": "170", "standard": "170"} | more
    return ItemResult("9N001000000000001", 1, Status.VALUE, **parts)


@pytest.mark.parametrize("text", ["=1+1", "'=1+1", "''@x", "'quoted'", "-x", "+-", "＝和"])
def test_an_apostrophe_before_a_formula_is_taken_off_again_and_no_other(text: str) -> None:
    """CSV injection is marked on the way out, and the mark is exactly removed."""
    shape = definition(_record(), "utf-8", "iso")
    data, _counts = written([_record(person_name=text)], shape)

    [again], _found = read(data, shape)

    assert again.fields["person.name"] == text
    assert not any(cell.startswith((b"=", b"@")) for cell in data.split(b","))


def test_an_item_without_a_column_is_said(tiny_format: FormatDefinition) -> None:
    """A result never disappears silently."""
    other = ItemResult("9A755000000000001", 1, Status.VALUE, "mmHg", "120", "120")
    _data, counts = written([_record(_height(), other)], tiny_format)

    assert counts == {"rows.out": 1, "write.no_column": 1}


def test_a_number_is_never_put_under_another_unit_unsaid(subset: FormatDefinition) -> None:
    """The unit column shows the record's own unit, with a stopping finding."""
    data, counts = written([_record(_height(unit="m", original="1.7", standard="1.7"))], subset)

    assert counts == {"rows.out": 1, "cell.unit": 1}
    assert ",1.7,1.7,,,m," in data.decode("cp932")


def test_another_heading_is_refused(tiny_format: FormatDefinition, subset: FormatDefinition) -> None:
    """Columns are found by the definition, not by luck."""
    with pytest.raises(LayoutUnknown):
        read(written([_record()], tiny_format)[0], subset)


def test_several_findings_are_joined_and_512_bytes_are_counted(tiny_format: FormatDefinition) -> None:
    """One cell holds several values joined by 「、」; a longer text is said and not cut."""
    long = ItemResult("9N056160400000049", 1, Status.VALUE, "", "高血圧、痛風", "、".join(["高血圧"] * 65))
    data, counts = written([_record(long)], tiny_format)

    assert counts == {"rows.out": 1, "cell.too_long": 1}
    assert "高血圧、高血圧" in data.decode("utf-8")


@FUZZ
@given(junk=st.binary(max_size=300), at=st.integers(0, 900), cut=st.integers(0, 40))
def test_no_bytes_raise_anything_but_our_own_errors(
    tiny_format: FormatDefinition, junk: bytes, at: int, cut: int
) -> None:
    """Random bytes, random bytes under a valid heading, and a valid file with a piece replaced."""
    valid, _counts = written([_record(_height(), person_id="P1", visit_date="2026-05-16")], tiny_format)
    head = valid[: valid.index(b"\r\n") + 2]

    for data in (junk, head + junk, valid[:at] + junk[:20] + valid[at + cut :]):
        assert ours_or_read(lambda data=data: read(data, tiny_format))  # type: ignore[misc]  # a default binds the loop's value
