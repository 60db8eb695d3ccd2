"""日医特定健診 format: what a line says, what is refused, and writing it back."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from akashi.checkup import ItemTable, NeutralRecord, Status
from akashi.checkup.errors import NoRows
from akashi.checkup.model import Finding
from akashi.checkup.readers.jma import HEADER, ITEM, read_jma
from akashi.checkup.writers.jma import expressible_jma, write_jma
from tests.checkup.conftest import ON
from tests.checkup.readers.shipped import FUZZ, ITEMS, QUICK, meaning, ours_or_read, understood
from tests.checkup.strategies import records

PERSON = [
    "架空検査センター",
    "9910000001",
    "架空医院",
    "20260515",
    "7",
    "R080516",
    "12",
    "26000000001",
    "ﾎｼﾐﾄﾞ ｿﾗ",
    "S430101",
    "1",
    "",
    "食前",
]
HEIGHT = ["9N001000000000001", "身長", "1", "", "", "165.5", "cm", ""]


def quoted(*rows: list[str], encoding: str = "cp932") -> bytes:
    """Lines with every cell in quotes."""
    return "".join(",".join(f'"{cell}"' for cell in row) + "\r\n" for row in rows).encode(encoding)


def read(data: bytes, items: ItemTable) -> tuple[list[NeutralRecord], list[Finding]]:
    """All records and findings of a file."""
    found: list[Finding] = []
    return list(read_jma(io.BytesIO(data), items, on=ON, finding_sink=found.append)), found


def item(
    code: str, value: str, *, done: str = "1", flag: str = "", form: str = "", unit: str = "", ref: str = ""
) -> list[str]:
    """The eight cells of one examination."""
    return [code, "検査", done, flag, form, value, unit, ref]


def test_a_person_with_era_dates_and_half_width_kana_is_read(items: ItemTable) -> None:
    """The thirteen cells become fields; what no public source explains stays an original."""
    [record], found = read(quoted(PERSON + HEIGHT), items)

    assert dict(record.fields) == {
        "institution.code": "9910000001", "institution.name": "架空医院", "visit.date": "2026-05-16",
        "visit.number": "12", "ticket.number": "26000000001", "person.kana": "ホシミド　ソラ",
        "person.birth": "1968-01-01", "person.sex": "1",
    }  # fmt: skip
    assert record.originals["jma.meal"] == "食前"
    assert record.originals["person.birth"] == "S430101"
    assert record.map_id == "format:jma"
    assert found == []


@pytest.mark.parametrize(
    ("cells", "status", "standard"),
    [
        (item("3F015000002327101", "30", form="E", unit="mg/dl"), Status.BELOW, "30以下"),
        (item("3F015000002327101", "30", form="L"), Status.BELOW, "30未満"),
        (item("3F015000002327101", "1000", form="U"), Status.ABOVE, "1000以上"),
        (item("3F015000002327101", "30未満"), Status.BELOW, "30未満"),
        (item("3F015000002327101", "", done="0"), Status.NOT_DONE, "未実施"),
        (item("3F015000002327101", "", done="2"), Status.UNMEASURABLE, "測定不能"),
        (item("1A020000000191111", "+-"), Status.VALUE, "±"),
        (item("9N701000000000011", "2"), Status.VALUE, "いいえ"),
    ],
)
def test_the_marks_of_a_value_make_its_status(
    items: ItemTable, cells: list[str], status: Status, standard: str
) -> None:
    """以下, 未満, 以上, not done and unmeasurable; grades and codes get their label."""
    [record], found = read(quoted(PERSON + cells), items)

    assert [(result.status, result.standard) for result in record.items] == [(status, standard)]
    assert found == []


@pytest.mark.parametrize(
    ("cells", "code"),
    [
        (item("3F015000002327101", "120", done="0"), "jma.done"),
        (item("3F015000002327101", "120", done="7"), "jma.done"),
        (item("3F015000002327101", "120", form="X"), "jma.form"),
        (item("3F015000002327101", "120以上", form="L"), "jma.form"),
        (item("1A020000000191111", "+", form="L"), "jma.form"),
        (item("3F015000002327101", "6.2", unit="mmol/l"), "cell.unit"),
        (item("3X999999999999999", "120"), "read.item_unknown"),
        (item("3F015000002327101", "多い"), "cell.number"),
    ],
)
def test_what_contradicts_itself_stays_verbatim(items: ItemTable, cells: list[str], code: str) -> None:
    """No guess and no conversion: the text as it was, with a finding at its cell."""
    [record], found = read(quoted(PERSON + cells), items)

    assert [(result.status, result.standard) for result in record.items] == [(Status.UNMATCHED, cells[5])]
    assert [finding.code for finding in found] == [code]


def test_flag_and_range_are_kept_as_given(items: ItemTable) -> None:
    """Nothing is computed from value and range; a mark that is no flag stays an original."""
    cells = item("3F015000002327101", "160", flag="H", ref="30-149") + item(
        "3D010000001999901", "95", flag="!", ref="正常"
    )
    [record], found = read(quoted(PERSON + cells), items)

    first, second = record.items
    assert (first.flag, first.low, first.high) == ("H", "30", "149")
    assert (second.flag, second.low, second.high) == ("", "", "")
    assert record.originals["jma.3D010000001999901.1.flag"] == "!"
    assert [finding.code for finding in found] == ["jma.flag", "jma.range"]


def test_a_second_reading_is_a_second_occurrence(items: ItemTable) -> None:
    """The same code twice in a line is not overwritten."""
    [record], _found = read(quoted(PERSON + HEIGHT + HEIGHT), items)

    assert [result.occurrence for result in record.items] == [1, 2]


def test_a_line_of_another_width_is_left_out_and_said(items: ItemTable) -> None:
    """Cells could stand under wrong meanings."""
    made, found = read(quoted(PERSON + HEIGHT, PERSON + HEIGHT[:-1]), items)

    assert (len(made), [(finding.code, finding.row) for finding in found]) == (1, [("jma.width", 2)])


def test_a_file_without_any_fitting_line_is_an_error(items: ItemTable) -> None:
    """It is another format."""
    with pytest.raises(NoRows):
        read("氏名,身長\r\n星,170\r\n".encode("cp932"), items)


def test_half_width_kana_that_look_like_utf8_are_cp932(items: ItemTable) -> None:
    """Two half-width kana can form one Greek letter in UTF-8."""
    person = [cell if cell.isascii() else "ﾎｼ" for cell in PERSON]
    data = quoted(person + [cell if cell.isascii() else "" for cell in HEIGHT])
    [record], _found = read(data, items)

    assert record.fields["person.kana"] == "ホシ"


def test_what_stands_where_a_code_should_is_never_shown_as_one(items: ItemTable) -> None:
    """A shifted line may have a name there; it is kept, and neither repr shows it."""
    [record], found = read(quoted([*PERSON, "星\u3000空", "検査", "1", "", "", "星\u3000空", "", ""]), items)

    assert [finding.code for finding in found] == ["read.item_unknown"]
    assert record.originals["jma.unnamed.14"] == "星　空"
    assert "星" not in repr(record) + repr(found)


@QUICK
@given(record=records(ITEMS))
def test_reading_back_what_was_written_gives_what_the_format_carries(record: NeutralRecord) -> None:
    """read(write(r)) == expressible(r), for any record."""
    out = io.BytesIO()
    write_jma([record], ITEMS, out)
    [again], _found = read(out.getvalue(), ITEMS)

    assert replace(again, row=1, line=1) == replace(expressible_jma(record, ITEMS), row=1, line=1)


@QUICK
@given(record=records(ITEMS))
def test_what_the_format_can_say_is_not_lost(record: NeutralRecord) -> None:
    """Status, value, code, qualifier and unit of every result that was understood, and it is idempotent."""
    carried = expressible_jma(record, ITEMS)

    for result in filter(understood, record.items):
        same = carried.item(result.code, result.occurrence)
        assert same is not None
        assert (same.status, same.standard, same.coded, same.qualifier, same.unit) == (
            result.status, result.standard, result.coded, result.qualifier, result.unit,
        )  # fmt: skip
    assert meaning(expressible_jma(carried, ITEMS)) == meaning(carried)


@FUZZ
@given(junk=st.binary(max_size=300), at=st.integers(0, 400), cut=st.integers(0, 40))
def test_no_bytes_raise_anything_but_our_own_errors(junk: bytes, at: int, cut: int) -> None:
    """Random bytes, and a valid file with a piece replaced."""
    valid = quoted(PERSON + HEIGHT, PERSON + item("1A020000000191111", "+"))

    for data in (junk, valid[:at] + junk[:20] + valid[at + cut :]):
        assert ours_or_read(lambda data=data: read(data, ITEMS))  # type: ignore[misc]  # a default binds the loop's value


def test_wide_lines_are_read_in_bounded_time(items: ItemTable) -> None:
    """A hundred thousand cells in one line are work in proportion, not a hang."""
    [record], found = read(quoted(PERSON + [""] * (len(ITEM) * 12_500)), items)

    assert record.items == ()
    assert found == []
    assert len(HEADER) == 13
