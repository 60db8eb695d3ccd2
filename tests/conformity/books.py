"""Workbooks that the tests make: with openpyxl as a stranger would, and by hand where one part must be wrong."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from datetime import date

import openpyxl
from openpyxl.chart import BarChart, Reference
from openpyxl.comments import Comment
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.worksheet.datavalidation import DataValidation

from akashi.conformity.model import Catalogue, Group, Item, Mode, Words

HEADER = ["番号", "確認内容", "回答", "対応策", "エビデンス", "備考", "確認日"]


def saved(book: openpyxl.Workbook) -> bytes:
    """The file of a workbook."""
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def hospital_form(rows: list[list[object]] | None = None) -> bytes:
    """A form as a hospital has it: title, merged cells, styles, validation, print settings, a note, a second sheet with formulas and a chart."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "確認表"
    sheet["A1"] = "安全管理 確認表"
    sheet.merge_cells("A1:G1")
    sheet["A1"].font = Font(name="游明朝", size=16, bold=True)
    for column, heading in enumerate(HEADER, 1):
        sheet.cell(3, column, heading).fill = PatternFill("solid", fgColor="D9D9D9")
    for row in rows or [["1-1", "一つめの決まり", "", "", "", "", ""], ["2-1", "二つめの決まり", "", "", "", "", ""]]:
        sheet.append(row)
    for line in sheet.iter_rows(min_row=4, max_row=sheet.max_row):
        for cell in line:
            cell.alignment = Alignment(wrap_text=True)
    sheet.cell(4, 7).number_format = "yyyy/mm/dd"
    check = DataValidation(type="list", formula1='"○,△,×,－"', allow_blank=True)
    check.add("C4:C100")
    sheet.add_data_validation(check)
    sheet.page_setup.orientation = "landscape"
    sheet.print_title_rows = "3:3"
    other = book.create_sheet("集計")
    other["A1"] = '=COUNTIF(確認表!C4:C100,"○")'
    other["B1"] = date(2026, 11, 21)
    other["B1"].number_format = 'ge"年"m"月"d"日"'
    chart = BarChart()
    chart.add_data(Reference(other, min_col=2, min_row=1, max_row=3))
    other.add_chart(chart, "D4")
    sheet["B4"].comment = Comment("担当に聞く", "事務")
    return saved(book)


def members(data: bytes) -> dict[str, bytes]:
    """All members of a file."""
    with zipfile.ZipFile(io.BytesIO(data)) as file:
        return {name: file.read(name) for name in file.namelist()}


def zipped(parts: Mapping[str, bytes]) -> bytes:
    """A file of these members."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        for name, data in parts.items():
            file.writestr(name, data)
    return out.getvalue()


def swapped(data: bytes, changes: Mapping[str, bytes]) -> bytes:
    """A file with some members exchanged or added."""
    return zipped({**members(data), **changes})


SHEET = "xl/worksheets/sheet1.xml"
_NS = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'


def by_hand(
    table: str, before: str = "", after: str = "", head: str = '<?xml version="1.0" encoding="UTF-8"?>'
) -> bytes:
    """A workbook whose first sheet part is written by hand: what stands before, in and behind ``sheetData``."""
    xml = f"{head}<worksheet {_NS}>{before}{table}{after}</worksheet>"
    return swapped(hospital_form(), {SHEET: xml.encode()})


_STRINGS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/sharedStrings"


def with_strings(data: bytes, strings: bytes) -> bytes:
    """A file whose workbook refers to this table of shared strings, as Excel writes them."""
    relations = members(data)["xl/_rels/workbook.xml.rels"]
    added = f'<Relationship Id="rIdS" Type="{_STRINGS}" Target="sharedStrings.xml"/></Relationships>'.encode()
    made = relations.replace(b"</Relationships>", added)
    return swapped(data, {"xl/_rels/workbook.xml.rels": made, "xl/sharedStrings.xml": strings})


def form_catalogue() -> Catalogue:
    """Two chapters, a heading with two points, a numbered place. Everything is invented."""
    items = (
        Item("1-1", "1", "第1章 ①", Mode.PEOPLE, Words("鍵の台帳を作り、半年ごとに見直す"), evidence=("鍵の台帳",)),
        Item("1-2", "1", "第1章 ②", Mode.GROUP, Words("合い言葉を決める")),
        Item(
            "1-2-1", "1", "第1章 ②(1)", Mode.MEASURED, Words("短い合い言葉を断る"), parent="1-2", checks=("door.age",)
        ),
        Item("1-2-b1", "1", "第1章 ② 箇条1", Mode.PEOPLE, Words("使い回さない"), parent="1-2"),
        Item("2-1", "2", "第2章 ①", Mode.PARTLY, Words("戸締まりを毎晩確かめて書き残す"), checks=("door.locked",)),
        Item("2-2", "2", "第2章 ②", Mode.PEOPLE, Words("（第2項。本文は手元の様式から読み込む）"), place=True),
    )
    groups = (Group("1", Words("鍵")), Group("2", Words("戸締まり")))
    return Catalogue(
        "door-1", "door", 1, Words("戸締まりの決まり"), "戸締まりの手引き", "第1版", "長屋組合", "current", "", "S000", {},
        groups, items,
    )  # fmt: skip
