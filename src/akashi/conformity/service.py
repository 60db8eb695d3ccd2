"""Conformity as a gateway offers it: declare features, register targets, run probes, judge, answer, and hand out bundles.

Guarantees: a run is recorded on the ledger with the root over all it stands on before anybody is shown it; what it measured, answered and
judged can be shown item by item afterwards. Refuses: active probes without a recorded consent in force on the ledger. Trusts: the caller
for permissions and for who acts; the probes for their facts.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from akashi.clock import Clock
from akashi.conformity.answers import Answers
from akashi.conformity.catalogues.books import Books
from akashi.conformity.catalogues.catalogue import dump_catalogue, load_catalogue
from akashi.conformity.errors import FeatureUnknown, NothingMeasured, RecordUnknown
from akashi.conformity.evaluation import Inputs, Results, assessable, evaluate
from akashi.conformity.events import RUNS, RunRecorded, TargetRegistered, TargetWithdrawn, consent_until, is_withdrawn
from akashi.conformity.judges.registry import JUDGES, Judges
from akashi.conformity.model import Catalogue, Decision, Link, Measurement, Target, TargetKind, Verdict
from akashi.conformity.probing import Bench, Probe, Progress, run_probes
from akashi.conformity.proof.codec import Fields, dump_links, dump_measurement, load_links, load_measurement
from akashi.conformity.proof.commitments import Committed, commit, commit_bytes, new_salt
from akashi.conformity.proof.items import Head, Sealed, links_digest, load_head, seal_run
from akashi.conformity.saying import Voice
from akashi.identity.handles import new_handle
from akashi.identity.model import Session
from akashi.keys.openers import Opener
from akashi.ledger.author import Author, prepared
from akashi.ledger.wire.cbor import Value
from akashi.vault.documents import Box, Documents
from akashi.vault.port import PayloadStore

TARGET, RUN = "tgt", "run"
_PROFILE, _TARGETS, _RUNS, _MEASURED, _BOOKS, _SALTS = "profile", "target", "run", "measured", "book", "salt"
_COUNTED = tuple(Verdict)


@dataclass(frozen=True, slots=True)
class RunRecord:
    """A recorded run."""

    run: str
    judged_ms: int
    index: int
    items: int
    counts: tuple[int, ...]


class Conformity:
    """One institution's conformity. Thread-safe as its parts are; ``close`` it."""

    def __init__(  # its collaborators
        self,
        *,
        database: Path,
        box: Box,
        author: Author,
        payloads: PayloadStore,
        openers: Sequence[Opener],
        clock: Clock,
        books: Books,
        judges: Judges = JUDGES,
    ) -> None:
        self.books = books
        self.documents = Documents(database, box, "conformity")
        self.answers = Answers(
            documents=self.documents, author=author, payloads=payloads, openers=openers, clock=clock, books=books
        )
        self._author, self._clock, self.judges = author, clock, judges
        self._voice = Voice(self.documents, author, clock)
        self._running = threading.Lock()

    def close(self) -> None:
        """Release the store."""
        self.documents.close()

    @property
    def institution(self) -> str:
        """Whose conformity it is."""
        return self._author.institution

    def resume(self) -> int:
        """Say on the ledger what is kept and could not be said; how much. Raises ``Unavailable`` while the ledger is away."""
        return self._voice.resume()

    def now_ms(self) -> int:
        """The moment that verdicts are asked for."""
        return self._clock.now_ms()

    # what is declared

    def features(self) -> frozenset[str]:
        """The declared features; before the first declaration the defaults."""
        found = self.documents.get(_PROFILE, "features")
        if found is None:
            return frozenset(one.id for one in self.books.features.values() if one.default)
        return frozenset(Fields([found.value], 1).texts())

    def declare(self, features: Iterable[str]) -> None:
        """Declare the features from now on. Raises ``FeatureUnknown``."""
        chosen = sorted(set(features))
        for one in chosen:
            if one not in self.books.features:
                raise FeatureUnknown(name=one)
        listed: list[Value] = [*chosen]
        self.documents.put(_PROFILE, "features", listed, self._clock.now_ms())

    def register_target(self, target: Target, session: Session) -> Target:
        """Register a target with its consent on the ledger; the address stays here, a commitment goes there."""
        approving = session.approving
        made = replace(target, handle=target.handle or prepared(approving, "target", lambda: new_handle(TARGET)))
        value = _dump_target(made)
        committed, now = commit(value, prepared(approving, "salt", new_salt)), self._clock.now_ms()
        said = TargetRegistered(made.handle, committed.digest, made.consent_until_ms, made.rate)
        envelope = self._voice.worded(said, made.handle, session)
        self.documents.put(_SALTS, made.handle, [committed.salt, committed.value], now)
        self._voice.send(envelope)
        self.documents.put(_TARGETS, made.handle, value, now)
        return made

    def target_commitment(self, handle: str) -> Committed:
        """What the ledger's record of a target commits to, with its salt: shows later which address was meant. Raises ``RecordUnknown``."""
        found = self.documents.get(_SALTS, handle)
        if found is None:
            raise RecordUnknown(name=handle)
        fields = Fields(found.value, 2)
        salt = fields.octets()
        return commit_bytes(fields.octets(), salt)

    def withdraw_target(self, handle: str, session: Session) -> None:
        """End a consent. Raises ``RecordUnknown``."""
        if self.documents.get(_TARGETS, handle) is None:
            raise RecordUnknown(name=handle)
        self._say(TargetWithdrawn(handle), handle, session)

    def targets(self) -> list[Target]:
        """The registered targets; each with the consent that the ledger says is in force now (0: none)."""
        known = [_load_target(one.key, one.value) for one in self.documents.newest(_TARGETS)]
        with self._author.ledger.view() as state:
            return [replace(one, consent_until_ms=consent_until(state, one.handle)) for one in known]

    def _standing_targets(self) -> list[Target]:
        """Those that were not withdrawn: a target whose consent ran out is still asked for, one that its owner took back is not."""
        with self._author.ledger.view() as state:
            return [one for one in self.targets() if not is_withdrawn(state, one.handle)]

    # runs

    def run(
        self, probes: Iterable[Probe], bench: Bench, session: Session, progress: Progress | None = None
    ) -> RunRecord:
        """Measure everything that is registered, judge everything, record it. One run at a time."""
        with self._running:
            self.resume()
            started = self._clock.now_ms()
            measurements = run_probes(probes, self._standing_targets(), bench, progress)
            return self._record(measurements, started, session)

    def _record(self, measurements: Sequence[Measurement], started: int, session: Session) -> RunRecord:
        # A clock that was set back in between leaves no measurement or answer after the judgement: a verifier would refuse it.
        now = max([self._clock.now_ms(), *(one.ended_ms for one in measurements)])
        started = min([started, now, *(one.started_ms for one in measurements)])
        answers = tuple(replace(one, answered_ms=min(one.answered_ms, now)) for one in self.answers.all())
        inputs = Inputs(self.features(), tuple(measurements), answers, now)
        results = self._judged(inputs)
        name = new_handle(RUN)
        sealed = seal_run(
            institution=self.institution,
            run=name,
            inputs=inputs,
            results=results,
            catalogues=[(one.id, one.digest) for one in self.books.shelf.catalogues],
            crosswalk=links_digest(self.books.crosswalk.links),
        )
        counts = self.counts(results)
        self._keep_books(now)
        # Kept before it is said: a run on the ledger whose facts are lost would prove nothing to anybody.
        self.documents.put(_RUNS, name, _dump_run(sealed, counts), now)
        kept: list[Value] = [[dump_measurement(one), one.raw] for one in measurements]
        self.documents.put(_MEASURED, "newest", kept, now)
        said = RunRecorded(name, sealed.root, len(sealed.items), started, now, counts)
        done = self._say(said, name, session)
        return RunRecord(name, now, done, len(sealed.items), counts)

    def _keep_books(self, now_ms: int) -> None:
        """The books a run was judged by stay with it: those of the program change, and an old bundle needs the old ones."""
        kept = set(self.documents.keys(_BOOKS))
        books: list[tuple[str, Value]] = [
            (one.digest.hex(), dump_catalogue(one))
            for one in self.books.shelf.catalogues
            if one.digest.hex() not in kept
        ]
        links = links_digest(self.books.crosswalk.links).hex()
        if links not in kept:
            books.append((links, dump_links(self.books.crosswalk.links)))
        self.documents.put_all(_BOOKS, books, now_ms)

    def books_of(self, head: Head) -> tuple[list[Catalogue], Sequence[Link]]:
        """The catalogues and links that a run was judged by, in its order. Raises ``RecordUnknown`` for one that is not kept."""
        known = {one.digest: one for one in self.books.shelf.catalogues}
        catalogues = []
        for _, digest in head.catalogues:
            value = None if digest in known else self._book(digest)
            catalogues.append(load_catalogue(value) if isinstance(value, bytes) else known[digest])
        if links_digest(self.books.crosswalk.links) == head.crosswalk:
            return catalogues, self.books.crosswalk.links
        return catalogues, load_links(self._book(head.crosswalk))

    def _book(self, digest: bytes) -> Value:
        found = self.documents.get(_BOOKS, digest.hex())
        if found is None:
            raise RecordUnknown(name=digest.hex()[:16])
        return found.value

    def counts(self, results: Results) -> tuple[int, ...]:
        """Assessable items of all catalogues by verdict, in the order of the verdicts' numbers."""
        every = Counter(one.verdict for book in self.books.shelf.catalogues for one in assessable(book, results))
        return tuple(every[verdict] for verdict in _COUNTED)

    def runs(self) -> list[RunRecord]:
        """All kept runs, the newest first; ``index`` is 0 where only the ledger knows it."""
        made = []
        for name in self.documents.keys(_RUNS):
            sealed, counts = self._kept(name)
            made.append(RunRecord(name, sealed.head.now_ms, 0, len(sealed.items), counts))
        return sorted(made, key=lambda one: -one.judged_ms)

    def sealed_run(self, name: str = "") -> Sealed:
        """A run that the ledger holds, with its salts; without a name the newest.

        Raises ``RecordUnknown``, also for one never recorded, and ``NothingMeasured``.
        """
        wanted = name or self.documents.last(_RUNS)
        if not wanted:
            raise NothingMeasured
        sealed = self._kept(wanted)[0]
        if self._is_recorded(sealed):
            return sealed
        older = (self._kept(one.run)[0] for one in ([] if name else self.runs()))
        found = next((one for one in older if self._is_recorded(one)), None)
        if found is None:
            raise RecordUnknown(name=name) if name else NothingMeasured
        return found

    def _is_recorded(self, sealed: Sealed) -> bool:
        """Whether the ledger has exactly this run of this institution."""
        with self._author.ledger.view() as state:
            match state.get(RUNS, sealed.head.run.encode()):
                case [str(owner), int(), bytes(root), *_]:
                    return owner == self.institution and root == sealed.root
        return False

    def _kept(self, name: str) -> tuple[Sealed, tuple[int, ...]]:
        found = self.documents.get(_RUNS, name)
        if found is None:
            raise RecordUnknown(name=name)
        return _load_run(found.value)

    # what it says now

    def measurements(self) -> list[Measurement]:
        """What the newest run measured, raw bytes included."""
        found = self.documents.get(_MEASURED, "newest")
        if found is None or not isinstance(found.value, list):
            return []
        made = []
        for row in found.value:
            fields = Fields(row, 2)
            made.append(replace(load_measurement(fields.rows()), raw=fields.octets()))
        return made

    def results(self) -> Results:
        """All verdicts as of now: the newest measurements with the newest answers."""
        inputs = Inputs(self.features(), self.measurements(), self.answers.all(), self._clock.now_ms())
        return self._judged(inputs)

    def _judged(self, inputs: Inputs) -> Results:
        return evaluate(self.books.shelf, self.books.crosswalk, inputs, self.judges)

    def contradictions(self, results: Results) -> list[Decision]:
        """Where a declaration stands against a measurement, over all catalogues."""
        return [one for book in self.books.shelf.catalogues for one in assessable(book, results) if one.contradiction]

    def _say(self, body: object, subject: str, session: Session) -> int:
        return self._voice.say(body, subject, session).index


def _dump_target(one: Target) -> Value:
    options: list[Value] = [[key, value] for key, value in sorted(one.options.items())]
    return [one.kind.value, one.address, options, one.consent_until_ms, one.rate]


def _load_target(handle: str, value: Value) -> Target:
    fields = Fields(value, 5)
    kind, address = TargetKind(fields.text()), fields.text()
    options = {}
    for row in fields.rows():
        pair = Fields(row, 2)
        key = pair.text()
        options[key] = pair.text()
    return Target(handle, kind, address, options, fields.number(), fields.number())


def _dump_run(sealed: Sealed, counts: Sequence[int]) -> Value:
    items: list[Value] = [[one.digest, one.salt, one.value] for one in sealed.items]
    apart: list[Value] = [[index, one.digest, one.salt, one.value] for index, one in sorted(sealed.apart.items())]
    return [items, apart, list(counts)]


def _load_run(value: Value) -> tuple[Sealed, tuple[int, ...]]:
    fields = Fields(value, 3)
    items = []
    for row in fields.rows():
        one = Fields(row, 3)
        items.append(Committed(one.octets(), one.octets(), one.octets()))
    apart = {}
    for row in fields.rows():
        one = Fields(row, 4)
        index = one.number()
        apart[index] = Committed(one.octets(), one.octets(), one.octets())
    counts = tuple(one for one in fields.rows() if isinstance(one, int))
    return Sealed(load_head(items[0].value), tuple(items), apart), counts
