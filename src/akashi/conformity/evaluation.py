"""All verdicts of all catalogues from what was measured and answered: one pure function, run again by whoever verifies a bundle.

Guarantees: the same inputs give the same decisions on every machine; measurements and answers come first, and only an item with neither
takes a verdict over a crosswalk; a carried verdict never carries further. Refuses: judges that the table does not know. Pure: the moment
of judgement is an input.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from akashi.conformity.catalogues.catalogue import Shelf
from akashi.conformity.catalogues.crosswalk import Crosswalk, carried
from akashi.conformity.errors import CatalogueInvalid
from akashi.conformity.judges.registry import Judge, Judges, judge_check
from akashi.conformity.model import (
    Answer,
    Catalogue,
    CheckResult,
    Decision,
    Item,
    Measurement,
    Mode,
    Parameter,
    Relation,
    Verdict,
)
from akashi.conformity.rules import applies, decide_carried, decide_heading, decide_item, explain_yielded


@dataclass(frozen=True, slots=True)
class Inputs:
    """What a judgement stands on. ``judges``: check to version, for an old bundle; empty means the newest."""

    features: frozenset[str]
    measurements: Sequence[Measurement]
    answers: Sequence[Answer]
    now_ms: int
    judges: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Results:
    """All decisions, by catalogue and in the order of its items."""

    decisions: Mapping[str, Sequence[Decision]]

    def of(self, catalogue: str) -> Sequence[Decision]:
        """The decisions of one catalogue, headings included."""
        return self.decisions.get(catalogue, ())


def evaluate(shelf: Shelf, crosswalk: Crosswalk, inputs: Inputs, judges: Judges) -> Results:
    """Judge everything. Raises ``CatalogueInvalid`` where a catalogue names a judge that is not there."""
    return settle(shelf, crosswalk, Judging(shelf, inputs, judges).own(), inputs.now_ms)


def settle(shelf: Shelf, crosswalk: Crosswalk, own: Mapping[str, Decision], now_ms: int) -> Results:
    """All decisions from the items' own ones: what is open and untried takes over a crosswalk, headings take from below."""
    decisions = {}
    for catalogue in shelf.catalogues:
        leaves = {
            item.id: _carry(catalogue, item, own, crosswalk, now_ms)
            for item in catalogue.items
            if item.mode is not Mode.GROUP
        }
        below = _below(catalogue, leaves)
        decisions[catalogue.id] = [
            leaves[item.id] if item.mode is not Mode.GROUP else _heading(catalogue, item, below[item.id])
            for item in catalogue.items
        ]
    return Results(decisions)


class Judging:
    """The items' own decisions over all catalogues of a shelf."""

    def __init__(self, shelf: Shelf, inputs: Inputs, judges: Judges) -> None:
        self._shelf, self._inputs = shelf, inputs
        self._benches = {one.id: _Bench(shelf, one, inputs, judges) for one in shelf.catalogues}

    def own(self) -> dict[str, Decision]:
        """``catalogue/item`` to the item's own decision; headings have none."""
        answers = {f"{one.catalogue}/{one.item}": one for one in self._inputs.answers}
        names = [(one.id, item) for one in self._shelf.catalogues for item in one.items if item.mode is not Mode.GROUP]
        return {
            f"{catalogue}/{item.id}": self.decide(catalogue, item, answers.get(f"{catalogue}/{item.id}"))
            for catalogue, item in names
        }

    def decide(self, catalogue: str, item: Item, answer: Answer | None) -> Decision:
        """An item's own decision under an answer, or without one."""
        return self._benches[catalogue].decide(item, answer)


class _Bench:
    """One catalogue's judges at work; each check is judged once."""

    def __init__(self, shelf: Shelf, catalogue: Catalogue, inputs: Inputs, judges: Judges) -> None:
        self._catalogue, self._inputs, self._judges = catalogue, inputs, judges
        self._parameters, self._yielded = shelf.parameters(catalogue.id)
        self._groups = {group.id: group for group in catalogue.groups}
        self._results: dict[str, CheckResult] = {}

    def decide(self, item: Item, answer: Answer | None) -> Decision:
        """The item's own decision."""
        whole = replace(item, when=(*self._groups[item.group].when, *item.when))
        checks = [self._result(check) for check in item.checks] if applies(whole.when, self._inputs.features) else []
        made = decide_item(whole, self._inputs.features, checks, answer, self._inputs.now_ms)
        return replace(made, catalogue=self._catalogue.id)

    def _result(self, check: str) -> CheckResult:
        known = self._results.get(check)
        if known is None:
            judge = self._judges.find(check, self._inputs.judges.get(check))
            if judge is None:
                raise CatalogueInvalid(name=self._catalogue.id, where=check)
            known = self._explained(judge, judge_check(judge, self._inputs.measurements, self._parameters))
            self._results[check] = known
        return known

    def _explained(self, judge: Judge, result: CheckResult) -> CheckResult:
        for key, (_own, newer) in self._yielded.items():
            if key in judge.defaults:
                return replace(result, opinion=explain_yielded(result.opinion, key, newer))
        return result


def _carry(
    catalogue: Catalogue, item: Item, own: Mapping[str, Decision], crosswalk: Crosswalk, now_ms: int
) -> Decision:
    """The own decision, or the strongest one that a crosswalk carries here while the item itself is open and untried."""
    name = f"{catalogue.id}/{item.id}"
    made = own[name]
    if not is_open(made):
        return made
    best: Decision | None = None
    for source, relation, _ in crosswalk.sources(name):
        decision = own.get(source)
        if source.startswith(f"{catalogue.id}/"):
            continue  # a sheet's items do not speak for each other
        if item.checks and relation not in _IN_FULL:
            continue  # it can be measured itself: what merely overlaps says too little of it
        verdict = carried(decision.verdict, relation) if decision is not None else None
        if (
            decision is None
            or decision.carried
            or verdict is None
            or (decision.expires_ms and decision.expires_ms <= now_ms)
        ):
            continue
        candidate = replace(decide_carried(item, decision, source, relation, verdict), catalogue=catalogue.id)
        if best is None or _better(candidate, best):
            best = candidate
    return best or made


def is_open(own: Decision) -> bool:
    """Whether nobody answered and nothing measured, so that a crosswalk may decide."""
    return own.verdict is Verdict.UNDECIDED and own.reason in _OPEN


_IN_FULL = frozenset({Relation.EQUAL, Relation.COVERS})
_OPEN = frozenset({"item.unanswered", "check.not_measured"})
_STRENGTH = (Verdict.FAILS, Verdict.CONFORMS, Verdict.PARTIAL, Verdict.NOT_APPLICABLE, Verdict.UNDECIDED)


def _better(one: Decision, other: Decision) -> bool:
    """不適合 wins, then the fuller verdict, then the harder basis."""
    return (_STRENGTH.index(one.verdict), one.basis) < (_STRENGTH.index(other.verdict), other.basis)


def _below(catalogue: Catalogue, leaves: Mapping[str, Decision]) -> dict[str, list[Decision]]:
    """The decisions of all leaves below each heading, in the catalogue's order."""
    parents = {one.id: one.parent for one in catalogue.items}
    found: dict[str, list[Decision]] = {one.id: [] for one in catalogue.items if one.mode is Mode.GROUP}
    for name, decision in leaves.items():
        at = parents[name]
        while at:
            found[at].append(decision)
            at = parents[at]
    return found


def _heading(catalogue: Catalogue, item: Item, below: Sequence[Decision]) -> Decision:
    """A heading's decision from all leaves below it."""
    first = below[0]
    basis = max(one.basis for one in below)
    expires = min((one.expires_ms for one in below if one.expires_ms), default=0)
    return Decision(
        catalogue.id, item.id, decide_heading(below), basis, "item.heading", first.why, expires,
        contradiction=any(one.contradiction for one in below),
    )  # fmt: skip


def assessable(catalogue: Catalogue, results: Results) -> list[Decision]:
    """The decisions of a catalogue without its headings."""
    headings = {item.id for item in catalogue.items if item.mode is Mode.GROUP}
    return [one for one in results.of(catalogue.id) if one.item not in headings]


def thresholds(parameters: Mapping[str, Parameter]) -> dict[str, str]:
    """Thresholds as text, for a report."""
    return {key: str(one.value) for key, one in sorted(parameters.items())}
