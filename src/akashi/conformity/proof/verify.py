"""Verification of a conformity bundle, offline: from the ledger's evidence down to each recomputed verdict.

(1) format; (2) the ledger's evidence holds, under a trust file, the record of this run; (3) the commitments give the recorded root;
(4) every disclosed item is what its commitment says; (5) head, catalogues and crosswalk are the ones the run names, and everything was
measured and answered when the record says; (6) every verdict is computed again from the disclosed facts and answers by the judges that the
head names, and compared, and so are the recorded counts; (7) raw bytes and texts, where they are there, are what their items name.

Guarantees: whatever the bytes, the answer is a :class:`Report`; a verdict is *recomputed* only if everything it stands on was disclosed, else
it is *withheld*; one that cannot follow is *invalid*, and then the whole report failed. Refuses to take trust, catalogues' digests or
judges from anywhere but the run's record. Left to the caller: where the trust file came from; whether the targets were the right ones;
what catalogues to accept that are ``foreign``.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace

from akashi.conformity.catalogues.catalogue import Shelf, check_catalogue, with_digest
from akashi.conformity.catalogues.crosswalk import Crosswalk
from akashi.conformity.errors import CatalogueInvalid
from akashi.conformity.events import RunRecorded
from akashi.conformity.judges.registry import Judges
from akashi.conformity.proof.bundle import MAX_MEASURED, ConformityBundle, parse_bundle
from akashi.conformity.proof.commitments import commitment_root, verify_commitment
from akashi.conformity.proof.items import (
    Head,
    item_answer,
    item_measurement,
    links_digest,
    load_head,
)
from akashi.conformity.proof.recomputing import Recomputed, Row, Shown, State, agree
from akashi.errors import AkashiError
from akashi.ledger.errors import EncodingError
from akashi.ledger.events import AnyKind, load_body
from akashi.ledger.proof import bundle as ledger_bundle
from akashi.ledger.proof.verdict import Status
from akashi.ledger.proof.verify import verify_file
from akashi.ledger.wire.envelope import parse_operation
from akashi.ledger.wire.leaf import parse_leaf


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
    hidden: int = 0
    """Decisions that the bundle does not show."""
    foreign: tuple[str, ...] = ()
    """Catalogues (and ``crosswalk``) that are not word for word those that the verifier brought along."""

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
    books: Mapping[str, bytes] = field(default_factory=dict)
    """Digests of the catalogues by id, and of ``crosswalk``, that the verifier knows; none: nothing is called foreign."""


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
        if head.counts[0] > MAX_MEASURED:
            return failed("conformity.size")
        shelf, crosswalk = _books(bundle, head, rulebook)  # (5)
        shown = Shown(bundle, head, frozenset(broken))
        _times(shown, recorded)
        rows = Recomputed(shown, shelf, crosswalk, rulebook.judges).rows(now_ms)  # (6)
        uncounted = None if agree(shelf, rows, recorded.counts, head.counts[2]) else "conformity.counts"
        apart, wrong = _apart(bundle, broken)  # (7)
    except EncodingError as error:
        return failed(error.failure)
    except AkashiError as error:
        return failed(error.code)
    rows_failed = any(row.state is State.INVALID for row in rows)
    failure = "conformity.item" if broken else "conformity.verdict" if rows_failed else uncounted or wrong
    times = {row.id: (row.block_ms, row.before_ms) for row in verdict.operations}
    recorded_ms, stamped_ms = times.get(operation.hex(), (0, None))
    status = Status.FAILED if failure else verdict.status
    hidden, foreign = head.counts[2] - len(rows), _foreign(head, rulebook.books)
    return Report(status, failure, head, tuple(rows), recorded_ms, stamped_ms, broken, apart, hidden, foreign)


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
    named = tuple((one.id, one.digest) for one in catalogues)
    if named != head.catalogues or len({one.id for one in catalogues}) != len(catalogues):
        raise EncodingError("conformity.catalogue")
    if links_digest(bundle.links) != head.crosswalk:
        raise EncodingError("conformity.crosswalk")
    for one in catalogues:
        check_catalogue(one, checks=rulebook.judges.checks, features=rulebook.features)
    shelf, crosswalk = Shelf(catalogues), Crosswalk(bundle.links)
    crosswalk.check(shelf)
    return shelf, crosswalk


def _times(shown: Shown, recorded: RunRecorded) -> None:
    """A run judges at the moment that it records, from what was measured in it and answered before: nothing older, nothing to come."""
    now = shown.head.now_ms
    measured = (recorded.started_ms <= one.started_ms <= one.ended_ms <= now for one in shown.measurements())
    answered = (0 <= one.answered_ms <= now for one in shown.answers())
    if now != recorded.judged_ms or not all(measured) or not all(answered):
        raise EncodingError("conformity.times")


def _foreign(head: Head, books: Mapping[str, bytes]) -> tuple[str, ...]:
    named = (*head.catalogues, ("crosswalk", head.crosswalk))
    return tuple(name for name, digest in named if books.get(name) != digest) if books else ()


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
