"""Conformity compared: two runs, two catalogues over the crosswalk, this year's answers with last year's, reports asked for with made.

Guarantees: read only; a run is compared as it was recorded, not as it would be judged today. Refuses: runs and catalogues that are not
here. Trusts: the store for the recorded runs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from akashi.app.conformity.flows import opened_flow
from akashi.app.gateway.home import Gateway
from akashi.conformity.model import Answer, Catalogue, Decision, Item, Mode, Parameter, Relation
from akashi.conformity.proof.items import item_decision
from akashi.conformity.service import Conformity


@dataclass(frozen=True, slots=True)
class Change:
    """One item whose verdict differs between two runs; ``None`` where a run had no such item."""

    before: Decision | None
    after: Decision | None


@dataclass(frozen=True, slots=True)
class Met:
    """One item of the newer catalogue with its counterparts in the older one."""

    item: str
    counterparts: tuple[tuple[str, Relation], ...]


@dataclass(frozen=True, slots=True)
class Editions:
    """What a newer catalogue changes: its items with counterparts, those that are new, those that are gone, thresholds that differ."""

    met: tuple[Met, ...]
    new: tuple[str, ...]
    gone: tuple[str, ...]
    thresholds: Mapping[str, tuple[Parameter | None, Parameter | None]]


def recorded_decisions(conformity: Conformity, run: str) -> dict[str, Decision]:
    """``catalogue/item`` to the decision that a run recorded. Raises ``RecordUnknown``."""
    sealed = conformity.sealed_run(run)
    first = 1 + sum(sealed.head.counts[:2])
    found = [item_decision(one.value) for one in sealed.items[first : first + sealed.head.counts[2]]]
    return {f"{one.catalogue}/{one.item}": one for one in found}


def sheet_decisions(conformity: Conformity, run: str, catalogue: Catalogue) -> list[Decision]:
    """What a run recorded about the items of one catalogue, headings left out. Raises ``RecordUnknown``."""
    leaves = {f"{catalogue.id}/{name}" for name in _leaves(catalogue)}
    return [one for name, one in recorded_decisions(conformity, run).items() if name in leaves]


def run_changes(conformity: Conformity, before: str, after: str) -> list[Change]:
    """Items whose verdict or basis differs, in the order of the newer run. Raises ``RecordUnknown``."""
    old, new = recorded_decisions(conformity, before), recorded_decisions(conformity, after)
    headings = _headings(conformity)
    names = [name for name in [*new, *(name for name in old if name not in new)] if name not in headings]
    changes = [Change(old.get(name), new.get(name)) for name in names]
    return [one for one in changes if _said(one.before) != _said(one.after)]


def _said(one: Decision | None) -> tuple[int, int] | None:
    return None if one is None else (one.verdict, one.basis)


def _headings(conformity: Conformity) -> set[str]:
    return {
        f"{one.id}/{item.id}"
        for one in conformity.books.shelf.catalogues
        for item in one.items
        if item.mode is Mode.GROUP
    }


def editions(conformity: Conformity, older: str, newer: str) -> Editions:
    """What ``newer`` asks in place of ``older``, as the crosswalk has it. Raises ``CatalogueUnknown``."""
    shelf, crosswalk = conformity.books.shelf, conformity.books.crosswalk
    old, new = shelf.catalogue(older), shelf.catalogue(newer)
    met, fresh, seen = [], [], set[str]()
    for name in _leaves(new):
        found = tuple(
            (other.partition("/")[2], relation)
            for other, relation, _ in crosswalk.of(f"{new.id}/{name}")
            if other.partition("/")[0] == old.id
        )
        seen |= {other for other, _ in found}
        if found:
            met.append(Met(name, found))
        else:
            fresh.append(name)
    gone = tuple(name for name in _leaves(old) if name not in seen)
    return Editions(tuple(met), tuple(fresh), gone, _thresholds(old, new))


def _leaves(catalogue: Catalogue) -> Sequence[str]:
    return [item.id for item in catalogue.items if item.mode is not Mode.GROUP]


def _thresholds(old: Catalogue, new: Catalogue) -> dict[str, tuple[Parameter | None, Parameter | None]]:
    keys = sorted({*old.parameters, *new.parameters})
    pairs = {key: (old.parameters.get(key), new.parameters.get(key)) for key in keys}
    return {key: (was, now) for key, (was, now) in pairs.items() if not was or not now or was.value != now.value}


def answer_changes(conformity: Conformity, since_ms: int) -> list[tuple[Answer | None, Answer]]:
    """(what was said before ``since_ms``, what is said now) of every item whose answer differs."""
    return conformity.answers.changed_since(since_ms)


def missing_reports(gateway: Gateway) -> list[tuple[str, Item]]:
    """(catalogue, item) of everything that applies and asks for a report which nobody has made and received.

    A superseded edition asks no more.
    """
    results = gateway.conformity.results()
    with opened_flow(gateway) as flow:
        return [
            (book.id, item)
            for book in gateway.conformity.books.shelf.catalogues
            if book.status != "superseded"
            for item in flow.missing_reports(book, results.of(book.id))
        ]
