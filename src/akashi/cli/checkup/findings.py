"""Findings for people: a summary for the terminal, a file for the desk.

Guarantees: the summary holds places, headings and sentences, never a value; the file holds the originals, and its CSV cannot start a
spreadsheet formula. Trusts nobody: originals come from foreign files.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence

from akashi.checkup import FINDING_KINDS, ConversionReport, Finding
from akashi.cli.shell import Shell

MOST_SHOWN = 20
_HEAD = ("severity", "code", "row", "line", "column", "heading", "original", "ja", "en")
_NAMES = {"stops": ("停止", "stop"), "warns": ("注意", "warn"), "informs": ("参考", "inform")}
_RISKY = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")


def summary(report: ConversionReport, counts: Mapping[str, int], shell: Shell) -> list[str]:
    """Lines for the terminal: counts, then the places of the gravest findings."""
    rows = shell.choose("変換した行", "rows converted")
    told = ", ".join(f"{shell.choose(*_NAMES[name])} {count}" for name, count in counts.items())
    lines = [
        f"{rows}: {report.rows_out}/{report.rows_in}  ({report.map_id} → {report.format_id}, {report.encoding})",
        f"{shell.choose('確認事項', 'findings')}: {told}",
    ]
    order = list(_NAMES)
    gravest = sorted(report.findings, key=lambda one: (order.index(FINDING_KINDS[one.code].severity.value), one.row))
    lines += [_place(one, shell) for one in gravest[:MOST_SHOWN]]
    more = sum(counts.values()) - min(len(gravest), MOST_SHOWN)
    if more:
        lines.append(shell.choose(f"  ほか {more} 件", f"  {more} more"))
    return lines


def _place(one: Finding, shell: Shell) -> str:
    kind = FINDING_KINDS[one.code]
    where = shell.choose(f"{one.line}行目", f"line {one.line}")
    if one.column:
        where += shell.choose(f" {one.column}列目", f" column {one.column}")
    heading = f"「{one.header}」" if one.header else ""
    return f"  {shell.choose(*_NAMES[kind.severity.value])}  {where}{heading}: {kind.sentence(shell.language)}"


def findings_file(findings: Sequence[Finding], suffix: str) -> bytes:
    """All findings as JSON where the name ends so, else as CSV (UTF-8 with a mark, so that spreadsheets read it)."""
    rows = [
        (kind.severity.value, one.code, one.row, one.line, one.column, one.header, one.original, kind.ja, kind.en)
        for one in findings
        for kind in (FINDING_KINDS[one.code],)
    ]
    if suffix.lower() == ".json":
        values = [dict(zip(_HEAD, row, strict=True)) for row in rows]
        return (json.dumps(values, ensure_ascii=False, indent=1) + "\n").encode()
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(_HEAD)
    for row in rows:
        writer.writerow([_harmless(cell) if isinstance(cell, str) else cell for cell in row])
    return text.getvalue().encode("utf-8-sig")


def _harmless(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_RISKY) else cell
