"""The findings as files: what a spreadsheet shows, and what it cannot run."""

from __future__ import annotations

import csv
import io
import json
from xml.etree import ElementTree as ET
from zipfile import ZipFile

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl.utils.escape import unescape
from openpyxl.worksheet.worksheet import Worksheet

from akashi.checkup import FINDING_KINDS, Severity
from akashi.checkup.findings.export import FORMS, findings_file
from akashi.checkup.findings.sheet import MOST_SIGNS, Style, write_sheet
from akashi.checkup.model import Finding

NASTY = ("=cmd|' /C calc'!A0", "@SUM(1)", "＝1+1", "-1+1", "\t=1", "<&>\"'", "_x0041_", "不整脈", "")
FOUND = tuple(
    Finding("cell.term", row, row + 1, 3, header, original, "9N736000000000011")
    for row, (header, original) in enumerate([("喫煙", text) for text in NASTY] + [("=1+1", "x")], start=1)
)
GRAVE = (Finding("cell.unit", 1, 2, 3), Finding("cell.term", 1, 2, 3), Finding("cell.decimals", 1, 2, 3))


def sheet(data: bytes) -> Worksheet:
    """The one sheet of a workbook, read by another program than the one that wrote it."""
    found = openpyxl.load_workbook(io.BytesIO(data)).active
    assert isinstance(found, Worksheet)
    return found


def test_a_csv_starts_no_formula() -> None:
    """What looks like a formula gets an apostrophe, in the heading as in the original; spreadsheets see the mark of UTF-8."""
    data = findings_file(FOUND, FINDING_KINDS, ".csv")

    rows = list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))
    assert data.startswith(b"\xef\xbb\xbf")
    assert [cell for row in rows for cell in row if cell.startswith(tuple("=+-@\t＝＋－＠"))] == []
    assert [row[6] for row in rows[1:3]] == ["'" + NASTY[0], "'" + NASTY[1]]
    assert rows[-1][4] == "'=1+1"


def test_a_csv_names_the_place_and_says_what_to_do() -> None:
    """Severity, row, line, column, heading, item, original, what, what to do, code."""
    found = Finding("cell.unit", 4, 6, 12, "身長", "1.6m", "9N001000000000001")
    kind = FINDING_KINDS["cell.unit"]

    ja, en = (
        list(csv.reader(io.StringIO(findings_file([found], FINDING_KINDS, ".csv", language).decode("utf-8-sig"))))
        for language in ("ja", "en")
    )

    place = ["4", "6", "12", "身長", "9N001000000000001", "1.6m"]
    assert ja[1] == ["止める", *place, kind.ja, kind.todo_ja, "cell.unit"]
    assert en[1] == ["stops", *place, kind.en, kind.todo_en, "cell.unit"]
    assert (ja[0][0], en[0]) == (
        "重さ",
        ["severity", "row", "line", "column", "heading", "item", "original", "what", "what to do", "code"],
    )


def test_a_workbook_holds_text_and_numbers_only() -> None:
    """No cell is a formula; what stands in it is what was found, sign for sign."""
    read = sheet(findings_file(FOUND, FINDING_KINDS, ".xlsx"))

    assert {cell.data_type for row in read.iter_rows() for cell in row} <= {"s", "n", "inlineStr"}
    # openpyxl leaves the standard's _xHHHH_ escapes to its caller.
    assert [unescape(str(read.cell(row, 7).value or "")) for row in range(2, len(NASTY) + 2)] == list(NASTY)
    assert read.cell(len(NASTY) + 2, 5).value == "=1+1"


def test_a_workbook_reads_well() -> None:
    """The heading stays in sight, columns are wide enough, and each severity has its colour."""
    read = sheet(findings_file(GRAVE, FINDING_KINDS, ".xlsx"))

    colours = [read.cell(row, 1).fill.fgColor.rgb for row in (1, 2, 3, 4)]
    assert read.freeze_panes == "A2"
    assert read.column_dimensions["I"].width == 56
    assert len(set(colours)) == 4
    assert [read.cell(row, 1).value for row in (2, 3, 4)] == ["止める", "注意", "参考"]
    assert read.title == "確認事項"


def test_a_workbook_is_the_same_each_time() -> None:
    """No date of making, no chance."""
    assert findings_file(FOUND, FINDING_KINDS, ".xlsx") == findings_file(FOUND, FINDING_KINDS, ".xlsx")


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(max_size=60), min_size=1, max_size=6))
def test_any_text_gives_a_workbook_that_opens(texts: list[str]) -> None:
    """Control characters and half surrogates of foreign files break no XML, and the other signs arrive unchanged."""
    data = write_sheet("a", ["x"] * len(texts), [10] * len(texts), [(Style.PLAIN, texts)])

    with ZipFile(io.BytesIO(data)) as archive:
        for name in archive.namelist():
            ET.fromstring(archive.read(name))
    plain = [text for text in texts if text.isprintable()]
    shown = [cell.value or "" for cell in sheet(data)[2]]
    assert [text for text in plain if text not in shown] == []


def test_a_text_too_long_for_a_sheet_is_cut_with_a_mark() -> None:
    """A workbook with a longer text would not open."""
    data = write_sheet("a", ("x",), (10,), [(Style.PLAIN, ("字" * (MOST_SIGNS + 1),))])

    shown = sheet(data).cell(2, 1).value
    assert shown == "字" * (MOST_SIGNS - 1) + "…"


def test_json_holds_both_languages() -> None:
    """One object per finding, values as found."""
    values = json.loads(findings_file(FOUND, FINDING_KINDS, ".json"))

    kind = FINDING_KINDS["cell.term"]
    assert [value["original"] for value in values[: len(NASTY)]] == list(NASTY)
    assert {(value["todo_ja"], value["todo_en"], value["severity"]) for value in values} == {
        (kind.todo_ja, kind.todo_en, "warns")
    }


@pytest.mark.parametrize("suffix", [*FORMS, ".XLSX", ".txt"])
def test_each_form_says_every_finding(suffix: str) -> None:
    """Whatever the form, no finding is lost; an unknown suffix means CSV."""
    data = findings_file(FOUND, FINDING_KINDS, suffix)

    if suffix.lower() == ".xlsx":
        count = sheet(data).max_row - 1
    else:
        count = len(json.loads(data)) if suffix == ".json" else data.decode().count("cell.term")
    assert count == len(FOUND)


def test_every_finding_says_what_to_do() -> None:
    """In both languages, in words of its own."""
    for kind in FINDING_KINDS.values():
        assert kind.todo("ja") not in {"", kind.ja, kind.todo("en")}, kind.code
        assert kind.todo("en") not in {"", kind.en}, kind.code
        assert kind.todo("ja").endswith("。"), kind.code
        assert kind.todo("en").endswith("."), kind.code


def test_severities_are_three() -> None:
    """Each has a colour and a word in both languages."""
    words = {findings_file([one], FINDING_KINDS, ".csv").decode("utf-8-sig").splitlines()[1][:2] for one in GRAVE}

    assert len(words) == len(Severity)
