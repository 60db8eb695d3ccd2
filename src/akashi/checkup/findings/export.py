"""The findings as a file for the desk: CSV, XLSX or JSON, with the originals.

Guarantees: a spreadsheet runs none of it; each row says how grave it is, where it is, what it is and what to do now. Refuses:
being called on the way: such a file is made on demand, for the institution whose file it was. Trusts nobody: originals and
headings come from foreign files.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence

from akashi.checkup.findings.kinds import FindingKind
from akashi.checkup.findings.sheet import MOST_ROWS, Cell, Style, write_sheet
from akashi.checkup.model import Finding, Severity

FORMS = (".csv", ".xlsx", ".json")
SEVERITY_WORDS = {
    Severity.STOPS: ("止める", "stops"),
    Severity.WARNS: ("注意", "warns"),
    Severity.INFORMS: ("参考", "informs"),
}
_HEADS = {
    "ja": ("重さ", "行", "ファイルの行", "列", "見出し", "項目", "原文", "何があったか", "どうするか", "コード"),
    "en": ("severity", "row", "line", "column", "heading", "item", "original", "what", "what to do", "code"),
}
_WIDTHS = (8, 8, 12, 8, 24, 22, 28, 48, 56, 20)
_STYLES = {Severity.STOPS: Style.RED, Severity.WARNS: Style.YELLOW, Severity.INFORMS: Style.BLUE}
_RISKY = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")

Kinds = Mapping[str, FindingKind]


def _cells(one: Finding, kind: FindingKind, language: str) -> tuple[Cell, ...]:
    severity = SEVERITY_WORDS[kind.severity][0 if language == "ja" else 1]
    return (
        severity, one.row, one.line, one.column, one.header, one.item, one.original, kind.sentence(language),
        kind.todo(language), one.code,
    )  # fmt: skip


def harmless(text: str) -> str:
    """``text`` with an apostrophe in front where a spreadsheet might run it.

    >>> harmless("=1+1"), harmless("不整脈")
    ("'=1+1", '不整脈')
    """
    return f"'{text}" if text.startswith(_RISKY) else text


def findings_csv(findings: Iterable[Finding], kinds: Kinds, language: str = "ja") -> bytes:
    """UTF-8 with a mark, so that spreadsheets read it; CRLF."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(_HEADS[language])
    for one in findings:
        cells = _cells(one, kinds[one.code], language)
        writer.writerow([harmless(cell) if isinstance(cell, str) else cell for cell in cells])
    return text.getvalue().encode("utf-8-sig")


def findings_xlsx(findings: Sequence[Finding], kinds: Kinds, language: str = "ja") -> bytes:
    """A workbook coloured by severity; of more than a million findings the first million."""

    def rows() -> Iterator[tuple[Style, tuple[Cell, ...]]]:
        for one in findings[: MOST_ROWS - 1]:
            kind = kinds[one.code]
            yield _STYLES[kind.severity], _cells(one, kind, language)

    title = "確認事項" if language == "ja" else "findings"
    return write_sheet(title, _HEADS[language], _WIDTHS, rows())


def findings_json(findings: Iterable[Finding], kinds: Kinds) -> bytes:
    """A list of objects with the sentences in both languages."""
    values = [
        {
            "severity": kind.severity.value, "code": one.code, "row": one.row, "line": one.line, "column": one.column,
            "heading": one.header, "item": one.item, "original": one.original, "ja": kind.ja, "en": kind.en,
            "todo_ja": kind.todo_ja, "todo_en": kind.todo_en,
        }
        for one in findings
        for kind in (kinds[one.code],)
    ]  # fmt: skip
    return (json.dumps(values, ensure_ascii=False, indent=1) + "\n").encode()


def findings_file(findings: Sequence[Finding], kinds: Kinds, suffix: str, language: str = "ja") -> bytes:
    """All findings in the form that ``suffix`` names (one of :data:`FORMS`); any other suffix means CSV."""
    if suffix.lower() == ".json":
        return findings_json(findings, kinds)
    if suffix.lower() == ".xlsx":
        return findings_xlsx(findings, kinds, language)
    return findings_csv(findings, kinds, language)
