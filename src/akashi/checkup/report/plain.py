"""Results as plain text and as tables: what can be read when nothing else can be opened.

Guarantees: the tables hold every field and every result, original and standard side by side, one result a line (UTF-8 with a mark, CRLF);
a text that a spreadsheet would run as a formula gets an apostrophe in front. Refuses nothing that can be encoded. Pure.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

from akashi.checkup.formats.items import ItemTable
from akashi.checkup.model import NeutralRecord
from akashi.checkup.report.page import line_of
from akashi.checkup.report.view import PersonView
from akashi.checkup.report.words import FIELDS, words
from akashi.checkup.writers.standard_csv import is_formula

FIELD_HEADS = ("番号", "受診", "項目", "名前", "標準", "原文")
RESULT_HEADS = (
    "番号", "受診", "受診日", "項目コード", "回", "名称", "状態", "標準", "原文", "コード", "記号", "単位", "下限", "上限", "印",
    "判定", "判定（標準）", "方法", "所見", "医師", "まとまり", "コード体系", "回答の体系", "変換表", "項目表",
)  # fmt: skip
_MARK = "\ufeff"


def person_text(view: PersonView) -> bytes:
    """One person as plain text."""
    said = words(view.language)
    lines = [view.title, said["copy"], ""]
    lines += [f"{label}: {text}" for label, text in view.facts]
    for visit in view.visits:
        lines += ["", f"{said['visit']}: {visit.shown}", *(f"  {label}: {text}" for label, text in visit.facts)]
    if view.left_out:
        lines += ["", said["left_out"].format(count=view.left_out)]
    for section in view.sections:
        lines += ["", f"■ {section.title}"]
        for row in section.rows:
            lines.append(f"{row.name}（{row.note}）" if row.note else row.name)
            for visit, cell in zip(view.visits, row.cells, strict=True):
                if cell is not None:
                    more = [f"{said['original']}: {cell.original}"] if cell.original else []
                    lines.append(f"  {visit.day or visit.shown}  {'　'.join([*line_of(cell, view.language), *more])}")
    lines += ["", said["given"], said["legend"], said["verbatim_note"], ""]
    # A text of a foreign file stays within its line.
    flat = [" ".join(line.splitlines()) for line in lines]
    return (_MARK + "\r\n".join(flat)).encode("utf-8", "replace")


class Tables:
    """Two growing tables: fields of people and visits, and results."""

    def __init__(self, items: ItemTable) -> None:
        self._items = items
        self._fields, self._results = io.StringIO(), io.StringIO()
        self._field_rows = csv.writer(self._fields, lineterminator="\r\n")
        self._result_rows = csv.writer(self._results, lineterminator="\r\n")
        self._field_rows.writerow(FIELD_HEADS)
        self._result_rows.writerow(RESULT_HEADS)

    def add(self, number: int, records: Sequence[NeutralRecord]) -> None:
        """The visits of person ``number``, the newest first as everywhere."""
        for at, record in enumerate(records, start=1):
            targets = dict.fromkeys([*record.fields, *record.originals])
            self._field_rows.writerows(_safe((number, at, *_said(name, record))) for name in targets)
            self._result_rows.writerows(_safe(row) for row in self._rows(number, at, record))

    def fields(self) -> bytes:
        """The table of fields."""
        return (_MARK + self._fields.getvalue()).encode("utf-8", "replace")

    def results(self) -> bytes:
        """The table of results."""
        return (_MARK + self._results.getvalue()).encode("utf-8", "replace")

    def _rows(self, number: int, at: int, record: NeutralRecord) -> Iterable[tuple[str | int, ...]]:
        day = record.fields.get("visit.date", "")
        for one in record.items:
            item = self._items.items.get(one.code)
            name = one.name or (item.name if item else "")
            yield (
                number, at, day, one.code, one.occurrence, name, one.status.value, one.standard, one.original, one.coded,
                one.qualifier, one.unit, one.low, one.high, one.flag, one.judgement, one.judgement_standard, one.method,
                one.text, one.performer, one.group, one.system, one.answers, record.map_id, record.table_id,
            )  # fmt: skip


def _said(target: str, record: NeutralRecord) -> tuple[str, str, str, str]:
    return target, FIELDS.get(target, ("",))[0], record.fields.get(target, ""), record.originals.get(target, "")


def _safe(row: Iterable[str | int]) -> list[str | int]:
    return [f"'{cell}" if isinstance(cell, str) and is_formula(cell) else cell for cell in row]
