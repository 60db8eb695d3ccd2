"""Verification of a conformity bundle, offline: from the ledger's evidence down to each recomputed verdict.

(1) format; (2) the ledger's evidence holds, under a trust file, the record of this run; (3) the commitments give the recorded root;
(4) every disclosed item is what its commitment says; (5) head, catalogues and crosswalk are the ones the run names; (6) every verdict is
computed again from the disclosed facts and answers by the judges that the head names, and compared; (7) raw bytes and texts, where they
are there, are what their items name.

Guarantees: whatever the bytes, the answer is a :class:`Report`; a verdict is *recomputed* only if everything it stands on was disclosed, else
it is *withheld*; one that does not follow is *invalid*, and then the whole report failed. Refuses to take trust, catalogues' digests or
judges from anywhere but the run's record. Left to the caller: where the trust file came from; whether the targets were the right ones.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

from akashi.conformity.catalogues.catalogue import Shelf, check_catalogue, with_digest
from akashi.conformity.catalogues.crosswalk import Crosswalk
from akashi.conformity.errors import CatalogueInvalid
from akashi.conformity.evaluation import Inputs, evaluate
from akashi.conformity.events import RunRecorded
from akashi.conformity.judges.registry import Judges
from akashi.conformity.model import Answer, Decision, Measurement
from akashi.conformity.proof.bundle import ConformityBundle, parse_bundle
from akashi.conformity.proof.commitments import commitment_root, verify_commitment
from akashi.conformity.proof.items import (
    Head,
    item_answer,
    item_decision,
    item_measurement,
    links_digest,
    load_head,
)
from akashi.errors import AkashiError
from akashi.ledger.errors import EncodingError
from akashi.ledger.events import AnyKind, load_body
from akashi.ledger.proof import bundle as ledger_bundle
from akashi.ledger.proof.verdict import Status
from akashi.ledger.proof.verify import verify_file
from akashi.ledger.wire.envelope import parse_operation
from akashi.ledger.wire.leaf import parse_leaf


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


@dataclass(frozen=True, slots=True)
class Report:
    """The whole answer. ``recorded_ms``: the block time of the run's record; ``stamped_ms``: a trusted time it existed before."""

    status: Status
    failure: str | None
    head: Head | None = None
    rows: tuple[Row, ...] = ()
    recorded_ms: int = 0
    stamped_ms: int | None = None
    broken: tuple[int, ...] = ()
    """Items that are not what their commitments say."""
    apart: int = 0
    """Raw outputs and texts that were there and right."""

    def count(self, state: State) -> int:
        """How many verdicts ended so."""
        return sum(1 for row in self.rows if row.state is state)


def failed(failure: str, **known: object) -> Report:
    """The report of a bundle that does not verify."""
    return replace(Report(Status.FAILED, failure), **known)  # type: ignore[arg-type]  # the fields of Report


@dataclass(frozen=True, slots=True)
class Rulebook:
    """What a verifier brings along: judges by version, the features and the ledger's kinds it knows."""

    judges: Judges
    features: Collection[str]
    kinds: Iterable[AnyKind]


def verify_conformity(data: bytes, trust: bytes | None, rulebook: Rulebook, now_ms: int) -> Report:
    """Verify the bytes of a bundle."""
    try:
        bundle = parse_bundle(data)  # (1)
    except EncodingError as error:
        return failed(error.failure)
    except CatalogueInvalid:
        return failed("conformity.catalogue")
    return verify_parsed(bundle, trust, rulebook, now_ms)


def verify_parsed(bundle: ConformityBundle, trust: bytes | None, rulebook: Rulebook, now_ms: int) -> Report:
    """Verify a parsed bundle (the assessor's, after opening)."""
    verdict = verify_file(bundle.evidence, trust, rulebook.kinds)  # (2)
    if verdict.status is Status.FAILED:
        return failed(verdict.failure or "conformity.evidence")
    try:
        recorded, institution, operation = _recorded(bundle)
        if commitment_root(bundle.commitments) != recorded.root or len(bundle.commitments) != recorded.items:  # (3)
            return failed("conformity.root")
        broken = tuple(
            index
            for index, (salt, value) in bundle.disclosed.items()
            if index >= len(bundle.commitments) or not verify_commitment(bundle.commitments[index], salt, value)  # (4)
        )
        if 0 in broken or 0 not in bundle.disclosed:
            return failed("conformity.head", broken=broken)
        head = load_head(bundle.disclosed[0][1])
        if head.institution != institution or head.run != bundle.run or 1 + sum(head.counts) != recorded.items:
            return failed("conformity.head")
        shelf, crosswalk = _books(bundle, head, rulebook)  # (5)
        rows = _Recomputed(bundle, head, set(broken)).rows(shelf, crosswalk, rulebook, now_ms)  # (6)
        apart, wrong = _apart(bundle, broken)  # (7)
    except EncodingError as error:
        return failed(error.failure)
    except AkashiError as error:
        return failed(error.code)
    rows_failed = any(row.state is State.INVALID for row in rows)
    failure = "conformity.item" if broken else "conformity.verdict" if rows_failed else wrong
    times = {row.id: (row.block_ms, row.before_ms) for row in verdict.operations}
    recorded_ms, stamped_ms = times.get(operation.hex(), (0, None))
    status = Status.FAILED if failure else verdict.status
    return Report(status, failure, head, tuple(rows), recorded_ms, stamped_ms, broken, apart)


def _recorded(bundle: ConformityBundle) -> tuple[RunRecorded, str, bytes]:
    """The run's own record in the evidence, who said it, and its operation id."""
    for part in ledger_bundle.parse_bundle(bundle.evidence).ranges:
        for leaf in (parse_leaf(data) for data in part.leaves):
            operation = parse_operation(leaf.envelope)
            statement = operation.statement
            if statement.kind == "conformity.run_recorded" and statement.subject == bundle.run and leaf.result == 0:
                return load_body(RunRecorded, statement.body), statement.actor.institution, operation.id
    raise EncodingError("conformity.record")


def _books(bundle: ConformityBundle, head: Head, rulebook: Rulebook) -> tuple[Shelf, Crosswalk]:
    catalogues = [with_digest(one) for one in bundle.catalogues]
    if tuple((one.id, one.digest) for one in catalogues) != head.catalogues:
        raise EncodingError("conformity.catalogue")
    if links_digest(bundle.links) != head.crosswalk:
        raise EncodingError("conformity.crosswalk")
    for one in catalogues:
        check_catalogue(one, checks=rulebook.judges.checks, features=rulebook.features)
    shelf, crosswalk = Shelf(catalogues), Crosswalk(bundle.links)
    crosswalk.check(shelf)
    return shelf, crosswalk


class _Recomputed:
    """The run's inputs as far as they were disclosed, and the verdicts they give."""

    def __init__(self, bundle: ConformityBundle, head: Head, broken: Collection[int]) -> None:
        measured, answered, decided = head.counts
        self._bundle, self._head, self._broken = bundle, head, broken
        self._measurements = range(1, 1 + measured)
        self._answers = range(1 + measured, 1 + measured + answered)
        self._decisions = range(1 + measured + answered, 1 + measured + answered + decided)

    def _value(self, index: int) -> bytes | None:
        return (
            None if index in self._broken or index not in self._bundle.disclosed else self._bundle.disclosed[index][1]
        )

    def rows(self, shelf: Shelf, crosswalk: Crosswalk, rulebook: Rulebook, now_ms: int) -> list[Row]:
        """Every verdict with what became of it; one whose item does not open is invalid."""
        order = [(one.id, item.id) for one in shelf.catalogues for item in one.items]
        if len(order) != len(self._decisions):
            raise EncodingError("conformity.decisions")
        inputs = Inputs(
            frozenset(self._head.features),
            self._disclosed_measurements(),
            self._disclosed_answers(),
            self._head.now_ms,
            dict(self._head.judges),
        )
        results = evaluate(shelf, crosswalk, inputs, rulebook.judges)
        computed = {(one.catalogue, one.item): one for name in shelf.catalogues for one in results.of(name.id)}
        excused = self._resting_on_withheld(shelf, crosswalk, rulebook.judges)
        rows = []
        for index, place in zip(self._decisions, order, strict=True):
            value = self._value(index)
            if value is None and index not in self._broken:
                continue
            stated = computed[place] if value is None else item_decision(value)
            if value is None or (stated.catalogue, stated.item) != place:
                state = State.INVALID
            elif stated == computed[place]:
                state = State.RECOMPUTED
            else:
                state = State.WITHHELD if f"{place[0]}/{place[1]}" in excused else State.INVALID
            rows.append(Row(stated, state, bool(stated.expires_ms) and stated.expires_ms <= now_ms))
        return rows

    def _withheld(self, indices: range) -> list[int]:
        """Places, within ``indices``, of items that are honestly withheld; a broken one is no excuse."""
        return [at for at, index in enumerate(indices) if index not in self._bundle.disclosed]

    def _resting_on_withheld(self, shelf: Shelf, crosswalk: Crosswalk, judges: Judges) -> set[str]:
        """``catalogue/item`` of every verdict that may rest on something withheld; all others must follow from what is here."""
        probes = {self._head.probes[at] for at in self._withheld(self._measurements)}
        own = {self._head.answered[at] for at in self._withheld(self._answers)}
        versions = dict(self._head.judges)
        for catalogue in shelf.catalogues:
            for item in catalogue.items:
                found = (judges.find(check, versions.get(check)) for check in item.checks)
                if any(judge is not None and judge.probe in probes for judge in found):
                    own.add(f"{catalogue.id}/{item.id}")
        excused = set(own)
        for catalogue in shelf.catalogues if own else ():
            for item in catalogue.items:
                name = f"{catalogue.id}/{item.id}"
                if any(source in own for source, _, _ in crosswalk.sources(name)):
                    excused.add(name)
        for catalogue in shelf.catalogues if own else ():
            parents = {item.id: item.parent for item in catalogue.items}
            for item in catalogue.items:
                at = item.parent if f"{catalogue.id}/{item.id}" in excused else ""
                while at:
                    excused.add(f"{catalogue.id}/{at}")
                    at = parents[at]
        return excused

    def _disclosed_measurements(self) -> list[Measurement]:
        return [item_measurement(value) for index in self._measurements if (value := self._value(index)) is not None]

    def _disclosed_answers(self) -> list[Answer]:
        return [item_answer(value)[0] for index in self._answers if (value := self._value(index)) is not None]


def _apart(bundle: ConformityBundle, broken: Collection[int]) -> tuple[int, str | None]:
    right = 0
    for index, (salt, value) in bundle.apart.items():
        shown = bundle.disclosed.get(index)
        if shown is None or index in broken:
            return right, "conformity.apart"
        try:
            named = item_measurement(shown[1]).raw_digest
        except EncodingError:
            named = item_answer(shown[1])[1]
        if not verify_commitment(named, salt, value):
            return right, "conformity.apart"
        right += 1
    return right, None
