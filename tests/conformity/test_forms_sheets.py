"""Our own sheets: what is written comes back, what was changed behind our back is seen, and paper gets a readable page."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from datetime import date
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from akashi.conformity.catalogues.catalogue import defined_features, parse_catalogue, read_yaml
from akashi.conformity.errors import WorkbookRefused
from akashi.conformity.forms.layout import FIRST_ROW, write_tables
from akashi.conformity.forms.model import FormFinding, FormRow, Wording
from akashi.conformity.forms.patching import patch
from akashi.conformity.forms.sheets import (
    NOTE,
    blocks_table,
    disclosure_table,
    export_sheet,
    import_disclosure,
    import_sheet,
    row_of,
)
from akashi.conformity.model import (
    Answer,
    Basis,
    Catalogue,
    CheckResult,
    Decision,
    Mode,
    Opinion,
    Reply,
    Verdict,
    Words,
)
from tests.conformity.books import form_catalogue, members, saved
from tests.conformity.checks import CHECKS

NOW = 1_795_219_200_000
CATALOGUE = form_catalogue()
LEAVES = [item.id for item in CATALOGUE.items if item.mode is not Mode.GROUP]
CATALOGS = Path(__file__).resolve().parents[2] / "catalogs"
TEXT = st.one_of(
    st.text(st.characters(blacklist_categories=["Cs"]), max_size=40),
    st.sampled_from(
        ["=SUM(A1)", "+81-3", "-1", "@x", "'quoted", "_x0041_", " a\r\nb\t", "#N/A", "1.0", "TRUE", "2026-11-21"]
    ),
)
ROWS = st.dictionaries(
    st.sampled_from(LEAVES),
    st.tuples(
        st.none() | st.sampled_from(Reply), TEXT, TEXT, TEXT,
        st.just("") | st.dates(min_value=date(1901, 1, 1), max_value=date(2199, 12, 31)).map(str),
        st.none() | st.sampled_from(Verdict),
    ),
)  # fmt: skip


def measured(item: str, verdict: Verdict, *, contradiction: bool = False) -> Decision:
    """A measured decision on an item."""
    opinion = Opinion(verdict, "door.age", Words("四十日です。"))
    check = CheckResult("door.age", 1, opinion, NOW, attempted=True)
    return Decision("door-1", item, verdict, Basis.MEASURED, "door.age", opinion.why, 0, (check,), contradiction)


def opened(data: bytes, name: str = "door-1") -> Any:
    """A sheet as another reader sees it."""
    return openpyxl.load_workbook(io.BytesIO(data))[name]


@cache
def real_catalogues() -> tuple[Catalogue, ...]:
    """The catalogues that lists are made of (not the derived one)."""
    features = defined_features(read_yaml((CATALOGS / "features.yaml").read_bytes(), "features"))
    files = [path for path in sorted(CATALOGS.glob("*.yaml")) if path.name not in ("features.yaml", "hispro-phr.yaml")]
    return tuple(parse_catalogue(path.read_bytes(), path.name, checks=CHECKS, features=features) for path in files)


def reason(data: bytes) -> tuple[str, str]:
    """Where and why an import is refused."""
    with pytest.raises(WorkbookRefused) as caught:
        import_sheet(data, CATALOGUE)
    return str(caught.value.params["where"]), str(caught.value.params["reason"])


@given(ROWS)
@settings(max_examples=40)
def test_a_sheet_that_was_exported_comes_back(given_rows: dict[str, tuple[Any, ...]]) -> None:
    """Import of an export is the same rows, whatever the texts look like; nothing is odd about them."""
    rows = {item: FormRow(item, *fields) for item, fields in given_rows.items()}
    made = import_sheet(export_sheet(CATALOGUE, rows, {}, NOW), CATALOGUE)

    assert made.rows == tuple(rows[item] for item in LEAVES if item in rows and rows[item] != FormRow(item))
    assert made.findings == ()


@given(st.dictionaries(st.sampled_from(LEAVES), TEXT.filter(lambda text: text.strip() != "同上")))
@settings(max_examples=25)
def test_a_disclosure_table_comes_back(texts: dict[str, str]) -> None:
    """The same of the table with 対応状況."""
    rows = {item: FormRow(item, text=text) for item, text in texts.items()}
    made = import_disclosure(write_tables([disclosure_table(CATALOGUE, rows)], NOW), CATALOGUE)

    assert made.rows == tuple(rows[item] for item in LEAVES if texts.get(item))


def test_same_as_above_is_resolved() -> None:
    """同上 stands for the row above; with nothing above it, it is a finding."""
    rows = {
        name: FormRow(name, text=text) for name, text in zip(LEAVES, ["同上", "壁", " 同上 ", "同上", ""], strict=True)
    }
    made = import_disclosure(write_tables([disclosure_table(CATALOGUE, rows)], NOW), CATALOGUE)

    assert [row.text for row in made.rows] == ["壁", "壁", "壁"]
    assert made.findings == (FormFinding("sheet1!I5", "same_as_nothing"),)


def test_real_catalogues_go_out_and_come_back() -> None:
    """All sheets of all catalogues in one workbook, each answered in full, come back as they were."""
    rows = {
        one.id: {
            item.id: FormRow(item.id, Reply.YES, f"対応{n}", "証.pdf", "", "2026-11-21")
            for n, item in enumerate(one.items)
        }
        for one in real_catalogues()
    }
    data = write_tables([blocks_table(one, rows[one.id], {}) for one in real_catalogues()], NOW)

    for one in real_catalogues():
        asked = [item.id for item in one.items if item.mode is not Mode.GROUP]
        assert import_sheet(data, one).rows == tuple(rows[one.id][item] for item in asked)


def test_the_same_answers_give_the_same_bytes() -> None:
    """No clock, no chance, no order of hashing, no choice of XML library is in the file; the time it bears is the one it was given."""
    script = (
        "from hashlib import sha256\n"
        "from akashi.conformity.forms.sheets import export_sheet\n"
        "from tests.conformity.books import form_catalogue\n"
        f"print(sha256(export_sheet(form_catalogue(), {{}}, {{}}, {NOW})).hexdigest())\n"
    )
    root = CATALOGS.parent
    seen = set()
    for seed, lxml in (("1", "True"), ("2", "False")):
        env = {**os.environ, "PYTHONHASHSEED": seed, "OPENPYXL_LXML": lxml, "PYTHONPATH": f"{root / 'src'}:{root}"}
        seen.add(
            subprocess.run([sys.executable, "-c", script], env=env, capture_output=True, check=True, text=True).stdout
        )
    data = export_sheet(CATALOGUE, {}, {}, NOW)

    assert seen == {sha256(data).hexdigest() + "\n"}
    assert b"2026-11-21T00:00:00Z" in members(data)["docProps/core.xml"]


def test_the_blocks_stand_as_assessors_know_them() -> None:
    """Three blocks, chapters, our sentence with a pointer to the document; headings have nothing to fill in."""
    sheet = opened(export_sheet(CATALOGUE, {}, {}, NOW))

    assert [sheet[cell].value for cell in ("B3", "F3", "J3")] == ["チェック事項", "確認者記入欄", "評価者記入欄"]
    assert [cell.value for cell in sheet[4]][1:8] == [
        "項目分類",
        "番号",
        "確認内容",
        "エビデンス例",
        "回答",
        "対応策",
        "エビデンス",
    ]
    assert (sheet["B2"].value, sheet["D5"].value) == (
        NOTE.format(document="戸締まりの手引き", edition="第1版", publisher="長屋組合"), "鍵の台帳を作り、半年ごとに見直す",
    )  # fmt: skip
    assert sheet["D6"].fill.fgColor.rgb != sheet["D5"].fill.fgColor.rgb


def test_the_page_is_made_for_paper() -> None:
    """A4 landscape, one page wide, headings on each page, pages numbered, ids not printed, a Japanese font."""
    sheet = opened(export_sheet(CATALOGUE, {}, {}, NOW))
    setup = sheet.page_setup

    assert (setup.paperSize, setup.orientation, setup.fitToWidth, setup.fitToHeight) == (9, "landscape", 1, 0)
    assert sheet.sheet_properties.pageSetUpPr.fitToPage
    assert (sheet.print_title_rows, sheet.oddFooter.center.text) == ("$3:$4", "&P / &N")
    assert (sheet.print_area, sheet.column_dimensions["A"].hidden) == ("'door-1'!$B$1:$N$10", True)
    assert (sheet["D5"].font.name, sheet["D5"].alignment.wrap_text) == ("游ゴシック", True)


def test_sorting_by_a_heading_takes_the_ids_along() -> None:
    """The range that Excel sorts begins with the hidden column."""
    assert opened(export_sheet(CATALOGUE, {}, {}, NOW)).auto_filter.ref == "A4:N10"


def test_answers_are_chosen_from_a_list() -> None:
    """The reply and the verdict have their words, for every line."""
    found = {
        str(one.sqref): one.formula1
        for one in opened(export_sheet(CATALOGUE, {}, {}, NOW)).data_validations.dataValidation
    }

    assert found["F5:F10"] == '"はい,一部,いいえ,対象外"'
    assert found["J5:J10"] == '"○ 適合,△ 一部適合,× 不適合,－ 対象外,？ 判定不能"'


def test_only_what_was_measured_is_printed_for_the_evaluator() -> None:
    """A measured verdict with basis, day and sentence; a word alone leaves the evaluator's block empty."""
    word = Decision("door-1", "1-1", Verdict.CONFORMS, Basis.WORD, "item.answered", Words("答えだけ"), 0)
    decisions = {"1-1": word, "1-2-1": measured("1-2-1", Verdict.FAILS, contradiction=True)}
    sheet = opened(export_sheet(CATALOGUE, {"1-2-1": FormRow("1-2-1", Reply.YES)}, decisions, NOW))

    assert [sheet.cell(5, column).value for column in range(10, 14)] == [None] * 4
    assert [str(sheet.cell(7, column).value)[:10] for column in range(10, 14)] == [
        "× 不適合", "実測", "2026-11-21", "【食い違い】四十日です"[:10],
    ]  # fmt: skip
    assert sheet["J7"].font.bold


def test_no_answer_becomes_a_formula() -> None:
    """A text that begins like a formula is marked as text, and a stranger's program shows it unchanged."""
    rows = {item: FormRow(item, text=text) for item, text in zip(LEAVES, ["=1+1", "+1", "-1", "@a", "a"], strict=True)}
    sheet = opened(export_sheet(CATALOGUE, rows, {}, NOW))
    cells = [sheet.cell(row, 7) for row in (5, 7, 8, 9, 10)]

    assert [(cell.value, cell.data_type, cell.quotePrefix) for cell in cells] == [
        ("=1+1", "s", True), ("+1", "s", True), ("-1", "s", True), ("@a", "s", True), ("a", "s", False),
    ]  # fmt: skip


def test_attached_wording_stands_in_the_sheet_and_comes_back() -> None:
    """The user's own copy of the official sentence is printed, said to be so, and the sheet is still known."""
    wording = Wording("door-1", bytes(32), {"1-1": "鍵ノ台帳ヲ備ヘ置クベシ"})
    data = export_sheet(CATALOGUE, {"1-1": FormRow("1-1", Reply.NO)}, {}, NOW, wording)

    assert opened(data)["D5"].value == "鍵ノ台帳ヲ備ヘ置クベシ"
    assert "利用者が読み込んだ" in opened(data)["B2"].value
    assert import_sheet(data, CATALOGUE).rows == (FormRow("1-1", Reply.NO),)


def test_an_answer_becomes_a_row() -> None:
    """Reply, text, the day in Japan, and the names of its evidence."""
    answer = Answer("door-1", "1-1", Reply.PARTLY, NOW + 16 * 3_600_000, ("evd-1",), text="半分")

    assert row_of(answer, ["台帳.pdf", "写真.png"]) == FormRow(
        "1-1", Reply.PARTLY, "半分", "台帳.pdf\n写真.png", date="2026-11-22"
    )
    assert row_of(answer).evidence == "evd-1"


SHEET = export_sheet(CATALOGUE, {"1-1": FormRow("1-1", Reply.YES, "台帳")}, {}, NOW)


def edited(cell: str, text: str) -> bytes:
    """The sheet with one cell changed."""
    return patch(SHEET, {("door-1", cell): text})


@pytest.mark.parametrize(
    ("cell", "text", "expected"),
    [
        ("A1", "akashi/sheet/1 door-2", ("workbook", "other_form")),
        ("F4", "答え", ("sheet1!F4", "header")),
        ("O4", "社内メモ", ("sheet1!O4", "header")),
        ("A5", "9-9#000000000000", ("sheet1!A5", "id")),
        ("A5", "1-1#000000000000", ("sheet1!A5", "row_changed")),
        ("A7", "1-1#000000000000", ("sheet1!A7", "duplicate")),
        ("D5", "別の文", ("sheet1!A5", "row_changed")),
        ("A9", "", ("sheet1!A9", "row_added")),
        ("G12", "書き足した行", ("sheet1!A12", "row_added")),
    ],
)
def test_a_sheet_that_was_changed_is_refused_where_it_differs(cell: str, text: str, expected: tuple[str, str]) -> None:
    """Headings, ids and sentences are ours; the first cell that differs is named, never its content."""
    data = edited(cell, text)
    if cell == "A7":  # the row of an id twice must be that of the other
        data = patch(data, {("door-1", "A7"): opened(SHEET)["A5"].value})

    assert reason(data) == expected


def test_a_lost_or_merged_row_is_refused() -> None:
    """A row that is gone is not an empty answer; merged answers cannot be told apart."""
    book = openpyxl.load_workbook(io.BytesIO(SHEET))
    book["door-1"].delete_rows(FIRST_ROW)
    merged = openpyxl.load_workbook(io.BytesIO(SHEET))
    merged["door-1"].merge_cells("G7:G8")

    assert reason(saved(book)) == ("sheet1", "row_missing")
    assert reason(saved(merged)) == ("sheet1!G7", "merged")


def test_a_stranger_may_save_and_sort_it() -> None:
    """Another program's file, whole rows in another order, dates and words as people type them: read all the same."""
    book: Any = openpyxl.load_workbook(io.BytesIO(SHEET))
    sheet = book["door-1"]
    first, last = ([cell.value for cell in sheet[row]] for row in (5, 10))
    first[5], first[8], first[9] = "いいえ", date(2026, 1, 2), "適合"
    for column in range(len(first)):
        sheet.cell(5, column + 1).value, sheet.cell(10, column + 1).value = last[column], first[column]
    made = import_sheet(saved(book), CATALOGUE)

    assert made.rows == (FormRow("1-1", Reply.NO, "台帳", date="2026-01-02", assessed=Verdict.CONFORMS),)


def test_cells_that_cannot_be_read_are_findings() -> None:
    """An unknown word, a date that is none, an answer to a heading: named by cell, left out, the rest is read."""
    data = patch(
        SHEET, {("door-1", cell): text for cell, text in [("F5", "まる"), ("I5", "来週"), ("J5", "良"), ("F6", "はい")]}
    )
    made = import_sheet(data, CATALOGUE)

    assert made.rows == (FormRow("1-1", text="台帳"),)
    assert {(one.where, one.code) for one in made.findings} == {
        ("sheet1!F5", "reply"), ("sheet1!I5", "date"), ("sheet1!J5", "verdict"), ("sheet1!F6", "heading"),
    }  # fmt: skip


def test_a_text_too_long_for_a_cell_is_refused() -> None:
    """Nothing is cut off silently."""
    with pytest.raises(WorkbookRefused) as caught:
        export_sheet(CATALOGUE, {"1-1": FormRow("1-1", text="あ" * 32_768)}, {}, NOW)

    assert caught.value.params == {"where": "sheet1!G5", "reason": "too_long"}


def test_nothing_is_written_to_a_temporary_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """Answers do not leave memory in the clear, though the library's own way of saving puts each sheet into a file."""

    def caught() -> None:
        raise AssertionError("a temporary file")

    monkeypatch.setattr("openpyxl.worksheet._writer.create_temporary_file", caught)
    with pytest.raises(AssertionError):
        saved(openpyxl.Workbook())

    assert export_sheet(CATALOGUE, {}, {}, NOW)
