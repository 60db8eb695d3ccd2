"""Findings for people at the terminal: how many, and where the gravest are.

Guarantees: places, headings and sentences, never a value; the file with the originals is ``checkup.findings.export``.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path

from akashi.app.checkup.batch_inputs import shown
from akashi.app.checkup.naming import thing
from akashi.checkup import FINDING_KINDS, ConversionReport, Finding, Severity
from akashi.checkup.findings.export import FORMS
from akashi.checkup.formats.items import Item
from akashi.cli.shell import Shell

MOST_SHOWN = 20
_NAMES = {"stops": ("停止", "stop"), "warns": ("注意", "warn"), "informs": ("参考", "inform")}


def findings_option(parser: argparse.ArgumentParser) -> None:
    """``--findings``: a name that says its form."""
    told = f"where the findings go, with the originals ({', '.join(FORMS)})"
    parser.add_argument("--findings", type=_path, metavar="FILE", help=told)


def _path(text: str) -> Path:
    if Path(text).suffix.lower() in FORMS:
        return Path(text)
    raise argparse.ArgumentTypeError(", ".join(FORMS))


def severities(counts_by_code: Mapping[str, int]) -> dict[str, int]:
    """How many findings stop, warn, inform."""
    totals: Counter[str] = Counter()
    for code, count in counts_by_code.items():
        totals[FINDING_KINDS[code].severity.value] += count
    return {one.value: totals[one.value] for one in Severity}


def summary(report: ConversionReport, counts: Mapping[str, int], shell: Shell) -> list[str]:
    """Lines for the terminal: counts, then the places of the gravest findings."""
    rows = shell.choose("変換した行", "rows converted")
    told = ", ".join(one for one in (f"{report.map_id} → {report.format_id}", report.encoding) if one)
    return [f"{rows}: {report.rows_out}/{report.rows_in}  ({told})", *finding_lines(report.findings, counts, shell)]


def finding_lines(
    findings: Iterable[Finding], counts: Mapping[str, int], shell: Shell, items: Mapping[str, Item] | None = None
) -> list[str]:
    """How many findings there are, and where the gravest are; ``items`` give items their names."""
    told = ", ".join(f"{shell.choose(*_NAMES[name])} {count}" for name, count in counts.items())
    gravest = sorted(findings, key=lambda one: (list(_NAMES).index(FINDING_KINDS[one.code].severity.value), one.row))
    alike: dict[tuple[str | int, ...], list[Finding]] = {}
    for one in gravest:
        whole = FINDING_KINDS[one.code].severity is Severity.INFORMS  # one line for each thing to know is enough
        alike.setdefault((one.code,) if whole else (one.code, one.header or one.item, one.column), []).append(one)
    first = list(alike.values())[:MOST_SHOWN]
    lines = [f"{shell.choose('確認事項', 'findings')}: {told}", *(_place(same, shell, items or {}) for same in first)]
    more = sum(counts.values()) - sum(map(len, first))
    if more:
        lines.append(shell.choose(f"  ほか {more} 件", f"  {more} more"))
    return lines


def _place(same: list[Finding], shell: Shell, items: Mapping[str, Item]) -> str:
    """The first of findings that say the same, and how many more there are."""
    one, kind = same[0], FINDING_KINDS[same[0].code]
    where = shell.choose(f"{one.row}人目", f"person {one.row}") if one.row else ""
    if one.line:  # a format without lines has the person's or document's number only
        where = shell.choose(f"{one.line}行目", f"line {one.line}")
    if one.column:
        where += shell.choose(f" {one.column}列目", f" column {one.column}")
    named = shown(thing(one.header or one.item, items, shell.language))  # writers name a field or item
    where += f"「{named}」" if named else ""
    where += shell.choose(f"ほか {len(same) - 1} か所", f" and {len(same) - 1} more") if len(same) > 1 else ""
    return f"  {shell.choose(*_NAMES[kind.severity.value])}  {where or shell.choose('ファイル全体', 'the whole file')}: {kind.sentence(shell.language)}"
