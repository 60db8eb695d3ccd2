"""What the pages of maps say about a trial: results before and after, findings, fillings, the story of a cell.

Guarantees: pure; what is returned holds people's data and goes to the session's screen only. Refuses nothing. Trusts: the trial.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from akashi.app.mapmaking.trial import Story
from akashi.checkup import FINDING_KINDS, Finding, ItemTable, NeutralRecord, Severity, Status
from akashi.checkup.cells.kinds import KINDS
from akashi.checkup.formats.maps import LayoutMap
from akashi.checkup.mapping.model import MapCheck
from akashi.checkup.model import ItemResult
from akashi.checkup.report.words import SEXES, one_of
from akashi.checkup.tabular.explaining import RuleReading
from akashi.web.maps.showing import target_words, thing
from akashi.web.rendering import texts

_SEVERITIES = {Severity.STOPS: "stop", Severity.WARNS: "warn", Severity.INFORMS: ""}
_MEASURED = frozenset({Status.VALUE, Status.BELOW, Status.ABOVE})
_STATUS_TONES = {Status.UNMATCHED: "warn", Status.UNMEASURABLE: "warn"}


def record_rows(record: NeutralRecord, items: ItemTable, language: str) -> list[dict[str, str]]:
    """One person's results, what stood in the file beside what becomes of it."""
    t = texts(language)
    rows = [
        {"name": thing(target, items, language), "original": original, "standard": _field(target, record, language), "status": "", "tone": ""}
        for target, original in record.originals.items()
        if original
    ]  # fmt: skip
    rows += [
        {
            "name": _named(one, items, language),
            "original": one.original or one.judgement,
            "standard": f"{one.standard} {unit}".strip() if one.standard else one.judgement_standard,
            "status": "" if one.status is Status.VALUE else t(f"maps.status.{one.status.value}"),
            "tone": _STATUS_TONES.get(one.status, ""),
        }
        for one in record.items
        for unit in (one.unit if one.status in _MEASURED else "",)
    ]
    return rows


def _field(target: str, record: NeutralRecord, language: str) -> str:
    """A field as a person reads it: the sex in words, not as its code."""
    value = record.fields.get(target, "")
    return one_of(SEXES[value], language) if target == "person.sex" and value in SEXES else value


def _named(one: ItemResult, items: ItemTable, language: str) -> str:
    nth = texts(language)("maps.words.nth", number=one.occurrence) if one.occurrence > 1 else ""
    return thing(one.code, items, language) + nth


def unmatched_rows(check: MapCheck, language: str) -> list[tuple[str, int]]:
    """Tables (or, without one, ways of reading) with the number of different words that they do not know."""
    t = texts(language)
    return [(t(f"maps.kind.{name}") if name in KINDS else name, count) for name, count in check.unmatched.items()]


def kind_row(code: str, language: str) -> dict[str, object]:
    """What a finding code says and what to do."""
    kind = FINDING_KINDS[code]
    return {
        "severity": kind.severity.value,
        "tone": _SEVERITIES[kind.severity],
        "sentence": kind.sentence(language),
        "todo": kind.todo(language),
    }


def finding_groups(check: MapCheck, findings: Sequence[Finding], language: str) -> list[dict[str, object]]:
    """Findings by code, the gravest first, each with its count, what to do, and the first places."""
    order = list(_SEVERITIES)
    codes = [code for code in check.counts if code in FINDING_KINDS]
    return [
        {
            **kind_row(code, language),
            "count": check.counts[code],
            "places": [one for one in findings if one.code == code],
        }
        for code in sorted(codes, key=lambda code: (order.index(FINDING_KINDS[code].severity), code))
    ]


def filling_rows(check: MapCheck, sampled: int, items: ItemTable, language: str) -> Iterator[dict[str, object]]:
    """How often each target was filled in the rows looked at, the emptiest first."""
    for one in sorted(check.filling, key=lambda fill: fill.filled):
        yield {
            "words": target_words(one.target, one.role, one.occurrence, items, language),
            "rate": round(100 * one.filled / sampled) if sampled else 0,
            "distinct": one.distinct,
            "examples": one.examples,
        }


def story_values(story: Story, items: ItemTable, language: str) -> dict[str, object]:
    """A cell's story for a page."""
    cell = story.cell
    return {
        "row": cell.row,
        "column": cell.column,
        "heading": cell.header,
        "original": cell.original,
        "map_id": story.layout_map.map_id,
        "version": story.layout_map.version,
        "use": cell.use.value,
        "readings": [_reading(one, items, language) for one in cell.readings],
        "findings": [kind_row(code, language) for code in cell.findings],
    }


def _reading(one: RuleReading, items: ItemTable, language: str) -> dict[str, object]:
    t, outcome = texts(language), one.outcome
    return {
        "words": target_words(one.target, one.role, one.occurrence, items, language),
        "kind": t(f"maps.kind.{one.kind}"),
        "places": "、".join(one.at),
        "table": one.table,
        "condition": one.condition,
        "condition_words": "／".join(one.words),
        "decided_by": one.decided_by,
        "holds": one.holds,
        "original": one.text,
        "standard": outcome.standard,
        "coded": outcome.coded,
        "unit": one.unit if outcome.status in _MEASURED else "",
        "status": t(f"maps.status.{outcome.status.value}"),
        "tone": _STATUS_TONES.get(outcome.status, ""),
        "shown": [(shown.number, shown.name, shown.text) for shown in one.shown],
    }


def fates(layout_map: LayoutMap) -> dict[str, int]:
    """How many things a map converts, and how many columns it leaves out, keeps spare or watches."""
    return {
        "map": len(layout_map.rules),
        "ignore": len(layout_map.ignored),
        "spare": len(layout_map.spare),
        "watch": len(layout_map.watched),
    }
