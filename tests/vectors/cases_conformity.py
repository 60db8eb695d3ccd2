"""Vectors of conformity bundles: right ones, and one fault each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from akashi.app.conformity.library import rulebook
from akashi.conformity.model import DAY_MS, Link, Relation, Reply, Words
from akashi.conformity.proof.verify import verify_conformity
from akashi.ledger.wire.cbor import Value
from tests.vectors.build_conformity import (
    ANSWERS,
    DISK,
    LINKS,
    MEASURED,
    NEW,
    NOW,
    OLD,
    Record,
    Run,
    Story,
    answered,
    chain,
    edition,
    flipped,
    item,
    measured,
    row,
    rows,
    trust_file,
)
from tests.vectors.world import RECEIVER, ROOT_KEY, SECRETARIAT, begun

Change = Callable[[list[Value]], object]


@dataclass(frozen=True)
class Case:
    """One file. ``needs_judges``: whoever has none may accept what is refused here, or recompute more or less of what is accepted."""

    name: str
    comment: str
    data: bytes
    failure: str | None = None
    trust: bytes | None = None
    result: object = None
    needs_judges: bool = False

    def to_json(self) -> dict[str, object]:
        """The file's content."""
        return {
            "comment": self.comment,
            "format": "conformity",
            "input_hex": self.data.hex(),
            "trust": None if self.trust is None else self.trust.decode("utf-8"),
            "expect": "accept" if self.failure is None else "reject",
            "failure": self.failure,
            "needs_judges": self.needs_judges,
            "result": self.result,
        }


def shown(data: bytes, trust: bytes | None) -> dict[str, object]:
    """What an accepted bundle says, by this implementation: the README's result object."""
    report = verify_conformity(data, trust, rulebook(), NOW)
    if report.failure is not None or report.head is None:
        raise ValueError(report.failure)
    decisions = {
        f"{one.decision.catalogue}/{one.decision.item}": f"{one.decision.verdict:d} {one.state}" for one in report.rows
    }
    return {
        "status": str(report.status),
        "run": report.head.run,
        "institution": report.head.institution,
        "recorded_ms": report.recorded_ms,
        "stamped_ms": report.stamped_ms,
        "judged_ms": report.head.now_ms,
        "apart": report.apart,
        "decisions": decisions,
    }


def right(name: str, comment: str, data: bytes, *, pinned: bool = True, needs_judges: bool = False) -> Case:
    """A bundle that verifies."""
    trust = trust_file() if pinned else None
    return Case(name, comment, data, None, trust, shown(data, trust), needs_judges)


def accepted() -> Iterator[Case]:
    """What may be shown, withheld, sealed apart."""
    run = Story().run()
    said = range(1, 1 + len(MEASURED) + len(ANSWERS))
    yield right("assessor", "everything disclosed, raw output and texts as well", run.file(apart=said))
    yield right(
        "public", "the answer for the assessor is withheld, and so are the decisions on it", run.file(run.withheld)
    )
    yield right("no-trust", "without a trust file it is self-consistent only", run.file(run.withheld), pinned=False)
    said_only = "a measurement is withheld: only the results of its checks are there"
    yield right("withheld-measurement", said_only, run.file([1]), needs_judges=True)
    hidden = [run.at("doors-2/b"), run.at("doors-1/c")]
    unsaid = "two decisions are not disclosed; what rests on them still follows"
    yield right("withheld-decisions", unsaid, run.file(hidden), needs_judges=True)
    least = range(1, len(run.values))
    yield right("head-only", "nothing but the head is disclosed", run.file(least))

    def sealed(parts: list[Value]) -> None:
        parts[7] = b"not opened by a verifier"

    yield right("sealed", "a container for the assessor: no step opens it", run.file(run.withheld, change=sealed))


def stories() -> Iterator[Case]:
    """What the rules make of other inputs."""
    yield right("silence", "nothing measured, nothing answered", Story((), ()).run().file())
    everything = frozenset({"endpoints", "web_service", "wireless", "sns"})
    yield right("features", "every feature declared", Story(features=everything).run().file())
    late = Story(now_ms=NOW + 25 * DAY_MS)
    yield right("expired", "judged after the answers and one measured verdict expired", late.run().file())
    books, links = chain()
    far = Story((), (answered("chain-0/a"),), catalogues=books, links=links)
    yield right("carried", "over one, two and three hops, and not over four", far.run().file())
    bad = Story((), (answered("chain-3/a", Reply.NO),), catalogues=books, links=links)
    yield right("carried-failure", "a failure carries over equal and over nothing else", bad.run().file())
    yield right(
        "contradiction", "a failure was measured: yes, no and not applicable beside it", contradicted().run().file()
    )
    yield right("headings", "open, failed, mixed and inapplicable below headings", headed().run().file())


def contradicted() -> Story:
    """Plain disks; people say otherwise."""
    answers = (
        answered("doors-2/a"),
        answered("doors-1/a", Reply.NO),
        answered("doors-2/m", Reply.NOT_APPLICABLE),
        answered("doors-2/b", Reply.NOT_APPLICABLE, evidence=("evd-0001",)),
    )
    return Story((measured("disk", {"volumes": 3, "plain": 1}), MEASURED[1]), answers)


def headed() -> Story:
    """A heading for each mixture of replies; none is silence."""
    replies: dict[str, tuple[Reply | None, ...]] = {
        "open": (Reply.YES, None),
        "failed": (Reply.NO, None),
        "worse": (Reply.NO, None, Reply.YES),
        "mixed": (Reply.YES, Reply.NO),
        "good": (Reply.YES, Reply.NOT_APPLICABLE),
        "none": (Reply.NOT_APPLICABLE,),
    }
    items = []
    for name, said in replies.items():
        items.append(replace(item(name), mode=NEW.items[0].mode))
        items.extend(item(f"{name}-{at}", parent=name) for at in range(len(said)))
    places = ((f"{name}-{at}", reply) for name, said in replies.items() for at, reply in enumerate(said))
    answers = [answered(f"heads/{place}", reply) for place, reply in places if reply is not None]
    return Story((), answers, catalogues=(edition("heads", 1, items),), links=())


def wrong(name: str, comment: str, failure: str, data: bytes, *, needs_judges: bool = False) -> Case:
    """A bundle that does not verify."""
    return Case(name, comment, data, failure, trust_file(), None, needs_judges)


def bent(name: str, comment: str, failure: str, change: Change) -> Case:
    """The right file, changed after it was made."""
    return wrong(name, comment, failure, Story().run().file(change=change))


def wrong_form() -> Iterator[Case]:
    """Step 1."""
    data = Story().run().file()
    yield wrong("magic", "another edition of the format", "conformity.header", data.replace(b"/1\n", b"/2\n", 1))
    yield wrong("trailing", "a byte after the list", "cbor.trailing", data + b"\0")
    yield wrong("cut", "the last byte is missing", "cbor.short", data[:-1])

    def put(element: int, value: Value) -> Change:
        return lambda parts: parts.__setitem__(element, value)

    yield bent("evidence-text", "the evidence as a text instead of bytes", "conformity.shape", put(1, "evidence"))
    yield bent("no-commitments", "no commitment at all", "conformity.commitments", put(2, []))
    yield bent("twice", "an item disclosed twice", "conformity.order", lambda p: rows(p, 3).insert(2, rows(p, 3)[1]))


def wrong_evidence() -> Iterator[Case]:
    """Steps 2 and 3."""
    run = Story().run()
    other = Record(run, {"run": "run-00000002"}).evidence()
    yield wrong("other-run", "the evidence is on another run", "conformity.record", run.file(evidence=other))
    refused = Record(run, result=7).file()
    yield wrong("refused-record", "the ledger refused the record", "conformity.record", refused)
    signed = Record(run, signer=ROOT_KEY, institution=SECRETARIAT).file()
    yield wrong("secretariat", "the record is signed by no gateway", "signer.purpose", signed)
    stranger = begun().trust_file(genesis=bytes(32))
    yield Case("other-log", "the trust file pins another leaf 0", run.file(), "trust.genesis", stranger)
    more = Record(run, {"items": len(run.values) + 1}).file()
    yield wrong("items", "the record counts one item more", "conformity.root", more)
    yield bent(
        "root",
        "a commitment is another",
        "conformity.root",
        lambda p: rows(p, 2).__setitem__(5, flipped(rows(p, 2)[5])),
    )
    yield bent("dropped", "the last commitment is missing", "conformity.root", lambda p: rows(p, 2).pop())


def wrong_items() -> Iterator[Case]:
    """Step 4: each item is what its commitment says."""

    def value(parts: list[Value]) -> None:
        row(parts, 3, 1)[2] = flipped(row(parts, 3, 1)[2])

    def salt(parts: list[Value]) -> None:
        row(parts, 3, 6)[1] = flipped(row(parts, 3, 6)[1])

    def beyond(parts: list[Value]) -> None:
        rows(parts, 3).append([100, bytes(16), b"\xf6"])

    yield bent("measurement", "a byte of a measurement is another", "conformity.item", value)
    yield bent("salt", "a byte of a salt is another", "conformity.item", salt)
    yield bent("beyond", "an item that has no commitment", "conformity.item", beyond)


def lying(change: Callable[[Run], object], story: Story | None = None) -> bytes:
    """Values changed before the commitments were made: what an institution could record itself."""
    run = (Story() if story is None else story).run()
    change(run)
    return run.file()


def headlong(at: int, value: Value) -> bytes:
    """A run whose head says otherwise."""
    return lying(lambda run: rows(run.values, 0).__setitem__(at, value))


def wrong_heads() -> Iterator[Case]:
    """Step 5."""
    run = Story().run()
    yield wrong("no-head", "the head is not disclosed", "conformity.head", run.file([0]))
    yield bent(
        "broken-head", "a byte of the head's salt is another", "conformity.head",
        lambda p: row(p, 3, 0).__setitem__(1, flipped(row(p, 3, 0)[1])),
    )  # fmt: skip
    yield wrong("head-institution", "the run of another institution", "conformity.head", headlong(1, RECEIVER))
    yield wrong("head-run", "the head of another run", "conformity.head", headlong(2, "run-00000002"))
    yield wrong("head-counts", "one measurement too many", "conformity.head", headlong(8, [4, 4, 18]))
    yield wrong("head-true", "true instead of a time", "conformity.shape", headlong(4, value=True))
    yield wrong("catalogue", "a catalogue whose text changed", "conformity.catalogue", booked())
    yield bent(
        "crosswalk", "a reason in the crosswalk changed", "conformity.crosswalk",
        lambda p: row(p, 5, 0).__setitem__(3, "別の理由"),
    )  # fmt: skip
    yield wrong("link", "a link that leads nowhere", "conformity.item_unknown", linked("doors-1/z"))
    short = lying(lambda run: (run.values.pop(), rows(run.values, 0).__setitem__(8, [3, 4, 17])))
    yield wrong("decisions", "a decision less than items", "conformity.decisions", short)


def booked() -> bytes:
    """A catalogue that the head does not name: one text is another."""
    other = Story(catalogues=(edition("doors-2", 2, [replace(NEW.items[0], text=Words("別")), *NEW.items[1:]]), OLD))
    return Story().run().file(change=lambda parts: parts.__setitem__(4, other.run().catalogues))


def linked(end: str) -> bytes:
    """A crosswalk, named by the head, one of whose links leads nowhere."""
    made = Story(links=(*LINKS, Link("doors-2/d", end, Relation.EQUAL, "同じ")))
    return made.run().file()


def decided(place: str, **fields: Value) -> bytes:
    """The run with some fields of one decision changed before it was recorded."""
    names = (
        "catalogue",
        "item",
        "verdict",
        "basis",
        "reason",
        "ja",
        "en",
        "expires",
        "contradiction",
        "carried",
        "checks",
    )

    def change(run: Run) -> None:
        for name, value in fields.items():
            rows(run.values, run.at(place))[names.index(name)] = value

    return lying(change)


def wrong_verdicts() -> Iterator[Case]:
    """Step 6: commitments are right, a decision does not follow."""
    lies: dict[str, tuple[str, bytes]] = {
        "better": ("a failure by answer stated as conformity", decided("doors-1/m", verdict=1)),
        "measured-basis": ("a word stated as measured", decided("doors-2/e", basis=1)),
        "longer": ("a decision valid a day longer", decided("doors-2/e", expires=NOW + 21 * DAY_MS)),
        "no-contradiction": ("a contradiction left out", decided("doors-2/b", contradiction=False)),
        "feature": ("a declared item stated as inapplicable", decided("doors-2/e", verdict=4, reason="item.feature")),
        "heading": ("a heading better than what is below it", decided("doors-2/h", verdict=1)),
        "carried-further": ("conformity carried over a part", decided("doors-2/q", verdict=1)),
        "carried-elsewhere": ("carried from an item that is not linked", decided("doors-1/x", carried="doors-2/e")),
        "no-check": ("a decision without its check", decided("doors-2/a", checks=[])),
        "elsewhere": ("a decision that names another item", decided("doors-2/c", item="d")),
    }
    for name, (comment, data) in lies.items():
        yield wrong(f"decision-{name}", comment, "conformity.verdict", data)

    def torn(run: Run) -> None:
        rows(rows(rows(run.values, run.at("doors-1/a")), 10), 0)[7] = NOW - 2000

    yield wrong("decision-torn", "one check measured at two times", "conformity.verdict", lying(torn))
    shape = decided("doors-2/e", verdict=6)
    yield wrong("decision-verdict-6", "a verdict that there is not", "conformity.shape", shape)

    def lied(run: Run) -> None:
        facts = rows(run.values, 1)
        facts[9] = [["plain", 1], ["volumes", 3]]

    data = lying(lied)
    yield wrong("lied", "the measurement says otherwise than its check", "conformity.verdict", data, needs_judges=True)


def wrong_records() -> Iterator[Case]:
    """Steps 5 and 6: what was recorded is about this run, then."""
    run = Story().run()
    better = Record(run, {"counts": (sum(run.counts), 0, 0, 0, 0)}).file()
    yield wrong("counts", "the record counts everything as conforming", "conformity.counts", better)
    old = Story((measured("disk", DISK, at_ms=NOW - 5 * DAY_MS), *MEASURED[1:]))
    yield wrong(
        "times",
        "a measurement from before the run",
        "conformity.times",
        Record(old.run(), {"started_ms": NOW - 1000}).file(),
    )
    two = lying(lambda run: rows(run.values, 0).__setitem__(9, ["doors-2/b"] * 4))
    yield wrong("answered-twice", "one item answered several times", "conformity.head", two)
    hidden = Story(answers=(answered("doors-2/a"), *ANSWERS)).run()
    rows(hidden.values, hidden.at("doors-2/a"))[2] = 2
    comment = "a measured verdict changed behind a withheld answer, which could not have changed it"
    yield wrong("hidden-answer", comment, "conformity.verdict", hidden.file(hidden.withheld))


def wrong_apart() -> Iterator[Case]:
    """Step 7."""
    run = Story().run()
    index = 1 + len(MEASURED) + 1

    def text(parts: list[Value]) -> None:
        row(parts, 6, 0)[2] = flipped(row(parts, 6, 0)[2])

    yield wrong(
        "text", "a text that its answer does not name", "conformity.apart", run.file(apart=[index], change=text)
    )
    yield wrong("text-alone", "a text whose answer is withheld", "conformity.apart", run.file([index], apart=[index]))


CONFORMITY: tuple[Callable[[], Iterator[Case]], ...] = (
    accepted, stories, wrong_form, wrong_evidence, wrong_items, wrong_heads, wrong_verdicts, wrong_records, wrong_apart,
)  # fmt: skip
