"""A catalogue as a sheet, out and in again: the three blocks of an assessment, and the table of a disclosure.

Guarantees: ``import_sheet(export_sheet(…rows…))`` gives the same rows; only measured verdicts are printed for the evaluator (he decides
the rest); a cell that cannot be read is a finding. Refuses a sheet of another catalogue, changed headings, ids or sentences. The sentence
of a requirement is ours, or the official one where the user attached it here. Trusts nobody.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta, timezone
from typing import TypeVar

from akashi.conformity.forms.cells import folded, read_date
from akashi.conformity.forms.layout import Column, Line, Table, place_of, read_table, write_tables
from akashi.conformity.forms.model import FilledForm, FormFinding, FormRow, Wording
from akashi.conformity.forms.workbook import read_workbook
from akashi.conformity.model import Answer, Basis, Catalogue, Decision, Item, Mode, Reply, Verdict

Choice = TypeVar("Choice", Reply, Verdict)
REPLIES = {Reply.YES: "はい", Reply.PARTLY: "一部", Reply.NO: "いいえ", Reply.NOT_APPLICABLE: "対象外"}
VERDICTS = {
    Verdict.CONFORMS: "○ 適合",
    Verdict.PARTIAL: "△ 一部適合",
    Verdict.FAILS: "× 不適合",
    Verdict.NOT_APPLICABLE: "－ 対象外",
    Verdict.UNDECIDED: "？ 判定不能",
}
BASES = {Basis.MEASURED: "実測", Basis.DOCUMENT: "文書", Basis.WORD: "自己申告", Basis.NONE: ""}
JAPAN = timezone(timedelta(hours=9))
_TONES = {
    VERDICTS[Verdict.CONFORMS]: "good",
    VERDICTS[Verdict.PARTIAL]: "partly",
    VERDICTS[Verdict.FAILS]: "bad",
    VERDICTS[Verdict.NOT_APPLICABLE]: "quiet",
    VERDICTS[Verdict.UNDECIDED]: "quiet",
}
_ASK, _SELF, _JUDGE = "チェック事項", "確認者記入欄", "評価者記入欄"
BLOCKS = (
    Column("項目分類", 14, _ASK, given=True),
    Column("番号", 13, _ASK, given=True),
    Column("確認内容", 36, _ASK, given=True),
    Column("エビデンス例", 18, _ASK, given=True),
    Column("回答", 8, _SELF, choices=tuple(REPLIES.values())),
    Column("対応策", 30, _SELF),
    Column("エビデンス", 18, _SELF),
    Column("確認日", 11, _SELF, date=True),
    Column("評価結果", 12, _JUDGE, choices=tuple(VERDICTS.values()), tones=_TONES),
    Column("根拠", 9, _JUDGE),
    Column("測定日", 11, _JUDGE, date=True),
    Column("測定の結果", 24, _JUDGE),
    Column("コメント", 22, _JUDGE),
)
DISCLOSURE = (
    Column("連番", 6, given=True),
    Column("章", 16, given=True),
    Column("節", 8, given=True),
    Column("段", 18, given=True),
    Column("概要", 18, given=True),
    Column("番号", 14, given=True),
    Column("要求事項", 50, given=True),
    Column("対応状況", 60),
)
NOTE = "確認内容は要約です。正しい文は {document} {edition}（{publisher}）をご覧ください。"
OFFICIAL = "確認内容の一部または全部は、利用者が読み込んだ {document} {edition}（{publisher}）の文です。"
SAME = "同上"


def day_of(when_ms: int) -> str:
    """The day in Japan, ISO 8601; empty for 0."""
    return datetime.fromtimestamp(when_ms / 1000, UTC).astimezone(JAPAN).date().isoformat() if when_ms else ""


def row_of(answer: Answer, evidence: Sequence[str] = ()) -> FormRow:
    """What a sheet says of an answer; ``evidence``: the names of its files as the sheet's reader may see them."""
    named = "\n".join(evidence) or "\n".join(answer.evidence)
    return FormRow(answer.item, answer.reply, answer.text, named, date=day_of(answer.answered_ms))


def sentence(item: Item, wording: Wording | None) -> str:
    """The official wording where it is attached here, else ours."""
    return (wording.texts.get(item.id) if wording is not None else None) or item.text.ja


def blocks_table(
    catalogue: Catalogue,
    rows: Mapping[str, FormRow],
    decisions: Mapping[str, Decision],
    wording: Wording | None = None,
) -> Table:
    """The catalogue in three blocks: チェック事項, 確認者, 評価者 (the layout that HISPRO made known)."""
    groups = {group.id: group.title.ja for group in catalogue.groups}
    lines = []
    for item in catalogue.items:
        asked = (groups[item.group], item.clause, sentence(item, wording), "\n".join(item.evidence))
        if item.mode is Mode.GROUP:
            lines.append(Line(item.id, (*asked, *[""] * 9), heading=True))
            continue
        row = rows.get(item.id, FormRow(item.id))
        reply = REPLIES[row.reply] if row.reply is not None else ""
        judged = _judged(row, decisions.get(item.id))
        lines.append(Line(item.id, (*asked, reply, row.text, row.evidence, row.date, *judged, row.comment)))
    note = (OFFICIAL if wording is not None and wording.texts else NOTE).format(
        document=catalogue.document, edition=catalogue.edition, publisher=catalogue.publisher
    )
    return Table(catalogue.id[:31], _mark("sheet", catalogue), catalogue.title.ja, note, BLOCKS, tuple(lines))


def _judged(row: FormRow, decision: Decision | None) -> tuple[str, str, str, str]:
    """Verdict, basis, date, sentence: where it was measured; else what an evaluator wrote."""
    if decision is None or decision.basis is not Basis.MEASURED:
        return (VERDICTS[row.assessed] if row.assessed is not None else "", "", "", "")
    measured = max((one.measured_ms for one in decision.checks if one.attempted), default=0)
    clash = "【食い違い】" if decision.contradiction else ""
    return VERDICTS[decision.verdict], BASES[decision.basis], day_of(measured), clash + decision.why.ja


def _mark(kind: str, catalogue: Catalogue) -> str:
    return f"akashi/{kind}/1 {catalogue.id}"


def export_sheet(
    catalogue: Catalogue,
    rows: Mapping[str, FormRow],
    decisions: Mapping[str, Decision],
    made_ms: int,
    wording: Wording | None = None,
) -> bytes:
    """One catalogue as a workbook. Raises :class:`WorkbookRefused` for a text that no cell can hold."""
    return write_tables([blocks_table(catalogue, rows, decisions, wording)], made_ms)


def import_sheet(data: bytes, catalogue: Catalogue) -> FilledForm:
    """The rows of a sheet that say anything. Raises :class:`WorkbookRefused`."""
    book, mark = read_workbook(data), _mark("sheet", catalogue)
    headings = {item.id for item in catalogue.items if item.mode is Mode.GROUP}
    rows, findings = [], []
    for at, line in read_table(book, mark, BLOCKS, [item.id for item in catalogue.items]):
        reply, text, evidence, day, verdict, _, _, _, comment = line.cells[4:]
        row = FormRow(
            line.id,
            read_choice(REPLIES, reply),
            text,
            evidence,
            comment,
            read_date(day),
            read_choice(VERDICTS, verdict),
        )
        odd = [
            ("回答", "reply", bool(reply) and row.reply is None),
            ("確認日", "date", bool(day) and not row.date),
            ("評価結果", "verdict", bool(verdict) and row.assessed is None),
            ("回答", "heading", line.id in headings and any(line.cells[4:])),
        ]
        findings += [FormFinding(place_of(book, mark, at, BLOCKS, col), code) for col, code, found in odd if found]
        if line.id not in headings and row != FormRow(line.id):
            rows.append(row)
    return FilledForm(tuple(rows), tuple(findings))


def read_choice(words: Mapping[Choice, str], text: str) -> Choice | None:
    """What a word of ours stands for, with or without the sign before it."""
    said = folded(text)
    for choice, word in words.items():
        if said and said in (folded(word), folded(word.rpartition(" ")[2])):
            return choice
    return None


def disclosure_table(catalogue: Catalogue, rows: Mapping[str, FormRow], wording: Wording | None = None) -> Table:
    """The catalogue as 章 節 段 概要 番号 要求事項 対応状況; only ``text`` of the rows is shown."""
    groups = {group.id: group.title.ja for group in catalogue.groups}
    lines, last = [], ""
    for number, item in enumerate((one for one in catalogue.items if one.mode is not Mode.GROUP), 1):
        chapter, _, rest = item.group.partition(".")
        part = f"{chapter}.{rest.partition('.')[0]}" if rest else item.group
        place = [chapter, part, f"{item.group} {groups[item.group]}"] if item.group != last else ["", "", ""]
        text = rows[item.id].text if item.id in rows else ""
        numbered = item.clause.removeprefix(item.group).partition("・")[0]
        lines.append(Line(item.id, (str(number), *place, "", numbered, sentence(item, wording), text)))
        last = item.group
    note = NOTE.replace("確認内容", "要求事項").format(
        document=catalogue.document, edition=catalogue.edition, publisher=catalogue.publisher
    )
    return Table(catalogue.id[:31], _mark("disclosure", catalogue), catalogue.title.ja, note, DISCLOSURE, tuple(lines))


def import_disclosure(data: bytes, catalogue: Catalogue) -> FilledForm:
    """The rows that have a 対応状況; 同上 stands for the row above it. Raises :class:`WorkbookRefused`."""
    ids = [item.id for item in catalogue.items if item.mode is not Mode.GROUP]
    book, mark = read_workbook(data), _mark("disclosure", catalogue)
    rows, findings, above = [], [], ""
    for at, line in read_table(book, mark, DISCLOSURE, ids):
        said = line.cells[-1]
        if folded(said) == SAME and not above:
            findings.append(FormFinding(place_of(book, mark, at, DISCLOSURE, "対応状況"), "same_as_nothing"))
        text = above if folded(said) == SAME else said
        if text:
            rows.append(FormRow(line.id, text=text))
        above = text
    return FilledForm(tuple(rows), tuple(findings))
