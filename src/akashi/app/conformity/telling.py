"""Conformity as lines of text, for the command line and the demonstration: verdicts by name, shares as a bar.

Guarantees: every line is made of identifiers, counts, our own words of catalogues and judges' sentences; nothing that a person typed.
Pure. Trusts: the views.

>>> bar(Shares(measured=2, document=1, word=1, open=1, not_applicable=5), 10)
'##=-.     '
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from unicodedata import east_asian_width

from akashi.conformity.model import Basis, Catalogue, Decision, Mode, Relation, Reply, Shares, Target, Verdict, Words
from akashi.conformity.proof.recomputing import State
from akashi.conformity.proof.verify import Report
from akashi.ledger.proof.verdict import Status

if TYPE_CHECKING:  # whoever verifies a bundle has no gateway to load
    from akashi.app.conformity.comparing import Change, Editions
    from akashi.app.conformity.views import Overview, SheetSummary

VERDICTS: Mapping[Verdict, Words] = {
    Verdict.CONFORMS: Words("適合", "conforms"),
    Verdict.PARTIAL: Words("一部適合", "partial"),
    Verdict.FAILS: Words("不適合", "fails"),
    Verdict.NOT_APPLICABLE: Words("対象外", "not applicable"),
    Verdict.UNDECIDED: Words("判定不能", "undecided"),
}
BASES: Mapping[Basis, Words] = {
    Basis.MEASURED: Words("実測", "measured"),
    Basis.DOCUMENT: Words("文書", "document"),
    Basis.WORD: Words("自己申告", "word"),
    Basis.NONE: Words("－", "-"),
}
MODES: Mapping[Mode, Words] = {
    Mode.MEASURED: Words("測る", "measured"),
    Mode.PARTLY: Words("測って人も", "partly"),
    Mode.PEOPLE: Words("人が答える", "people"),
    Mode.GROUP: Words("見出し", "heading"),
}
REPLIES: Mapping[Reply, Words] = {
    Reply.YES: Words("はい", "yes"),
    Reply.PARTLY: Words("一部", "partly"),
    Reply.NO: Words("いいえ", "no"),
    Reply.NOT_APPLICABLE: Words("対象外", "not applicable"),
}
RELATIONS: Mapping[Relation, Words] = {
    Relation.EQUAL: Words("同じ", "equal"),
    Relation.COVERS: Words("含む", "covers"),
    Relation.PART_OF: Words("一部", "part of"),
    Relation.OVERLAPS: Words("重なる", "overlaps"),
}
WIDTH = 40
_MARKS = "#=-. "
_LEGEND = Words(
    "# 実測   = 文書   - 自己申告   . 未決   (空白) 対象外", "# measured   = document   - word   . open   (blank) n/a"
)


def wide(text: str) -> int:
    """Columns that a text takes on a terminal.

    >>> wide("適合a")
    5
    """
    return sum(2 if east_asian_width(one) in "WF" else 1 for one in text)


def padded(text: str, width: int) -> str:
    """``text`` filled up to ``width`` columns."""
    return text + " " * (width - wide(text))


def _parts(shares: Shares) -> tuple[int, ...]:
    return shares.measured, shares.document, shares.word, shares.open, shares.not_applicable


def bar(shares: Shares, width: int = WIDTH) -> str:
    """The shares as a bar of ``width`` characters; what there is at all is seen if the width allows."""
    total = shares.total
    if not total:
        return " " * width
    bounds = [0]
    for part in _parts(shares):
        bounds.append(bounds[-1] + part)
    ends = [round(width * one / total) for one in bounds]
    return "".join(mark * (ends[at + 1] - ends[at]) for at, mark in enumerate(_MARKS))


def overview_lines(overview: Overview, language: str) -> list[str]:
    """Everything at a glance: one bar a sheet, contradictions first, then what expires soon."""
    lines = contradiction_lines(overview.contradictions, language)
    lines.append(_LEGEND.of(language))
    name = max((wide(one.catalogue.id) for one in overview.sheets), default=0)
    for one in overview.sheets:
        lines.append(f"{padded(one.catalogue.id, name)}  |{bar(one.shares)}|  {_figures(one, language)}")
    if overview.expiring:
        number = len(overview.expiring)
        ja = f"まもなく切れる判定（実測は7日以内、文書と自己申告は30日以内）: {number} 件"
        en = f"verdicts that expire soon (measured: within 7 days, others: within 30): {number}"
        lines.append(Words(ja, en).of(language))
    return lines


def _figures(one: SheetSummary, language: str) -> str:
    measured, document, word, left, absent = _parts(one.shares)
    half = Words(f"（測れる所は済み、人の答え待ち {one.half}）", f" ({one.half} measured, waiting for a person)")
    more = half.of(language) if one.half else ""
    ja = f"{one.shares.total:>4} 項目: 実測 {measured}, 文書 {document}, 自己申告 {word}, 未決 {left}{more}, 対象外 {absent}"
    en = f"{one.shares.total:>4} items: measured {measured}, document {document}, word {word}, open {left}{more}, n/a {absent}"
    return Words(ja, en).of(language)


def contradiction_lines(found: Sequence[Decision], language: str) -> list[str]:
    """Where a declaration stands against a measurement."""
    head = Words(f"申告と実測の食い違い: {len(found)} 件", f"declarations against measurements: {len(found)}")
    return [head.of(language), *(f"  {decision_line(one, language)}" for one in found)]


def decision_line(one: Decision, language: str) -> str:
    """One verdict: item, verdict, basis, why."""
    name = f"{one.catalogue}/{one.item}"
    verdict, basis = VERDICTS[one.verdict].of(language), BASES[one.basis].of(language)
    return f"{padded(name, 34)}  {padded(verdict, 8)}  {padded(basis, 8)}  {one.why.of(language)}"


def decision_row(one: Decision) -> dict[str, object]:
    """One verdict as JSON."""
    return {
        "basis": one.basis.name.lower(),
        "carried": one.carried,
        "catalogue": one.catalogue,
        "contradiction": one.contradiction,
        "expires_ms": one.expires_ms,
        "item": one.item,
        "reason": one.reason,
        "verdict": one.verdict.name.lower(),
        "why": {"en": one.why.en, "ja": one.why.ja},
    }


def counts_row(counts: Sequence[int]) -> dict[str, int]:
    """Counts in the order of the verdicts' numbers, by name."""
    return {verdict.name.lower(): number for verdict, number in zip(Verdict, counts, strict=True)}


def counts_line(counts: Sequence[int], language: str) -> str:
    """Counts in the order of the verdicts' numbers."""
    return ", ".join(f"{VERDICTS[one].of(language)} {number}" for one, number in zip(Verdict, counts, strict=True))


def target_row(one: Target) -> dict[str, object]:
    """One target as JSON; its address stays where it is."""
    until = one.consent_until_ms
    return {"consent_until_ms": until, "kind": one.kind.value, "rate": one.rate, "target": one.handle}


def target_line(one: Target) -> str:
    """One target: handle, kind, rate, until when its consent holds."""
    until = _utc(one.consent_until_ms) if one.consent_until_ms else "-"
    return f"{one.handle}  {one.kind.value:<8} {one.rate:>4}/s  {until}"


def summary_row(one: SheetSummary) -> dict[str, object]:
    """One sheet as JSON."""
    measured, document, word, left, absent = _parts(one.shares)
    shares = {"document": document, "measured": measured, "not_applicable": absent, "open": left, "word": word}
    counts = counts_row([one.counts[verdict] for verdict in Verdict])
    return {
        "catalogue": one.catalogue.id,
        "contradictions": one.contradictions,
        "counts": counts,
        "half": one.half,
        "shares": shares,
        "unanswered": one.unanswered,
    }


def catalogue_line(one: Catalogue, language: str) -> str:
    """One catalogue: id, status, leaves, title."""
    leaves = sum(1 for item in one.items if item.mode is not Mode.GROUP)
    return f"{padded(one.id, 24)}  {one.status:<10}  {leaves:>4}  {one.title.of(language)}  {one.edition}"


def report_lines(report: Report, language: str, *, everything: bool = False) -> list[str]:
    """The answer of a bundle's verification; invalid and expired verdicts by name, with ``everything`` all of them."""
    numbers = [report.count(state) for state in (State.RECOMPUTED, State.WITHHELD, State.INVALID)]
    counted = Words(
        "判定: 再計算して一致 {} 件、根拠が伏せられている {} 件、無効 {} 件",
        "verdicts: {} recomputed, {} withheld, {} invalid",
    )
    lines = [_STATUS[report.status].of(language).format(failure=report.failure)]
    if report.status is Status.FAILED:
        lines.append(_why(report.failure or "").of(language))
    if report.head is None:
        return lines
    lines.append(f"{report.head.institution}  {report.head.run}  {_utc(report.head.now_ms)}")
    lines.append(counted.of(language).format(*numbers))
    if report.hidden:
        hidden = Words("示されていない判定: {} 件", "verdicts that are not shown: {}")
        lines.append(hidden.of(language).format(report.hidden))
    if report.foreign:
        foreign = Words(
            "注意: このプログラムの判定表と同じではありません（基準や判定器を変えてあるかもしれません）: {}",
            "CAUTION: not the books of this program (thresholds and judges may have been changed): {}",
        )
        lines.append(foreign.of(language).format(", ".join(one for one in report.foreign)))
    if report.recorded_ms:
        stamped = _utc(report.stamped_ms) if report.stamped_ms else "-"
        times = Words("台帳の時刻 {}、タイムスタンプ {}", "ledger time {}, time stamp {}")
        lines.append(times.of(language).format(_utc(report.recorded_ms), stamped))
    shown = [row for row in report.rows if everything or row.state is State.INVALID or row.expired]
    lines += [f"{row.state.value:<10}  {decision_line(row.decision, language)}" for row in shown]
    return lines


_STATUS = {
    Status.VERIFIED: Words("検証できました。", "VERIFIED."),
    Status.SELF_CONSISTENT: Words(
        "中は整合していますが、信頼ファイルがないので、誰の台帳かは確かめていません。",
        "SELF-CONSISTENT ONLY: without a trust file, whose ledger this is was not checked.",
    ),
    Status.FAILED: Words("検証できません（{failure}）。", "NOT VERIFIED ({failure})."),
}


_ODD = {
    "reply": Words("はい・一部・いいえ・対象外 のどれかを書いてください", "write はい, 一部, いいえ or 対象外"),
    "date": Words("日付ではありません（例: 2026/11/21）", "is no date, as 2026/11/21 is"),
    "same_as_nothing": Words("「同上」の上に何もありません", "nothing stands above to be the same as"),
}


def odd_line(one: str, language: str) -> str:
    """A cell that was left out, and why.

    >>> odd_line("sheet1!F10 reply", "en")
    'sheet1!F10: write はい, 一部, いいえ or 対象外'
    """
    where, _, code = one.rpartition(" ")
    return f"{where}: {_ODD[code].of(language)}" if code in _ODD else one


_STRANGE = Words(
    "ほかの台帳の証拠か、信頼ファイルが違います。信頼ファイルを渡した事務局に確かめてください。",
    "It is of another ledger, or the trust file is wrong; ask the secretariat that gave you the trust file.",
)


def _why(failure: str) -> Words:
    """What a failure means to whoever holds the file.

    >>> _why("trust.genesis").en[:28]
    'It is of another ledger, or '
    """
    if failure == "conformity.header":
        return _NO_BUNDLE
    return _STRANGE if failure.startswith("trust.") else _ALTERED


_EDITIONS = Words(
    "= 前の版に対応あり   + 新しい   - なくなった   ~ 基準値が違う",
    "= with counterparts   + new   - gone   ~ another threshold",
)
_NO_BUNDLE = Words(
    "適合の証拠束ではないか、空のファイルです。受け渡しの証拠束や受領証は「akashi verify」で確かめてください。",
    "It is no bundle of conformity, or empty. Use `akashi verify` for evidence of a transfer and for receipts.",
)
_ALTERED = Words(
    "壊れているか、書き換えられています。発行元から取り直してください。",
    "It is damaged or was altered; get it again from its issuer.",
)


def _utc(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms // 1000, UTC).strftime("%Y-%m-%d %H:%M:%SZ")


def change_line(one: Change, language: str) -> str:
    """One item whose verdict differs between two runs."""
    named = one.after or one.before
    name = f"{named.catalogue}/{named.item}" if named else "-"
    return f"{padded(name, 34)}  {_told(one.before, language)} -> {_told(one.after, language)}"


def _told(one: Decision | None, language: str) -> str:
    return "-" if one is None else f"{VERDICTS[one.verdict].of(language)}({BASES[one.basis].of(language)})"


def edition_lines(found: Editions, language: str) -> list[str]:
    """What a newer catalogue asks in place of an older one: ``=`` with counterparts, ``+`` new, ``-`` gone, ``~`` another threshold."""
    lines = [_EDITIONS.of(language)]
    for one in found.met:
        near = ", ".join(f"{at} ({RELATIONS[how].of(language)})" for at, how in one.counterparts)
        lines.append(f"= {one.item}  {near}")
    lines += [f"+ {item}" for item in found.new] + [f"- {item}" for item in found.gone]
    for key, pair in found.thresholds.items():
        before, after = ("-" if one is None else one.value for one in pair)
        lines.append(f"~ {key}: {before} -> {after}")
    return lines
