"""An invented run of conformity with fixed salts and times, and bundles of it, right or bent at one place.

Two editions ask about disks, papers and updates; the judges are those that ship. Everything is invented. ``Run.values`` may be changed before
``Run.file``: then the commitments are right and the content is a lie; ``change`` of ``Run.file`` bends the finished file instead.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace

from akashi.app.conformity.library import judges
from akashi.conformity.catalogues.catalogue import Shelf, dump_catalogue, with_digest
from akashi.conformity.catalogues.crosswalk import Crosswalk
from akashi.conformity.evaluation import Inputs, Results, assessable, evaluate
from akashi.conformity.events import RunRecorded
from akashi.conformity.model import (
    DAY_MS,
    Answer,
    Audience,
    Catalogue,
    Facts,
    Group,
    Item,
    Link,
    Measurement,
    Mode,
    Reach,
    Relation,
    Reply,
    Verdict,
    Words,
)
from akashi.conformity.proof.bundle import MAGIC
from akashi.conformity.proof.codec import dump_answer, dump_decision, dump_links, dump_measurement
from akashi.conformity.proof.commitments import Committed, commit, commit_bytes, commitment_root
from akashi.conformity.proof.items import Head, dump_head, links_digest
from akashi.ledger.proof.bundle import write_bundle
from akashi.ledger.wire import cbor
from akashi.ledger.wire.cbor import Value
from akashi.ledger.wire.envelope import Signer
from tests.vectors.world import SENDER, SENDER_KEY, START_MS, Log, begun, seed

RUN = "run-00000001"
NOW = START_MS + DAY_MS
FEATURES = frozenset({"endpoints", "web_service"})


def item(name: str, mode: Mode = Mode.PEOPLE, **more: object) -> Item:
    """An item of the first group, valid for 30 days."""
    base = Item(name, "1", f"({name})", mode, Words(f"項目{name}", f"Item {name}"), valid_days=30)
    return replace(base, **more)  # type: ignore[arg-type]  # the fields of Item


def edition(name: str, order: int, items: Sequence[Item]) -> Catalogue:
    """An edition of the invented document; its second group is about something that nobody declared."""
    made = Catalogue(
        name, "doors", order, Words(f"第{order}版", f"Edition {order}"), "架空の手引き", str(order), "架空", "current", "", "test",
        {}, (Group("1", Words("扉", "Doors")), Group("2", Words("無線", "Wireless"), ("wireless",))), tuple(items),
    )  # fmt: skip
    return with_digest(made)


NEW = edition("doors-2", 2, (
    item("h", Mode.GROUP),
    item("a", Mode.MEASURED, checks=("disk.encrypted",), parent="h"),
    item("b", Mode.PARTLY, checks=("documents.current",), parent="h"),
    item("g", Mode.GROUP, parent="h"),
    item("c", parent="g"),
    item("d", group="2", parent="g"),
    item("e", when=("endpoints|byod",)),
    item("f", when=("sns",)),
    item("m", Mode.MEASURED, checks=("disk.encrypted", "inventory.matches")),
    item("n", Mode.PARTLY, checks=("inventory.matches",)),
    item("p", Mode.PARTLY, checks=("updates.pending",)),
    item("q"),
))  # fmt: skip
OLD = edition("doors-1", 1, (
    item("a", Mode.MEASURED, checks=("disk.encrypted",)),
    item("b"),
    item("c"),
    item("m"),
    item("x"),
    item("y"),
))  # fmt: skip
LINKS = (
    Link("doors-2/a", "doors-1/b", Relation.EQUAL, "同じ"),
    Link("doors-1/c", "doors-2/c", Relation.COVERS, "含む"),
    Link("doors-1/m", "doors-2/m", Relation.EQUAL, "同じ"),
    Link("doors-2/a", "doors-1/x", Relation.OVERLAPS, "重なる"),
    Link("doors-2/a", "doors-2/n", Relation.OVERLAPS, "測れるものには及ばない"),
    Link("doors-2/e", "doors-1/y", Relation.PART_OF, "一部"),
    Link("doors-1/y", "doors-2/q", Relation.EQUAL, "同じ"),
)
DISK: Facts = {"volumes": 3, "plain": 0}
PAPERS: Facts = {
    "documents": 9, "faulty": 2, "missing": 0, "unowned": 1, "unapproved": 1, "unreviewed": 0, "overdue": 0,
    "next_ms": NOW + 20 * DAY_MS,
}  # fmt: skip


def measured(probe: str, facts: Facts, reach: Reach = Reach.REACHED, at_ms: int = NOW - 1000) -> Measurement:
    """What a probe brought, a second before the judgement."""
    note = "" if reach is Reach.REACHED else "probe.unreached"
    return Measurement(
        probe, 1, "tgt-0001", "here", "tool 1", at_ms, at_ms, reach, facts, note, raw=b"raw " + probe.encode()
    )


def answered(place: str, reply: Reply = Reply.YES, **more: object) -> Answer:
    """An answer of ten days ago, for the assessor only, with owner and text."""
    catalogue, name = place.split("/")
    made = Answer(catalogue, name, reply, NOW - 10 * DAY_MS, owner="係", text=f"答え {name}")
    return replace(made, **more)  # type: ignore[arg-type]  # the fields of Answer


MEASURED = (measured("disk", DISK), measured("papers", PAPERS), measured("updates", {}, Reach.UNREACHED))
ANSWERS = (
    answered("doors-2/b", audience=Audience.PUBLIC),
    answered("doors-1/c", evidence=("evd-0001",)),
    answered("doors-2/e", Reply.PARTLY, audience=Audience.PUBLIC),
    answered("doors-1/m", Reply.NO, audience=Audience.PUBLIC),
)


@dataclass
class Run:
    """A judged run. ``values``: head, measurements, answers, decisions; ``apart``: raw bytes and texts by item index."""

    values: list[Value]
    apart: dict[int, Committed]
    catalogues: list[Value]
    links: Value
    withheld: frozenset[int]
    """Items that not everybody may see."""
    places: list[str] = field(default_factory=list)
    judged_ms: int = NOW
    started_ms: int = NOW - 1000
    counts: tuple[int, ...] = (0,) * 5
    """Verdicts of the items that are no headings, by number."""

    def at(self, place: str) -> int:
        """The index of the decision on ``catalogue/item``."""
        return len(self.values) - len(self.places) + self.places.index(place)

    def items(self) -> list[Committed]:
        """All items under fixed salts."""
        return [commit(value, seed(f"item {at}")[:16]) for at, value in enumerate(self.values)]

    def file(
        self,
        hidden: Collection[int] = (),
        *,
        apart: Collection[int] = (),
        change: Callable[[list[Value]], object] | None = None,
        evidence: bytes | None = None,
    ) -> bytes:
        """The bundle without the ``hidden`` items, with the ``apart`` ones, and then changed."""
        items = self.items()
        parts: list[Value] = [
            RUN,
            Record(self).evidence() if evidence is None else evidence,
            [one.digest for one in items],
            [[at, one.salt, one.value] for at, one in enumerate(items) if at not in hidden],
            list(self.catalogues),
            self.links,
            [[at, self.apart[at].salt, self.apart[at].value] for at in sorted(apart)],
            b"",
        ]
        if change is not None:
            change(parts)
        return MAGIC + cbor.encode(parts)


@dataclass(frozen=True)
class Story:
    """What a run stands on."""

    measurements: Sequence[Measurement] = MEASURED
    answers: Sequence[Answer] = ANSWERS
    features: frozenset[str] = FEATURES
    catalogues: Sequence[Catalogue] = (NEW, OLD)
    links: Sequence[Link] = LINKS
    now_ms: int = NOW

    def run(self) -> Run:
        """Judged by the shipped judges and laid out as items."""
        inputs = Inputs(self.features, self.measurements, self.answers, self.now_ms)
        shelf = Shelf(self.catalogues)
        results = evaluate(shelf, Crosswalk(self.links), inputs, judges())
        decisions = [one for book in shelf.catalogues for one in results.of(book.id)]
        versions = {check.check: check.judge_version for one in decisions for check in one.checks}
        head = Head(
            SENDER, RUN, tuple(sorted(self.features)), self.now_ms,
            tuple((one.id, one.digest) for one in self.catalogues), links_digest(self.links), tuple(sorted(versions.items())),
            (len(self.measurements), len(self.answers), len(decisions)),
            tuple(f"{one.catalogue}/{one.item}" for one in self.answers), tuple(one.probe for one in self.measurements),
        )  # fmt: skip
        values, apart = [dump_head(head)], dict[int, Committed]()
        for one in self.measurements:
            apart[len(values)] = commit_bytes(one.raw, seed(f"raw {one.probe}")[:16])
            values.append([*dump_measurement(replace(one, raw_digest=apart[len(values)].digest))])
        withheld = set()
        for said in self.answers:
            apart[len(values)] = commit([said.owner, said.text], seed(f"text {said.item}")[:16])
            if said.audience is not Audience.PUBLIC:
                withheld.add(len(values))
            values.append([*dump_answer(said), apart[len(values)].digest])
        values.extend(dump_decision(one) for one in decisions)
        return Run(
            values, apart, [dump_catalogue(one) for one in self.catalogues], dump_links(self.links), frozenset(withheld),
            [f"{one.catalogue}/{one.item}" for one in decisions], self.now_ms,
            min([NOW - 1000, *(one.started_ms for one in self.measurements)]), self._counts(shelf, results),
        )  # fmt: skip

    def _counts(self, shelf: Shelf, results: Results) -> tuple[int, ...]:
        every = Counter(one.verdict for book in shelf.catalogues for one in assessable(book, results))
        return tuple(every[verdict] for verdict in Verdict)


@dataclass
class Record:
    """The ledger on which a run is recorded, in its fourth leaf; ``more`` replaces fields of the record."""

    run: Run
    more: dict[str, object] = field(default_factory=dict)
    signer: Signer = SENDER_KEY
    institution: str = SENDER
    result: int = 0
    log: Log = field(default_factory=begun)

    def evidence(self) -> bytes:
        """Leaf 0, the enrolments and the record."""
        items = self.run.items()
        log = self.log
        now = self.run.judged_ms
        log.now_ms = now + 1000
        root = commitment_root([one.digest for one in items])
        body = RunRecorded(RUN, root, len(items), self.run.started_ms, now, self.run.counts)
        said = replace(body, **self.more)  # type: ignore[arg-type]  # the fields of RunRecorded
        index = log.say(said, self.signer, self.institution, subject=said.run, result=self.result)
        log.block()
        return write_bundle(log.bundle([0, 1, 2, index]))

    def file(self, **how: object) -> bytes:
        """The bundle with this record as its evidence."""
        return self.run.file(evidence=self.evidence(), **how)  # type: ignore[arg-type]  # the arguments of Run.file


def trust_file() -> bytes:
    """Pins the ledger of :class:`Record`."""
    return begun().trust_file()


def row(parts: list[Value], element: int, at: int) -> list[Value]:
    """A row of an element of the file, by place, to be changed."""
    return rows(rows(parts, element), at)


def rows(parts: list[Value], element: int) -> list[Value]:
    """A list in a list, to be changed."""
    found = parts[element]
    if not isinstance(found, list):
        raise TypeError(element)
    return found


def flipped(value: Value) -> bytes:
    """Bytes whose last bit is the other one."""
    if not isinstance(value, bytes):
        raise TypeError(type(value))
    return bytes([*value[:-1], value[-1] ^ 1])


def chain() -> tuple[Sequence[Catalogue], Sequence[Link]]:
    """Six editions of one item each, linked one after the other: equal, covers, covers, equal, part_of."""
    steps = (Relation.EQUAL, Relation.COVERS, Relation.COVERS, Relation.EQUAL, Relation.PART_OF)
    names = [f"chain-{at}" for at in range(len(steps) + 1)]
    books = [edition(name, 9 - at, (item("a"),)) for at, name in enumerate(names)]
    return books, [Link(f"chain-{at}/a", f"chain-{at + 1}/a", step, "つなぎ") for at, step in enumerate(steps)]
