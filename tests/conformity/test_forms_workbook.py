"""Somebody's workbook: read as plain cells or refused with a reason, and patched without touching anything else."""

from __future__ import annotations

import io
import re
import struct
import zipfile
from collections.abc import Callable
from datetime import date
from pathlib import Path

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from akashi.conformity.errors import WorkbookRefused
from akashi.conformity.forms import package
from akashi.conformity.forms.cells import (
    cell_name,
    date_of_serial,
    escape,
    parse_cell,
    read_date,
    serial_of_date,
    unescape,
)
from akashi.conformity.forms.model import REASONS
from akashi.conformity.forms.patching import patch
from akashi.conformity.forms.workbook import MAX_ROWS, MergedAreas, find_sheet, read_workbook, text_at
from tests.conformity.books import SHEET, by_hand, hospital_form, members, saved, swapped, with_strings, zipped

TEXT = st.text(st.characters(blacklist_categories=["Cs"]), max_size=60)
ODD = st.sampled_from(["_x0041_", "_x0041\x01", "=1+1", "+81", "-5", "@x", "\r\n\t", " a ", "_", "#N/A", "証\ufffe"])
WORKBOOK = "xl/workbook.xml"
TYPES = "[Content_Types].xml"


def cells(data: bytes) -> dict[str, str]:
    """The texts of the first sheet by cell name."""
    sheet = read_workbook(data).sheets[0]
    return {cell_name(*place): text for place, text in sheet.texts.items()}


def reason(data: bytes, act: Callable[[bytes], object] = read_workbook) -> str:
    """Why a file is refused."""
    with pytest.raises(WorkbookRefused) as caught:
        act(data)
    return str(caught.value.params["reason"])


@given(st.lists(st.one_of(TEXT, ODD), max_size=3).map("".join))
def test_a_text_survives_its_escape(text: str) -> None:
    """Any text comes back, also one that looks like an escape or that XML cannot hold."""
    assert unescape(escape(text)) == text


@given(st.integers(1, 1_048_576), st.integers(1, 16_384))
def test_a_cell_has_one_name(row: int, column: int) -> None:
    """Name and place are the same thing."""
    assert parse_cell(cell_name(row, column)) == (row, column)


@pytest.mark.parametrize("name", ["", "A0", "5C", "XFE1", "A1048577", "AAAA1", "A1:B2", "Ａ1"])
def test_a_place_outside_a_sheet_is_refused(name: str) -> None:
    """No cell stands there."""
    with pytest.raises(WorkbookRefused):
        parse_cell(name)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("2026-11-21", "2026-11-21"), ("2026/1/2", "2026-01-02"), ("２０２６年１１月２１日", "2026-11-21"),
        ("令和8年11月21日", "2026-11-21"), ("R8.11.21", "2026-11-21"), ("令和元年5月1日", "2019-05-01"),
        ("平成30年4月1日", "2018-04-01"), ("2026-02-30", ""), ("来週", ""), ("", ""), ("21/11/2026", ""),
        ("2026-11-21T09:30:00", "2026-11-21"),
    ],
)  # fmt: skip
def test_dates_are_read_as_people_write_them(written: str, read: str) -> None:
    """Western and Japanese years; what is no date is none."""
    assert read_date(written) == read


@given(st.dates(min_value=date(1901, 1, 1), max_value=date(2199, 12, 31)))
def test_a_serial_number_is_its_day(day: object) -> None:
    """Days and serial numbers of the 1900 system are the same thing."""
    assert date_of_serial(serial_of_date(str(day)), base_1904=False) == str(day)


def test_a_form_is_read_as_a_person_sees_it() -> None:
    """Headings, texts, merged areas; a date as ISO 8601; a formula only as its cached value, here none."""
    book = read_workbook(hospital_form())
    form, totals = book.sheets

    assert (form.name, form.texts[3, 2], form.texts[4, 1]) == ("確認表", "確認内容", "1-1")
    assert text_at(form, MergedAreas(form.merged), 1, 5) == "安全管理 確認表"
    assert (totals.texts[1, 2], (1, 1) in totals.formulas, (1, 1) in totals.texts) == ("2026-11-21", True, False)
    assert find_sheet(book, "集計").number == find_sheet(book, "2").number == 2


def test_readings_numbers_and_truth_are_plain() -> None:
    """Readings of kanji are left out, rich text is joined, numbers lose their noise, implied places are counted."""
    row = (
        '<row><c t="inlineStr"><is><r><t>証</t></r><r><t>跡</t></r><rPh sb="0" eb="2"><t>ショウセキ</t></rPh></is></c>'
        '<c><v>0.30000000000000004</v></c><c><v>12.0</v></c><c t="b"><v>1</v></c><c t="str"><f>A1</f><v>x_x0041_</v></c>'
        '<c t="e"><v>#N/A</v></c></row><row r="9"><c r="C9"><v>1e300</v></c></row>'
    )

    assert cells(by_hand(f"<sheetData>{row}</sheetData>")) == {
        "A1": "証跡", "B1": "0.3", "C1": "12", "D1": "TRUE", "E1": "xA", "F1": "#N/A", "C9": "1e+300",
    }  # fmt: skip


def test_shared_strings_are_read_without_their_readings() -> None:
    """Rich text is joined; the reading of a name is not part of it."""
    strings = "<sst><si><t>証</t></si><si><r><t>山</t></r><r><t>田_x000D_</t></r><rPh sb='0' eb='2'><t>ヤマダ</t></rPh></si></sst>"
    table = '<sheetData><row><c t="s"><v>1</v></c><c t="s"><v>0</v></c></row></sheetData>'

    assert cells(with_strings(by_hand(table), strings.encode())) == {"A1": "山田\r", "B1": "証"}


def lying_size(data: bytes) -> bytes:
    """The central directory says that the sheet is 4 GB."""
    at = data.rindex(SHEET.encode()) - 46
    return data[: at + 24] + struct.pack("<I", 0xFFFF_FFF0) + data[at + 28 :]


def encrypted(data: bytes) -> bytes:
    """A member that claims to be encrypted."""
    at = data.rindex(SHEET.encode()) - 46
    return data[: at + 8] + struct.pack("<H", 1) + data[at + 10 :]


def flipped(data: bytes) -> bytes:
    """One bit of the sheet's stored text is another."""
    stored = members(data)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        for name, content in stored.items():
            file.writestr(name, content)
    return out.getvalue().replace(b"<sheetData>", b"<sheetDatb>", 1)


def twice(data: bytes) -> bytes:
    """Two members that differ in case only."""
    return zipped({**members(data), SHEET.upper(): b"<x/>"})


DOCTYPE = b'<?xml version="1.0"?><!DOCTYPE w [<!ENTITY a SYSTEM "file:///etc/hostname">]><worksheet>&a;</worksheet>'
LAUGHS = b'<!DOCTYPE w [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]><worksheet>&b;</worksheet>'
ROWS = "".join(f'<row r="{row}"><c r="A{row}"><v>1</v></c></row>' for row in range(1, MAX_ROWS + 2))
FAR = '<row r="1048576"><c r="A1048576"><v>1</v></c></row>'


def refusals() -> dict[str, tuple[bytes, str]]:
    """A file and why it is refused."""
    good = hospital_form()
    types = members(good)[TYPES]
    return {
        "nothing": (b"", "no_workbook"),
        "text": ("番号,回答\n".encode(), "no_workbook"),
        "old xls": (bytes.fromhex("d0cf11e0a1b11ae1") + bytes(600), "encrypted_or_old"),
        "cut off": (good[: len(good) // 2], "broken_zip"),
        "flipped bit": (flipped(good), "broken_zip"),
        "encrypted member": (encrypted(good), "encrypted_or_old"),
        "lying size": (lying_size(good), "bomb"),
        "bomb": (swapped(good, {"xl/media/a.bin": bytes(60 << 20)}), "bomb"),
        "bomb in the sheet": (swapped(good, {SHEET: b"<worksheet>" + b" " * (30 << 20) + b"</worksheet>"}), "bomb"),
        "many members": (swapped(good, {f"a/{number}": b"" for number in range(2_100)}), "bomb"),
        "too large": (bytes((20 << 20) + 1), "too_large"),
        "macros by name": (swapped(good, {"xl/vbaProject.bin": b"x"}), "macro"),
        "macros by type": (swapped(good, {TYPES: types.replace(b"sheet.main", b"macroEnabled.main")}), "macro"),
        "path": (swapped(good, {"../../outside.xml": b"<x/>"}), "member_name"),
        "absolute path": (swapped(good, {"/xl/outside.xml": b"<x/>"}), "member_name"),
        "backslash": (swapped(good, {"xl\\..\\outside.xml": b"<x/>"}), "member_name"),
        "two members": (twice(good), "duplicate_member"),
        "no types": (zipped({WORKBOOK: b"<x/>"}), "no_workbook"),
        "another document": (zipped({TYPES: b"<x/>", "word/document.xml": b"<x/>"}), "no_workbook"),
        "outer entity": (swapped(good, {SHEET: DOCTYPE}), "doctype"),
        "inner entities": (swapped(good, {SHEET: LAUGHS}), "doctype"),
        "entity in strings": (with_strings(good, DOCTYPE), "doctype"),
        "entity in the workbook": (swapped(good, {WORKBOOK: DOCTYPE}), "doctype"),
        "broken markup": (swapped(good, {SHEET: b"<worksheet><sheetData>"}), "xml"),
        "many rows": (by_hand(f"<sheetData>{ROWS}</sheetData>"), "too_many_rows"),
        "a far row": (by_hand(f"<sheetData>{FAR}</sheetData>"), "too_many_rows"),
        "rows that run back": (by_hand('<sheetData><row r="2"/><row r="1"/></sheetData>'), "cell_order"),
        "a cell of another row": (by_hand('<sheetData><row r="2"><c r="A3"/></row></sheetData>'), "cell_order"),
        "no such string": (by_hand('<sheetData><row><c t="s"><v>9999</v></c></row></sheetData>'), "string_index"),
        "a place that is none": (by_hand('<sheetData><row r="1"><c r="ZZZ1"/></row></sheetData>'), "reference"),
    }


REFUSALS = refusals()


@pytest.mark.parametrize("name", REFUSALS)
def test_a_file_that_is_no_plain_workbook_is_refused(name: str) -> None:
    """Each with its own reason, by the reader and by the patcher alike, and never with what stands in it."""
    data, expected = REFUSALS[name]

    assert reason(data) == expected
    assert reason(data, lambda file: patch(file, {("確認表", "C4"): "○"})) == expected


def test_too_many_sheets_are_refused() -> None:
    """65 sheets are one too many."""
    book = openpyxl.Workbook()
    for _ in range(64):
        book.create_sheet()

    assert reason(saved(book)) == "too_many_sheets"


def test_elements_beyond_the_bound_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also those that hold nothing: they cost time."""
    monkeypatch.setattr(package, "MAX_ELEMENTS", 100)

    assert reason(by_hand("<a/>" * 101)) == "too_many_cells"


@given(st.lists(st.tuples(st.integers(1, 6), st.integers(1, 6), st.integers(0, 2), st.integers(0, 2)), max_size=4))
def test_a_merged_area_is_found_around_each_of_its_cells(areas: list[tuple[int, int, int, int]]) -> None:
    """As a plain search finds it, for areas that do not overlap."""
    taken: dict[tuple[int, int], tuple[int, int]] = {}
    kept = []
    for top, left, high, wide in areas:
        cells_of = [(row, column) for row in range(top, top + high + 1) for column in range(left, left + wide + 1)]
        if not taken.keys() & set(cells_of):
            kept.append((top, left, top + high, left + wide))
            taken |= dict.fromkeys(cells_of, (top, left))
    merged = MergedAreas(kept)

    assert all(merged.anchor(r, c) == taken.get((r, c), (r, c)) for r in range(1, 10) for c in range(1, 10))


def test_the_bound_on_members_counts_what_is_declared(monkeypatch: pytest.MonkeyPatch) -> None:
    """What unpacks to more than the bound is refused before anything is unpacked."""
    monkeypatch.setattr(package, "MAX_UNPACKED", 1_000)

    assert reason(hospital_form()) == "bomb"


@given(st.binary(max_size=400), st.integers(0, 4_000))
@settings(max_examples=60)
def test_a_damaged_file_is_refused_or_read(noise: bytes, at: int) -> None:
    """Bytes overwritten anywhere raise nothing but a refusal."""
    good = FORM
    damaged = good[:at] + noise + good[at + len(noise) :]
    outcome: object = None
    try:
        outcome = read_workbook(damaged).digest
    except WorkbookRefused as error:
        outcome = error.params["reason"]

    assert outcome


FORM = hospital_form()
CHANGES = {("確認表", "C4"): "○", ("確認表", "D4"): "=1+1\n二行目 & <b>", ("確認表", "H9"): "遠い"}


def test_a_patch_changes_its_cells_and_nothing_else() -> None:
    """Other parts keep every byte; in the touched part the text before the first and behind the last row stays."""
    made = patch(FORM, CHANGES)
    before, after = members(FORM), members(made)
    old, new = before.pop(SHEET), after.pop(SHEET)

    assert before == after
    assert old[old.index(b"</sheetData>") :] == new[new.index(b"</sheetData>") :]
    assert old[: old.index(b"<sheetData>")].replace(b"A1:G5", b"A1:H9") == new[: new.index(b"<sheetData>")]
    assert {name: text for name, text in cells(made).items() if name in ("C4", "D4", "H9")} == {
        "C4": "○", "D4": "=1+1\n二行目 & <b>", "H9": "遠い",
    }  # fmt: skip


def test_another_reader_sees_the_patch_and_all_formatting() -> None:
    """Another reader finds the texts (no formula), styles, merged cells, validation and print settings as they were."""
    old, new = (openpyxl.load_workbook(io.BytesIO(data))["確認表"] for data in (FORM, patch(FORM, CHANGES)))

    assert (new["D4"].value, new["D4"].data_type, new["C4"].value) == ("=1+1\n二行目 & <b>", "s", "○")
    assert (new["D4"].alignment.wrap_text, new["A3"].fill.fgColor.rgb) == (True, old["A3"].fill.fgColor.rgb)
    assert [str(area) for area in new.merged_cells.ranges] == ["A1:G1"]
    assert new.data_validations.dataValidation[0].formula1 == '"○,△,×,－"'
    assert (new.page_setup.orientation, new.print_title_rows) == ("landscape", "$3:$3")


@given(st.dictionaries(st.tuples(st.integers(1, 12), st.integers(8, 14)), st.one_of(TEXT, ODD), max_size=12))
@settings(max_examples=60)
def test_whatever_is_patched_is_read_back(texts: dict[tuple[int, int], str]) -> None:
    """Any text in any free cells comes back unchanged, and everything else still stands."""
    made = patch(FORM, {("確認表", cell_name(*place)): text for place, text in texts.items()})
    sheet = read_workbook(made).sheets[0]

    assert {place: text for place, text in sheet.texts.items() if place[1] >= 8} == {
        p: t for p, t in texts.items() if t
    }
    assert {p: t for p, t in sheet.texts.items() if p[1] < 8} == dict(read_workbook(FORM).sheets[0].texts)


CELL = st.sampled_from(
    ["<c{0}/>", "<c{0}></c>", "<c{0}><v>7</v></c>", "<c{0} t='str' s='1' ><v>a>b</v></c >", "<c{0} q='/>' />"]
)
WRITTEN = st.dictionaries(
    st.integers(1, 9), st.tuples(st.booleans(), st.dictionaries(st.integers(1, 7), CELL, max_size=4))
)


@given(WRITTEN, st.booleans(), st.dictionaries(st.tuples(st.integers(1, 9), st.integers(1, 7)), TEXT, max_size=6))
@settings(max_examples=60)
def test_any_way_of_writing_a_sheet_is_patched(
    written: dict[int, tuple[bool, dict[int, str]]], spaced: bool, texts: dict[tuple[int, int], str]
) -> None:
    """Whatever tags look like, the named cells get their texts, the others keep theirs, and what is no cell keeps every byte."""
    gap = "\n <!-- <c r='A1'/> --> " if spaced else ""
    table = ""
    for row, (short, columns) in sorted(written.items()):
        inner = gap.join(one.format(f" r='{cell_name(row, at)}'") for at, one in sorted(columns.items()))
        table += gap + (
            f"<row r='{row}' spans='1:1' />" if short and not columns else f"<row r='{row}' >{inner}</row >"
        )
    data = by_hand(f"<sheetData>{table}{gap}</sheetData>")
    made = patch(data, {("確認表", cell_name(*place)): text for place, text in texts.items()})
    before, after = (dict(read_workbook(file).sheets[0].texts) for file in (data, made))

    assert after == {place: text for place, text in {**before, **texts}.items() if text}
    assert members(made)[SHEET].count(b"<!--") == members(data)[SHEET].count(b"<!--")


def test_an_empty_text_empties_the_cell_and_keeps_its_style() -> None:
    """The cell stays, without content."""
    made = openpyxl.load_workbook(io.BytesIO(patch(FORM, {("確認表", "B4"): ""})))["確認表"]

    assert (made["B4"].value, made["B4"].alignment.wrap_text) == (None, True)


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        ("<sheetData/>", '<sheetData><row r="2">{A2}{C2}</row></sheetData>'),
        ("<sheetData></sheetData>", '<sheetData><row r="2">{A2}{C2}</row></sheetData>'),
        (
            '<sheetData><row r="2" spans="2:2"/></sheetData>',
            '<sheetData><row r="2" spans="1:3">{A2}{C2}</row></sheetData>',
        ),
        (
            '<sheetData><row r="1"/><row r="2" ht="5"><c r="B2" s="1"/></row ><row r="3"/></sheetData>',
            '<sheetData><row r="1"/><row r="2" ht="5">{A2}<c r="B2" s="1"/>{C2}</row ><row r="3"/></sheetData>',
        ),
        (
            '<sheetData><row r="2"><c r="A2" s="2" t="b" cm="1"><v>1</v></c><c><v>2</v></c></row></sheetData>',
            '<sheetData><row r="2">{A2s}<c><v>2</v></c>{C2}</row></sheetData>',
        ),
        (
            '<sheetData><row r="2"><c r="A2" s="2"/><c r="C2" q=">"/><c r="D2"/></row></sheetData>',
            '<sheetData><row r="2">{A2s}{C2}<c r="D2"/></row></sheetData>',
        ),
        ('<sheetData><row r="3"/></sheetData>', '<sheetData><row r="2">{A2}{C2}</row><row r="3"/></sheetData>'),
    ],
)
def test_cells_are_put_where_they_belong(table: str, expected: str) -> None:
    """Missing rows and cells come to stand in order, whatever way the sheet is written."""
    cell = '<c r="{0}"{1} t="inlineStr"><is><t xml:space="preserve">x</t></is></c>'
    made = {"A2": cell.format("A2", ""), "C2": cell.format("C2", ""), "A2s": cell.format("A2", ' s="2"')}
    for key, value in made.items():
        expected = expected.replace("{" + key + "}", value)

    patched = members(patch(by_hand(table), {("確認表", "A2"): "x", ("確認表", "C2"): "x"}))[SHEET].decode()

    assert patched[patched.index("<sheetData") : patched.rindex("</worksheet>")] == expected


def test_a_new_cell_looks_like_its_column() -> None:
    """The style of the column is taken over, that of a styled row first."""
    table = '<sheetData><row r="1"/><row r="2" s="1" customFormat="1"/></sheetData>'
    data = by_hand(table, before='<cols><col min="2" max="3" style="2"/></cols>')
    patched = members(patch(data, {("確認表", "B1"): "x", ("確認表", "B2"): "x", ("確認表", "B3"): "x"}))[
        SHEET
    ].decode()

    assert [patched.partition(f'r="{name}"')[2][:6] for name in ("B1", "B2", "B3")] == [' s="2"', ' s="1"', ' s="2"'][
        :3
    ]


def test_prefixes_and_marks_of_other_writers_are_kept() -> None:
    """A sheet with prefixed names and a byte order mark is patched in its own dialect."""
    xml = (
        '\ufeff<?xml version="1.0" encoding="utf-8"?><x:worksheet xmlns:x="http://schemas.openxmlformats.org/spreadsheetml/'
        '2006/main"><x:sheetData><x:row r="1"><x:c r="B1" a="&gt;>"/></x:row></x:sheetData></x:worksheet>'
    )
    patched = members(patch(swapped(FORM, {SHEET: xml.encode()}), {("確認表", "B1"): "x", ("確認表", "C1"): "y"}))[
        SHEET
    ]

    assert (
        '<x:c r="B1" t="inlineStr"><x:is><x:t xml:space="preserve">x</x:t></x:is></x:c><x:c r="C1"' in patched.decode()
    )


@pytest.mark.parametrize(
    ("cell", "text", "expected"),
    [
        ("B1", "x", "merged"),
        ("C4", "x" * 32_768, "too_long"),
        ("A50001", "x", "too_many_rows"),
        ("Q", "x", "reference"),
    ],
)
def test_what_cannot_be_written_is_refused(cell: str, text: str, expected: str) -> None:
    """A hidden cell of a merged area, more than a cell holds, a place that is none."""
    assert reason(FORM, lambda data: patch(data, {("確認表", cell): text})) == expected


def test_a_formula_is_never_overwritten() -> None:
    """Nor is a sheet found that is not there."""
    assert reason(FORM, lambda data: patch(data, {("集計", "A1"): "x"})) == "formula"
    assert reason(FORM, lambda data: patch(data, {("別の表", "A1"): "x"})) == "sheet"


def test_another_encoding_is_read_but_not_patched() -> None:
    """Offsets would lie in UTF-16."""
    head = '<?xml version="1.0" encoding="UTF-16"?>'
    xml = f"{head}<worksheet><sheetData><row><c><v>1</v></c></row></sheetData></worksheet>".encode("utf-16")
    data = swapped(FORM, {SHEET: xml})

    assert cells(data) == {"A1": "1"}
    assert reason(data, lambda file: patch(file, {("確認表", "A1"): "x"})) == "encoding"


def test_every_reason_is_explained() -> None:
    """Each reason that the code of forms can give has its plain words, in both languages, and none is left over."""
    source = "".join(path.read_text(encoding="utf-8") for path in Path(package.__file__).parent.glob("*.py"))
    named = set(re.findall(r'reason="([a-z_]+)"|refused\([^)]*?"([a-z_]+)"\)', source))
    given_reasons = {one or other for one, other in named} | {
        "too_many_cells",
        "duplicate",
        "heading",
        "too_long",
        "merged",
    }

    assert given_reasons <= set(REASONS)
    assert [code for code in REASONS if f'"{code}"' not in source.replace(f'"{code}": Words', "")] == []
    assert [code for code, words in REASONS.items() if not words.ja or not words.en] == []
