"""The summary of a batch: one table for people (lines, CSV, XLSX) and the same as JSON.

Guarantees: names of files, counts and our own sentences, never a value of a person; a spreadsheet runs none of it; two files with the same
visit are named with the rows. Refuses: originals (they are in the findings' own files). Trusts nobody: file names are foreign.
"""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from unicodedata import east_asian_width

from akashi.app.checkup.batch_inputs import Found, LeftOut
from akashi.app.checkup.batch_state import DONE, FAILED, LEFT, STOPPED, Entry
from akashi.app.checkup.batch_work import PERSON_BYTES, Outcome
from akashi.checkup import FINDING_KINDS, Severity
from akashi.checkup.findings.export import harmless
from akashi.checkup.findings.sheet import Cell, Row, Style, write_sheet

MOST_REMEMBERED = 1_000_000
MOST_PLACES = 20
_BAR, _NAME, _SHOWN = 20, 24, 5
_HASH = 8
_STATES = {
    DONE: ("完了", "done"),
    STOPPED: ("停止", "stopped"),
    FAILED: ("失敗", "failed"),
    LEFT: ("対象外", "left out"),
}
_STYLES = {DONE: Style.PLAIN, STOPPED: Style.YELLOW, FAILED: Style.RED, LEFT: Style.BLUE}
_REASONS = {
    "link": ("リンクのため、たどっていません", "a link; it was not followed"),
    "hidden": ("隠しファイル", "a hidden file"),
    "special": ("通常のファイルではありません", "no regular file"),
    "deep": ("フォルダーの階層が深すぎます", "folders nested too deeply"),
    "output": ("出力先です", "it is the output folder, or in it"),
    "twice": ("同じファイルが二度指定されています", "named twice"),
}
_AGAIN = {
    "input": ("ファイルが変わった", "the file changed"), "map": ("変換表が変わった", "the map changed"),
    "table": ("項目表が変わった", "the item table changed"), "terms": ("条件が変わった", "the terms changed"),
    "outputs": ("出力がないか書き換えられた", "outputs missing or altered"),
    "unfinished": ("前回は途中だった", "unfinished before"), "failed": ("前回は失敗した", "failed before"),
}  # fmt: skip
_HEADS = (
    ("ファイル", "file", 44), ("結果", "result", 10), ("形式", "format", 14), ("変換表", "map", 20), ("行", "rows in", 8),
    ("出力", "rows out", 8), ("除外", "skipped", 8), ("止める", "stops", 8), ("注意", "warns", 8), ("参考", "informs", 8),
    ("ミリ秒", "milliseconds", 10), ("出力ファイル", "outputs", 44), ("備考", "remark", 70),
)  # fmt: skip


@dataclass(frozen=True)
class Twice:
    """Visits that are in two files: how many, and the first places as (row in ``other``, row in ``name``)."""

    name: str
    other: str
    count: int
    places: tuple[tuple[int, int], ...]


class Across:
    """Finds visits that are in more than one file. Of more than a million visits, only the first million are remembered."""

    def __init__(self, most: int = MOST_REMEMBERED) -> None:
        self._most = most
        self._seen: dict[bytes, tuple[int, int]] = {}
        self._names: list[str] = []
        self._found: dict[tuple[int, int], list[tuple[int, int]]] = {}
        self._counts: Counter[tuple[int, int]] = Counter()
        self.complete = True

    def add(self, name: str, visits: bytes) -> None:
        """The visits of one file, as ``batch_work.Visits`` made them."""
        number = len(self._names)
        self._names.append(name)
        for start in range(0, len(visits) - PERSON_BYTES + 1, PERSON_BYTES):
            mark, row = (
                visits[start : start + _HASH],
                int.from_bytes(visits[start + _HASH : start + PERSON_BYTES], "big"),
            )
            first = self._seen.get(mark)
            if first is None:
                if len(self._seen) < self._most:
                    self._seen[mark] = (number, row)
                else:
                    self.complete = False
            elif first[0] != number:
                self._counts[first[0], number] += 1
                places = self._found.setdefault((first[0], number), [])
                if len(places) < MOST_PLACES:
                    places.append((first[1], row))

    def found(self) -> tuple[Twice, ...]:
        """Pairs of files, in their order."""
        return tuple(
            Twice(self._names[now], self._names[first], count, tuple(self._found[first, now]))
            for (first, now), count in sorted(self._counts.items())
        )


@dataclass(frozen=True)
class Summary:
    """The whole batch: what became of each input, what was no input, and visits that are in two files."""

    outcomes: tuple[Outcome, ...] = field(repr=False)
    left_out: tuple[LeftOut, ...] = field(repr=False)
    twice: tuple[Twice, ...] = ()
    complete: bool = True

    def totals(self) -> dict[str, int]:
        """Numbers over all files."""
        states = Counter(one.entry.state for one in self.outcomes)
        rows = [one.entry.rows for one in self.outcomes]
        made = {
            "files": len(self.outcomes), "kept": sum(one.kept for one in self.outcomes), "left_out": len(self.left_out),
            "rows_in": sum(row[0] for row in rows), "rows_out": sum(row[1] for row in rows),
            "rows_skipped": sum(row[2] for row in rows), "visits_twice": sum(one.count for one in self.twice),
            "milliseconds": sum(one.entry.milliseconds for one in self.outcomes if not one.kept),
        }  # fmt: skip
        severities = [severities_of(one.entry) for one in self.outcomes]
        return (
            made
            | {state: states[state] for state in _STATES}
            | {one.value: sum(counts[one.value] for counts in severities) for one in Severity}
        )

    def same_names(self) -> tuple[str, ...]:
        """Archives of several inputs that bear one name: a receiver takes only one of them."""
        names = Counter(
            name for one in self.outcomes for name in one.entry.outputs if name.endswith(("_1.zip", "_2.zip"))
        )
        return tuple(sorted(name for name, count in names.items() if count > 1))


def severities_of(entry: Entry) -> dict[str, int]:
    """How many findings stop, warn, inform."""
    totals: Counter[str] = Counter()
    for code, count in entry.counts.items():
        if code in FINDING_KINDS:
            totals[FINDING_KINDS[code].severity.value] += count
    return {one.value: totals[one.value] for one in Severity}


def outputs_of(outcome: Outcome) -> list[str]:
    """The output files, from the batch's folder; what the batch keeps for itself is none."""
    return [f"{outcome.found.folder}/{name}" for name in sorted(outcome.entry.outputs) if name != "persons"]


def remark(outcome: Outcome, language: str) -> str:
    """Why it failed, that it was kept, or why it was made again."""
    entry, place = outcome.entry, 0 if language == "ja" else 1
    if entry.state == FAILED:
        return entry.why_ja if language == "ja" else entry.why_en
    if outcome.kept:
        return ("前回のまま（変更なし）", "kept: nothing changed")[place]
    return _AGAIN[entry.again][place] if entry.again in _AGAIN else ""


def _rows(summary: Summary, language: str) -> Iterator[Row]:
    place = 0 if language == "ja" else 1
    for one in summary.outcomes:
        entry = one.entry
        cells: tuple[Cell, ...] = (
            entry.name, _STATES[entry.state][place], entry.format, entry.map_id, *entry.rows,
            *severities_of(entry).values(), entry.milliseconds, "\n".join(outputs_of(one)), remark(one, language),
        )  # fmt: skip
        yield _STYLES[entry.state], cells
    totals = summary.totals()
    names = ("rows_in", "rows_out", "rows_skipped", *(one.value for one in Severity), "milliseconds")
    said = "; ".join(sentences(summary, language)[:1])
    yield Style.HEADING, (("合計", "total")[place], "", "", "", *(totals[name] for name in names), "", said)
    for text in sentences(summary, language)[1:]:
        yield Style.YELLOW, (text, *[""] * (len(_HEADS) - 1))
    for left in summary.left_out:
        yield Style.BLUE, (left.name, *[""] * (len(_HEADS) - 2), _REASONS[left.reason][place])


def sentences(summary: Summary, language: str) -> list[str]:
    """The totals in one sentence, then each thing that a person should look at."""
    totals, ja = summary.totals(), language == "ja"
    lines = [
        f"{totals['files']} 件: 完了 {totals[DONE]}（うち前回のまま {totals['kept']}）、停止 {totals[STOPPED]}、失敗 {totals[FAILED]}、"
        f"対象外 {totals[LEFT]}"
        if ja
        else f"{totals['files']} files: {totals[DONE]} done ({totals['kept']} kept), {totals[STOPPED]} stopped, "
        f"{totals[FAILED]} failed, {totals[LEFT]} left out"
    ]
    for one in summary.twice:
        rows = ", ".join(f"{first}/{now}" for first, now in one.places[:_SHOWN]) + ", …" * (one.count > _SHOWN)
        lines.append(
            f"注意: {one.count} 件の受診が「{one.other}」と「{one.name}」の両方にあります（行 {rows}）。二重に送らないよう確かめてください。"
            if ja
            else f"warns: {one.count} visits are in both `{one.other}` and `{one.name}` (rows {rows}); do not send them twice."
        )
    if not summary.complete:
        lines.append(
            "注意: 受診の数が多いため、ファイルをまたぐ重複は一部しか調べていません。"
            if ja
            else "warns: too many visits; only some were compared across files."
        )
    lines += [
        f"注意: 「{name}」という名前のアーカイブが複数あります。同じ日に同じ相手へ送るものは --count を変えて作り直してください。"
        if ja
        else f"warns: several archives are called {name}; make those for one receiver and day again with another --count."
        for name in summary.same_names()
    ]
    return lines


def lines(summary: Summary, language: str) -> list[str]:
    """For the terminal: a line per file, then the totals and what to look at."""
    place, told = 0 if language == "ja" else 1, []
    for one in summary.outcomes:
        entry, severities = one.entry, severities_of(one.entry)
        counts = "/".join(str(count) for count in severities.values())
        done = f"{entry.rows[1]}/{entry.rows[0]}  {counts}  {entry.map_id}  " if entry.state != FAILED else ""
        told.append(f"{_STATES[entry.state][place]}  {entry.name}  {done}{remark(one, language)}".rstrip())
    told += [f"{_STATES[LEFT][place]}  {one.name}  {_REASONS[one.reason][place]}" for one in summary.left_out]
    return told + sentences(summary, language)


def value(summary: Summary) -> dict[str, object]:
    """The summary for programs."""
    return {
        "files": [_value(one) for one in summary.outcomes],
        "left_out": [{"name": one.name, "reason": one.reason} for one in summary.left_out],
        "same_names": list(summary.same_names()),
        "totals": summary.totals(),
        "twice": [
            {"count": one.count, "file": one.name, "other": one.other, "rows": [list(pair) for pair in one.places]}
            for one in summary.twice
        ],
        "twice_complete": summary.complete,
    }


def _value(one: Outcome) -> dict[str, object]:
    entry = one.entry
    return {
        "again": entry.again, "code": entry.code, "counts": dict(entry.counts), "digest": entry.digest,
        "folder": one.found.folder, "format": entry.format, "kept": one.kept, "map": entry.map_id,
        "map_digest": entry.map_digest, "milliseconds": entry.milliseconds, "name": entry.name,
        "outputs": {name: digest for name, digest in entry.outputs.items() if name != "persons"},
        "rows_in": entry.rows[0], "rows_out": entry.rows[1], "rows_skipped": entry.rows[2],
        "severities": severities_of(entry), "state": entry.state, "table": entry.table, "why_en": entry.why_en,
        "why_ja": entry.why_ja,
    }  # fmt: skip


class Telling:
    """A watch for the terminal: two bars on one line (all files, this file), or a plain line per file where there is none.

    ``progress`` makes a bar's drawer from its label, ``say`` writes a line; both go to standard error.
    """

    def __init__(
        self,
        say: Callable[[str], None],
        progress: Callable[[str], Callable[[int, int], None]],
        language: str,
        *,
        bars: bool,
    ) -> None:
        self._say, self._progress, self._language, self._bars = say, progress, language, bars
        self._total = self._done = 0
        self._shown: dict[str, int] = {}

    def begun(self, total: int) -> None:
        """So many inputs will come."""
        self._total = total

    def reading(self, found: Found, done: int, total: int) -> None:
        """Move the bar of one file; the last hundredth is for when its outputs are written."""
        part = min(99, done * 100 // total) if total else 0
        if self._bars and self._shown.get(found.folder) != part:
            self._shown[found.folder] = part
            self._bar(found.name, part)

    def finished(self, outcome: Outcome) -> None:
        """Close the file's bar, or write its line."""
        self._done += 1
        self._shown.pop(outcome.found.folder, None)
        if self._bars:
            self._bar(outcome.found.name, 100)
        else:
            state = _STATES[outcome.entry.state][0 if self._language == "ja" else 1]
            self._say(f"{self._done}/{self._total}  {state}  {outcome.found.name}")

    def _bar(self, name: str, part: int) -> None:
        filled = _BAR * self._done // self._total if self._total else 0
        whole = f"[{'#' * filled}{'.' * (_BAR - filled)}] {self._done}/{self._total}"
        self._progress(f"{whole}  {_fitted(name)}")(part, 100)


def _fitted(name: str) -> str:
    """The end of a name in exactly 24 places of a terminal, so that a shorter one leaves nothing of a longer one behind."""
    places, kept = 0, ""
    for sign in reversed(name):
        wide = 2 if east_asian_width(sign) in "WF" else 1
        if places + wide > _NAME:
            break
        places, kept = places + wide, sign + kept
    return kept + " " * (_NAME - places)


def _csv(heads: Sequence[str], rows: Iterable[Row]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(heads)
    for _style, cells in rows:
        writer.writerow([harmless(cell) if isinstance(cell, str) else cell for cell in cells])
    return text.getvalue().encode("utf-8-sig")


def summary_files(summary: Summary, language: str) -> dict[str, bytes]:
    """``summary.csv``, ``summary.json`` and ``summary.xlsx``."""
    place = 0 if language == "ja" else 1
    heads, widths = [(ja, en)[place] for ja, en, _width in _HEADS], [width for _ja, _en, width in _HEADS]
    title = ("一括変換", "batch")[place]
    return {
        "summary.csv": _csv(heads, _rows(summary, language)),
        "summary.json": (json.dumps(value(summary), ensure_ascii=False, indent=1, sort_keys=True) + "\n").encode(),
        "summary.xlsx": write_sheet(title, heads, widths, _rows(summary, language)),
    }
