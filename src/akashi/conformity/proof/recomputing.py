"""Step 6 of a bundle's verification: every stated verdict against what follows from what the bundle shows.

Guarantees: *recomputed* means that everything the verdict can rest on was shown and gives exactly this verdict; *withheld*, that
something was not shown, and that the verdict is at least possible: what was measured is not outdone by an answer that nobody sees, and what
is carried or summed up follows from the verdicts that are stated. All else is *invalid*. Refuses: items that are not what the head says of
them. Trusts: that commitments, head and books were checked before. Pure.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from akashi.conformity.catalogues.catalogue import Shelf
from akashi.conformity.catalogues.crosswalk import Crosswalk
from akashi.conformity.evaluation import Inputs, Judging, is_open, settle
from akashi.conformity.judges.registry import Judges
from akashi.conformity.model import DAY_MS, Answer, Decision, Item, Measurement, Mode, Reply, Verdict
from akashi.conformity.proof.bundle import ConformityBundle
from akashi.conformity.proof.items import Head, item_answer, item_decision, item_measurement
from akashi.ledger.errors import EncodingError


class State(StrEnum):
    """What became of one stated verdict."""

    RECOMPUTED = "recomputed"
    WITHHELD = "withheld"
    INVALID = "invalid"


@dataclass(frozen=True, slots=True)
class Row:
    """One stated verdict."""

    decision: Decision
    state: State
    expired: bool


class Shown:
    """What a bundle shows of a run; ``broken`` items count as neither shown nor withheld."""

    def __init__(self, bundle: ConformityBundle, head: Head, broken: Collection[int]) -> None:
        measured, answered, decided = head.counts
        self.head, self._bundle, self._broken = head, bundle, broken
        self._measurements = range(1, 1 + measured)
        self._answers = range(1 + measured, 1 + measured + answered)
        self._decisions = range(1 + measured + answered, 1 + measured + answered + decided)

    def _value(self, index: int) -> bytes | None:
        if index in self._broken or index not in self._bundle.disclosed:
            return None
        return self._bundle.disclosed[index][1]

    def measurements(self) -> list[Measurement]:
        """Those that are shown. Raises ``EncodingError`` where the head names another probe."""
        made = []
        for index, probe in zip(self._measurements, self.head.probes, strict=True):
            value = self._value(index)
            if value is not None:
                made.append(item_measurement(value))
                if made[-1].probe != probe:
                    raise EncodingError("conformity.head")
        return made

    def answers(self) -> list[Answer]:
        """Those that are shown. Raises ``EncodingError`` where the head names another item."""
        made = []
        for index, place in zip(self._answers, self.head.answered, strict=True):
            value = self._value(index)
            if value is not None:
                made.append(item_answer(value)[0])
                if f"{made[-1].catalogue}/{made[-1].item}" != place:
                    raise EncodingError("conformity.head")
        return made

    def withheld_probes(self) -> set[str]:
        """The probes of measurements that are withheld."""
        pairs = zip(self._measurements, self.head.probes, strict=True)
        return {probe for index, probe in pairs if index not in self._bundle.disclosed}

    def withheld_answers(self) -> set[str]:
        """``catalogue/item`` of each answer that is withheld."""
        pairs = zip(self._answers, self.head.answered, strict=True)
        return {place for index, place in pairs if index not in self._bundle.disclosed}

    def decisions(self, places: Sequence[str]) -> dict[str, Decision | None]:
        """What is stated of each place; ``None`` where it is broken or about another one, absent where it is withheld."""
        if len(places) != len(self._decisions):
            raise EncodingError("conformity.decisions")
        stated: dict[str, Decision | None] = {}
        for index, place in zip(self._decisions, places, strict=True):
            value = self._value(index)
            if value is not None:
                one = item_decision(value)
                stated[place] = one if f"{one.catalogue}/{one.item}" == place else None
            elif index in self._broken:
                stated[place] = None
        return stated


@dataclass(slots=True)
class _Rest:
    """Places by how far what they rest on is shown."""

    withheld: set[str] = field(default_factory=set)
    """May rest on something withheld."""
    blind: set[str] = field(default_factory=set)
    """May rest on a verdict that is neither shown nor computable, so that nothing follows."""
    impossible: set[str] = field(default_factory=set)
    """No answer gives this."""


class Recomputed:
    """The run's inputs as far as they are shown, and the verdicts that follow."""

    def __init__(self, shown: Shown, shelf: Shelf, crosswalk: Crosswalk, judges: Judges) -> None:
        head = shown.head
        versions = dict(head.judges)
        inputs = Inputs(frozenset(head.features), shown.measurements(), shown.answers(), head.now_ms, versions)
        self._shown, self._shelf, self._crosswalk, self._now = shown, shelf, crosswalk, head.now_ms
        self._judges, self._versions = judges, versions
        self._judging = Judging(shelf, inputs, judges)
        self._items = {f"{one.id}/{item.id}": (one.id, item) for one in shelf.catalogues for item in one.items}
        self._places = list(self._items)

    def rows(self, now_ms: int) -> list[Row]:
        """Every stated verdict with what became of it; ``now_ms`` is the reader's."""
        stated, own, rest = self._shown.decisions(self._places), self._judging.own(), _Rest()
        for place in self._on_withheld():
            rest.withheld.add(place)
            one = stated.get(place)
            found = None if one is None else self._possible(place, one)
            if found is not None:
                own[place] = found
            else:
                (rest.impossible if place in stated else rest.blind).add(place)
        computed = settle(self._shelf, self._crosswalk, own, self._now)
        follows = {
            f"{one.catalogue}/{one.item}": one for book in self._shelf.catalogues for one in computed.of(book.id)
        }
        self._spread(own, rest)
        rows = []
        for place, one in stated.items():
            state = _state(place, one, follows, rest)
            shown = one or follows[place]
            rows.append(Row(shown, state, bool(shown.expires_ms) and shown.expires_ms <= now_ms))
        return rows

    def _on_withheld(self) -> list[str]:
        """Items (no headings) whose own decision may rest on something withheld."""
        probes, answers = self._shown.withheld_probes(), self._shown.withheld_answers()
        return [
            place
            for place, (_, item) in self._items.items()
            if item.mode is not Mode.GROUP and (place in answers or self._reads(item, probes))
        ]

    def _reads(self, item: Item, probes: Collection[str]) -> bool:
        found = (self._judges.find(check, self._versions.get(check)) for check in item.checks) if probes else ()
        return any(judge is not None and judge.probe in probes for judge in found)

    def _possible(self, place: str, stated: Decision) -> Decision | None:
        """The own decision behind a stated one: with a withheld measurement as stated, with a withheld answer one that an answer can give."""
        catalogue, item = self._items[place]
        if self._reads(item, self._shown.withheld_probes()):
            return stated
        answered = min(stated.expires_ms - item.valid_days * DAY_MS, self._now)
        may = [
            self._judging.decide(catalogue, item, Answer(catalogue, item.id, reply, answered, documents))
            for reply in Reply
            for documents in ((), ("evd",))
        ]
        open_ = (one for one in may if is_open(one))
        return next((one for one in may if one == stated), None) or next(open_, None)

    def _spread(self, own: Mapping[str, Decision], rest: _Rest) -> None:
        """From items to what takes from them: open items over the crosswalk, and headings."""
        first, blind = frozenset(rest.withheld), frozenset(rest.blind | rest.impossible)
        for place, one in own.items() if first else ():
            if is_open(one):
                sources = {source for source, _, _ in self._crosswalk.sources(place)}
                rest.withheld |= {place} if sources & first else set()
                rest.blind |= {place} if sources & blind else set()
        for catalogue in self._shelf.catalogues if first else ():
            parents = {item.id: item.parent for item in catalogue.items}
            for item in catalogue.items:
                place, at = f"{catalogue.id}/{item.id}", item.parent
                while at:
                    above = f"{catalogue.id}/{at}"
                    rest.withheld |= {above} if place in rest.withheld else set()
                    rest.blind |= {above} if place in rest.blind | blind else set()
                    at = parents[at]


def _state(place: str, stated: Decision | None, follows: Mapping[str, Decision], rest: _Rest) -> State:
    if stated is None or place in rest.impossible:
        return State.INVALID
    if stated != follows[place] and place not in rest.blind:
        return State.INVALID
    return State.WITHHELD if place in rest.withheld else State.RECOMPUTED


def agree(shelf: Shelf, rows: Sequence[Row], counts: Sequence[int], decided: int) -> bool:
    """Whether the recorded counts are those of the stated verdicts; where some are withheld, whether they can be."""
    leaves = {f"{one.id}/{item.id}" for one in shelf.catalogues for item in one.items if item.mode is not Mode.GROUP}
    found = Counter(row.decision.verdict for row in rows if f"{row.decision.catalogue}/{row.decision.item}" in leaves)
    pairs = list(zip((found[verdict] for verdict in Verdict), counts, strict=True))
    if len(rows) == decided:
        return all(one == recorded for one, recorded in pairs)
    return sum(counts) == len(leaves) and all(one <= recorded for one, recorded in pairs)
