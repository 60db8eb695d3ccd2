"""Maps and drafts as rows for JSON and lines for a terminal.

Guarantees: rows hold handles, codes, counts, headings, masked examples and our own sentences; never a cell of a file, but for the story of
one cell, which is for whoever has the file. Pure. Trusts: the desk.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from unicodedata import east_asian_width

from akashi.app.checkup.naming import thing
from akashi.app.mapmaking.trial import Story
from akashi.checkup import FINDING_KINDS
from akashi.checkup.approval.model import MapDraft, MapState, MapVersion
from akashi.checkup.findings.export import harmless
from akashi.checkup.formats.items import ItemTable
from akashi.checkup.mapping.model import Change, Choice, ColumnDraft, Decision, Draft, MapCheck, Proposal
from akashi.checkup.mapping.sentences import DECISIONS, PLACINGS, kind_words, sentence
from akashi.checkup.model import Role, Status
from akashi.checkup.tabular.explaining import ColumnUse, RuleReading

STATES: Mapping[MapState, tuple[str, str]] = {
    MapState.WAITING: ("台帳への記録待ち", "waiting for the ledger"),
    MapState.APPROVED: ("承認済み", "approved"),
    MapState.RETIRED: ("廃止", "retired"),
    MapState.WITHHELD: ("共有終了", "no longer shared"),
    MapState.ALTERED: ("改変あり（使えません）", "altered (not usable)"),
    MapState.UNAPPROVED: ("未承認", "not approved"),
}
_ROLES = {
    Role.LOWER: ("下限", "lower"), Role.UPPER: ("上限", "upper"), Role.JUDGEMENT: ("判定", "judgement"), Role.METHOD: ("検査方法", "method"),
    Role.QUALIFIER: ("以上・未満", "qualifier"), Role.FLAG: ("H/L", "flag"), Role.TEXT: ("所見", "text"),
}  # fmt: skip
_USES = {
    ColumnUse.READ: ("変換する", "converted"), ColumnUse.DECIDES: ("ほかの列の項目を決める", "decides about other columns"),
    ColumnUse.IGNORED: ("使わない", "not used"), ColumnUse.SPARE: ("予備", "spare"), ColumnUse.WATCHED: ("見張る", "watched"),
    ColumnUse.UNDECIDED: ("未決定", "undecided"),
}  # fmt: skip
_STATUSES = {
    Status.EMPTY: "空", Status.VALUE: "値", Status.NOT_DONE: "未実施", Status.UNMEASURABLE: "測定不能", Status.BELOW: "以下・未満",
    Status.ABOVE: "以上・超", Status.UNMATCHED: "読めません",
}  # fmt: skip
_HEADING, _WORDS = 24, 34
_MOST_NAMED = 20


def chosen(pair: tuple[str, str], language: str) -> str:
    """One of two sentences."""
    return pair[0] if language == "ja" else pair[1]


def version_row(one: MapVersion) -> dict[str, object]:
    """A version as JSON."""
    found = one.approval
    return {
        "map": one.map,
        "version": one.version,
        "id": one.map_id,
        "state": one.state.value,
        "own": one.own,
        "operation": one.operation.hex(),
        "approval": None
        if found is None
        else {
            "owner": found.owner,
            "person": found.person,
            "digest": found.digest.hex(),
            "layout": f"sha256:{found.layout.hex()}",
            "from_ms": found.from_ms,
            "until_ms": found.until_ms,
            "children": list(found.children),
            "approved_ms": found.approved_ms,
            "retired_ms": found.retired_ms,
            "reason": found.reason.name.lower() if found.reason else None,
        },
    }


def version_line(one: MapVersion, language: str) -> str:
    """A version as a line."""
    whose = chosen(("自機関", "own"), language) if one.own else one.approval.owner if one.approval else "-"
    digest = one.approval.digest.hex()[:16] if one.approval else "-"
    return f"{one.map}  {one.version:>4}  {one.map_id}  {chosen(STATES[one.state], language)}  {whose}  {digest}"


def draft_row(one: MapDraft) -> dict[str, object]:
    """A draft without its columns as JSON."""
    return {
        "draft": one.handle,
        "id": one.head.map_id,
        "institution": one.head.institution,
        "valid_from": one.head.valid_from,
        "valid_to": one.head.valid_to,
        "program": one.head.program,
        "started_by": one.started_by,
        "started_ms": one.started_ms,
        "saved_by": one.saved_by,
        "saved_ms": one.saved_ms,
        "closed": one.closed,
    }


def columns_rows(found: Draft, choices: Mapping[int, Choice], language: str = "ja") -> list[dict[str, object]]:
    """The columns of a draft as JSON, each with what was decided."""
    return [_column_row(one, choices.get(one.column), language) for one in found.columns]


def _column_row(one: ColumnDraft, choice: Choice | None, language: str) -> dict[str, object]:
    decided = choice or Choice(one.state)
    return {
        "column": one.column,
        "heading": one.heading,
        "proposal": proposal_row(one.proposal, language),
        "alternatives": [proposal_row(other, language) for other in one.alternatives],
        "suggested": one.suggested.value,
        "decision": decided.state.value,
        "chosen": proposal_row(decided.proposal, language) if decided.proposal else None,
        "blank_rate": round(one.shape.blank_rate, 4),
        "distinct": one.shape.distinct,
        "shape": one.shape.kind,
        "examples": list(one.shape.examples),
    }


def proposal_row(one: Proposal, language: str = "ja") -> dict[str, object]:
    """A proposal as JSON, its reasons in words."""
    return {
        "placing": one.placing.value,
        "confidence": one.confidence,
        "reasons": [{"code": reason.code, "text": sentence(reason, language)} for reason in one.reasons],
        "target": one.target,
        "role": one.role.value,
        "occurrence": one.occurrence,
        "kind": one.kind,
        "unit": one.unit,
        "factor": one.factor,
        "digits": one.digits,
        "table": one.table,
        "when_column": one.when_column,
        "when_words": list(one.when_words),
        "terms": one.terms,
    }


def proposal_words(one: Proposal, items: ItemTable, language: str) -> str:
    """What a proposal says in a few words: the item's name and the role, or what becomes of the column."""
    if not one.target:
        return chosen(PLACINGS[one.placing], language)
    role = f"/{chosen(_ROLES[one.role], language)}" if one.role in _ROLES else ""
    nth = f" [{one.occurrence}]" if one.occurrence > 1 else ""
    return f"{thing(one.target, items.items, language)}{nth}{role}"


def draft_lines(found: Draft, items: ItemTable, language: str) -> Iterator[str]:
    """The table of a draft: column, heading, proposal, confidence, reason, masked examples."""
    for one in found.columns:
        why = " ".join(sentence(reason, language) for reason in one.proposal.reasons)
        mark = "?" if one.suggested is Decision.NEEDS_CONFIRMATION else " "
        heading, words = _wide(one.heading, _HEADING), _wide(proposal_words(one.proposal, items, language), _WORDS)
        shown = ", ".join(one.shape.examples)
        yield f"{one.column:>4} {heading} {mark} {one.proposal.confidence:>3}  {words}  {shown or '-'}  {why}".rstrip()


def report_csv(found: Draft, items: ItemTable, language: str) -> bytes:
    """The table of a draft for a spreadsheet: UTF-8 with a mark; no cell can be taken for a formula."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    heads = {
        "ja": ("列", "見出し", "提案", "確からしさ", "確認", "例（伏せ字）", "空欄の割合", "種類数", "理由"),
        "en": ("column", "heading", "proposal", "confidence", "confirm", "examples (masked)", "blank rate", "distinct", "reasons"),
    }  # fmt: skip
    writer.writerow(heads["ja" if language == "ja" else "en"])
    for one in found.columns:
        cells = (
            str(one.column),
            one.heading,
            proposal_words(one.proposal, items, language),
            str(one.proposal.confidence),
            "?" if one.suggested is Decision.NEEDS_CONFIRMATION else "",
            ", ".join(one.shape.examples),
            f"{one.shape.blank_rate:.3f}",
            str(one.shape.distinct),
            " ".join(sentence(reason, language) for reason in one.proposal.reasons),
        )
        writer.writerow([harmless(cell) for cell in cells])
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def check_row(one: MapCheck) -> dict[str, object]:
    """A dry run as JSON."""
    return {
        "map": one.map_id,
        "rows": one.rows,
        "columns": {
            "used": list(one.used),
            "ignored": list(one.ignored),
            "spare": list(one.spare),
            "watched": list(one.watched),
            "undecided": list(one.undecided),
        },
        "filling": [
            {
                "target": fill.target,
                "role": fill.role.value,
                "occurrence": fill.occurrence,
                "filled": fill.filled,
                "distinct": fill.distinct,
                "examples": list(fill.examples),
            }
            for fill in one.filling
        ],
        "blank_rates": {name: round(rate, 4) for name, rate in one.blank_rates.items()},
        "unmatched": dict(one.unmatched),
        "counts": dict(one.counts),
        "layout": {
            "known": one.layout.known,
            "vanished": list(one.layout.vanished),
            "unmapped": list(one.layout.unmapped),
        },
    }


def check_lines(one: MapCheck, items: ItemTable, language: str) -> Iterator[str]:
    """A dry run as lines: the layout, columns by what becomes of them, items by how often they are filled, words nobody knows."""
    ja = language == "ja"
    yield f"{'変換表' if ja else 'map'}: {one.map_id}  {'行' if ja else 'rows'}: {one.rows}"
    if not one.layout.known:
        yield (
            "列の並びが、この変換表を作ったときと違います。"
            if ja
            else "The layout is not the one this map was made for."
        )
    for names, pair in (
        (one.layout.vanished, ("なくなった列", "vanished")),
        (one.layout.unmapped, ("新しい列", "new")),
    ):
        if names:
            yield f"{chosen(pair, language)} {len(names)}{_named(names, language)}"
    for names, pair in (
        (one.used, ("変換する列", "used")),
        (one.ignored, ("使わない列", "ignored")),
        (one.spare, ("予備の列", "spare")),
        (one.watched, ("見張る列", "watched")),
        (one.undecided, ("未定の列", "undecided")),
    ):
        shown = _named(names, language) if names is not one.used else ""
        yield f"{chosen(pair, language)} {len(names)}{shown}"
    for fill in one.filling:
        nth = f" [{fill.occurrence}]" if fill.occurrence > 1 else ""
        role = f"/{chosen(_ROLES[fill.role], language)}" if fill.role in _ROLES else ""
        examples = ", ".join(fill.examples)
        yield f"  {fill.filled:>6}  {thing(fill.target, items.items, language)}{nth}{role}  {examples}".rstrip()
    for table, count in one.unmatched.items():
        yield f"{'分からない語' if ja else 'unknown words'} {table}: {count}"
    for code, count in one.counts.items():
        if not code.startswith("rows."):
            kind = FINDING_KINDS.get(code)
            yield f"  {code}: {count}{f'  {kind.sentence(language)}' if kind else ''}"


def _named(names: Sequence[str], language: str) -> str:
    """The first of the headings that are not blank, and how many more there are."""
    headed = [name for name in names if name.strip()]
    first = headed[:_MOST_NAMED]
    if not first:
        return ""
    more = len(names) - len(first)
    rest = (f"、ほか {more}" if language == "ja" else f", {more} more") if more else ""
    return f": {', '.join(first)}{rest}"


def story_row(one: Story, items: ItemTable) -> dict[str, object]:
    """A cell's story as JSON; it holds what stood in the cell."""
    cell = one.cell
    return {
        "row": cell.row,
        "line": cell.line,
        "column": cell.column,
        "heading": cell.header,
        "original": cell.original,
        "map": one.layout_map.map_id,
        "version": one.layout_map.version,
        "use": cell.use.value,
        "readings": [
            {
                "target": reading.target,
                "item": _item_name(reading, items),
                "role": reading.role.value,
                "occurrence": reading.occurrence,
                "kind": reading.kind,
                "table": reading.table,
                "unit": reading.unit,
                "condition": reading.condition,
                "holds": reading.holds,
                "original": reading.text,
                "standard": reading.outcome.standard,
                "coded": reading.outcome.coded,
                "status": reading.outcome.status.value,
                "shown": [{"column": shown.number, "name": shown.name, "text": shown.text} for shown in reading.shown],
            }
            for reading in cell.readings
        ],
        "findings": list(cell.findings),
    }


def story_lines(one: Story, items: ItemTable, language: str) -> Iterator[str]:
    """A cell's story as lines: what stood there, which rule read it, what became of it, what was remarked."""
    ja, cell = language == "ja", one.cell
    yield f"{'場所' if ja else 'place'}: {cell.row}/{cell.column}  {cell.header}"
    yield f"{'元の値' if ja else 'cell'}: {cell.original!r}"
    yield f"{'変換表' if ja else 'map'}: {one.layout_map.map_id} ({one.layout_map.version})"
    yield f"{'列の扱い' if ja else 'column'}: {chosen(_USES[cell.use], language)}"
    for reading in cell.readings:
        role = f"/{chosen(_ROLES[reading.role], language)}" if reading.role in _ROLES else ""
        more = ((("対応表" if ja else "table"), reading.table), (("単位" if ja else "unit"), reading.unit))
        extra = "".join(f"  {name}={text}" for name, text in more if text)
        kind = kind_words(reading.kind, language)
        yield f"  {_item_name(reading, items, language)}{role}  ({reading.target}, {kind}){extra}"
        if reading.condition:
            yield f"    {'条件' if ja else 'where'}: {reading.condition} = {'/'.join(reading.words)}"
        status = reading.outcome.status
        yield f"    {reading.text!r} → {reading.outcome.standard!r}  [{chosen((_STATUSES[status], status.value), language)}]"
        for shown in reading.shown:
            yield f"    → {shown.number} {shown.name}: {shown.text!r}"
    for code in cell.findings:
        finding = FINDING_KINDS[code]
        yield f"  {code}: {finding.sentence(language)} {finding.todo(language)}"


def _item_name(one: RuleReading, items: ItemTable, language: str = "ja") -> str:
    name = thing(one.target, items.items, language)
    return f"{name} [{one.occurrence}]" if one.occurrence > 1 else name


def change_row(one: Change) -> dict[str, object]:
    """A difference as JSON."""
    return {
        "kind": one.kind.value,
        "what": one.what,
        "field": one.field,
        "before": one.before,
        "after": one.after,
        "ja": one.ja,
        "en": one.en,
    }


def change_lines(changes: Sequence[Change], language: str) -> list[str]:
    """Differences as sentences; one sentence where there are none."""
    if not changes:
        return [chosen(("違いはありません。", "No differences."), language)]
    return [one.ja if language == "ja" else one.en for one in changes]


def decision_words(one: Decision, language: str) -> str:
    """A decision in words."""
    return chosen(DECISIONS[one], language)


def _wide(text: str, width: int) -> str:
    """``text`` cut or padded to ``width`` columns of a terminal.

    >>> _wide("体重", 6), _wide("abcdef", 4)
    ('体重  ', 'abcd')
    """
    made, used = [], 0
    for sign in text:
        size = 2 if east_asian_width(sign) in "WF" else 1
        if used + size > width:
            break
        made.append(sign)
        used += size
    return "".join(made) + " " * (width - used)
