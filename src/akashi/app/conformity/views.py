"""What the faces show of conformity: overview, sheet, item; the same for pages, REST and command line.

Guarantees: read only; contradictions come first; an item that does not apply is marked, not dropped. Refuses: catalogues and items that
are not there. Trusts: the caller for permissions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from akashi.conformity.answers import EvidenceFile
from akashi.conformity.evaluation import Results, assessable
from akashi.conformity.model import (
    DAY_MS,
    Answer,
    Basis,
    Catalogue,
    Decision,
    Item,
    Measurement,
    Mode,
    Parameter,
    Relation,
    Shares,
    Verdict,
    Words,
)
from akashi.conformity.rules import shares
from akashi.conformity.service import Conformity

MEASURED_SOON_MS, SAID_SOON_MS = 7 * DAY_MS, 30 * DAY_MS
"""How long before its end a verdict counts as ending soon: measuring again is a button, answering again is work."""


@dataclass(frozen=True, slots=True)
class SheetSummary:
    """One catalogue at a glance; ``counts`` by verdict."""

    catalogue: Catalogue
    shares: Shares
    counts: Mapping[Verdict, int]
    contradictions: int
    unanswered: int
    """Items that wait for a person."""
    half: int
    """Those of them of which all that a program can measure was measured, and is 適合 or 一部適合."""


@dataclass(frozen=True, slots=True)
class Overview:
    """Everything at a glance."""

    sheets: tuple[SheetSummary, ...]
    contradictions: tuple[Decision, ...]
    expiring: tuple[Decision, ...]
    """Verdicts that somebody has to see to soon; the first to end comes first."""
    features: frozenset[str]


@dataclass(frozen=True, slots=True)
class Filters:
    """What of a sheet to show; empty means all."""

    group: str = ""
    verdict: Verdict | None = None
    basis: Basis | None = None
    text: str = ""
    applicable: bool = False


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which verdicts to list; what is not given does not narrow."""

    catalogue: str = ""
    verdict: Verdict | None = None
    contradicted: bool = False
    expiring: bool = False


@dataclass(frozen=True, slots=True)
class SheetRow:
    """One line of a sheet."""

    item: Item
    decision: Decision
    answer: Answer | None


@dataclass(frozen=True, slots=True)
class ItemView:
    """Everything about one item."""

    catalogue: Catalogue
    item: Item
    group: Words
    decision: Decision
    answer: Answer | None
    history: tuple[Answer, ...]
    evidence: tuple[EvidenceFile, ...]
    measurements: tuple[Measurement, ...]
    """What the item's checks were judged from."""
    neighbours: tuple[tuple[str, Relation, str, Decision], ...]
    thresholds: Mapping[str, Parameter]
    """Those that the item's judges read."""


def overview(conformity: Conformity, results: Results | None = None) -> Overview:
    """All catalogues at a glance."""
    results = conformity.results() if results is None else results
    now = conformity.now_ms()
    sheets, expiring = [], []
    for catalogue in conformity.books.shelf.catalogues:
        found = assessable(catalogue, results)
        sheets.append(_summary(catalogue, found))
        expiring += [one for one in found if ends_soon(one, now)]
    clashes = tuple(conformity.contradictions(results))
    return Overview(
        tuple(sheets), clashes, tuple(sorted(expiring, key=lambda one: one.expires_ms)), conformity.features()
    )


def ends_soon(one: Decision, now_ms: int) -> bool:
    """Whether a verdict ends so soon that somebody has to act: see :data:`MEASURED_SOON_MS`. What is 判定不能 has nothing to lose."""
    soon = MEASURED_SOON_MS if one.basis is Basis.MEASURED else SAID_SOON_MS
    return one.verdict is not Verdict.UNDECIDED and now_ms < one.expires_ms <= now_ms + soon


def _summary(catalogue: Catalogue, decisions: Sequence[Decision]) -> SheetSummary:
    counts = {verdict: sum(1 for one in decisions if one.verdict is verdict) for verdict in Verdict}
    clashes = sum(1 for one in decisions if one.contradiction)
    waiting = sum(1 for one in decisions if one.reason == "item.unanswered")
    by_id = {item.id: item for item in catalogue.items}
    half = sum(1 for one in decisions if is_half(by_id[one.item], one))
    return SheetSummary(catalogue, shares(decisions), counts, clashes, waiting, half)


def measured_part(item: Item, decision: Decision) -> Verdict:
    """The verdict on what a program measures of an item; 判定不能 where it measures nothing, or one of the checks is open."""
    found = {one.opinion.verdict if one.attempted else Verdict.UNDECIDED for one in decision.checks}
    if not item.checks or len(decision.checks) < len(item.checks):
        return Verdict.UNDECIDED
    return next(one for one in _WORST_FIRST if one in found)


_WORST_FIRST = (Verdict.FAILS, Verdict.UNDECIDED, Verdict.PARTIAL, Verdict.CONFORMS, Verdict.NOT_APPLICABLE)


def is_half(item: Item, decision: Decision) -> bool:
    """Whether all that can be measured of an item is, and only a person's answer is missing."""
    good = measured_part(item, decision) in (Verdict.CONFORMS, Verdict.PARTIAL)
    return item.mode is Mode.PARTLY and decision.reason == "item.unanswered" and good


def sheet(
    conformity: Conformity,
    name: str,
    filters: Filters,
    results: Results | None = None,
    given: Sequence[Answer] | None = None,
) -> tuple[Catalogue, list[SheetRow]]:
    """The lines of a sheet that the filters let through, headings included where one of theirs is. Raises ``CatalogueUnknown``."""
    catalogue = conformity.books.shelf.catalogue(name)
    results = conformity.results() if results is None else results
    given = conformity.answers.all() if given is None else given
    answers = {(one.catalogue, one.item): one for one in given}
    rows = [
        SheetRow(item, decision, answers.get((name, item.id)))
        for item, decision in zip(catalogue.items, results.of(name), strict=True)
    ]
    kept = [row for row in rows if row.item.mode is not Mode.GROUP and _passes(row, filters)]
    headed = {row.item.parent for row in kept}
    parents = {row.item.id: row.item.parent for row in rows}
    for heading in list(headed):
        at = parents.get(heading, "")
        while at:
            headed.add(at)
            at = parents[at]
    shown = {row.item.id for row in kept}
    return catalogue, [row for row in rows if row.item.id in shown or row.item.id in headed]


def decisions(conformity: Conformity, wanted: Wanted) -> list[Decision]:
    """Verdicts on leaves of one sheet or of all: contradictions first, then by catalogue; by their end if that is asked for.

    Raises ``CatalogueUnknown``.
    """
    results, shelf = conformity.results(), conformity.books.shelf
    books = [shelf.catalogue(wanted.catalogue)] if wanted.catalogue else shelf.catalogues
    now = conformity.now_ms()
    kept = [
        one
        for book in books
        for one in assessable(book, results)
        if (wanted.verdict is None or one.verdict is wanted.verdict)
        and (one.contradiction or not wanted.contradicted)
        and (ends_soon(one, now) or not wanted.expiring)
    ]
    if wanted.expiring:
        return sorted(kept, key=lambda one: one.expires_ms)
    return sorted(kept, key=lambda one: not one.contradiction)


def _passes(row: SheetRow, filters: Filters) -> bool:
    wanted = filters.text.strip().casefold()
    text = f"{row.item.id} {row.item.clause} {row.item.text.ja} {row.item.text.en} {row.item.plain}".casefold()
    return (
        (not filters.group or row.item.group == filters.group)
        and (filters.verdict is None or row.decision.verdict is filters.verdict)
        and (filters.basis is None or row.decision.basis is filters.basis)
        and (not wanted or wanted in text)
        and (not filters.applicable or row.decision.verdict is not Verdict.NOT_APPLICABLE)
    )


def item_view(conformity: Conformity, catalogue: str, item: str, results: Results | None = None) -> ItemView:
    """Everything about one item. Raises ``CatalogueUnknown``, ``ItemUnknown``."""
    book = conformity.books.shelf.catalogue(catalogue)
    found = conformity.books.shelf.item(catalogue, item)
    results = conformity.results() if results is None else results
    by_name = {f"{one.catalogue}/{one.item}": one for each in results.decisions.values() for one in each}
    answer = conformity.answers.of(catalogue, item)
    named = set(answer.evidence) if answer else set()
    neighbours = tuple(
        (name, relation, reason, by_name[name])
        for name, relation, reason in conformity.books.crosswalk.of(f"{catalogue}/{item}")
        if name in by_name
    )
    probes, thresholds = _judged_by(conformity, book, found)
    return ItemView(
        book,
        found,
        next(one.title for one in book.groups if one.id == found.group),
        by_name[f"{catalogue}/{item}"],
        answer,
        tuple(conformity.answers.history(catalogue, item)),
        tuple(one for one in conformity.answers.evidence() if one.handle in named),
        tuple(one for one in conformity.measurements() if one.probe in probes),
        neighbours,
        thresholds,
    )


def _judged_by(conformity: Conformity, book: Catalogue, item: Item) -> tuple[set[str], dict[str, Parameter]]:
    """The probes whose measurements an item's judges read, and the thresholds that they use."""
    parameters, _ = conformity.books.shelf.parameters(book.id)
    found = [judge for check in item.checks if (judge := conformity.judges.find(check)) is not None]
    keys = {key for judge in found for key in judge.defaults}
    used = {
        key: parameters.get(key) or Parameter(next(judge.defaults[key] for judge in found if key in judge.defaults))
        for key in sorted(keys)
    }
    return {judge.probe for judge in found}, used
