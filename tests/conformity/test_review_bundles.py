"""Bundles by somebody who wants a sheet that the facts do not give, or a verifier that never ends (review of issue 3)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from akashi.app.conformity.library import rulebook
from akashi.app.conformity.telling import report_lines
from akashi.conformity.catalogues.catalogue import dump_catalogue, load_catalogue
from akashi.conformity.errors import CatalogueInvalid
from akashi.conformity.model import DAY_MS, Catalogue, Link, Measurement, Mode, Reach, Relation, Reply, Verdict
from akashi.conformity.proof.bundle import MAX_LINKED, parse_bundle
from akashi.conformity.proof.recomputing import State
from akashi.conformity.proof.verify import Report, verify_conformity
from akashi.ledger.errors import EncodingError
from akashi.ledger.proof.verdict import Status
from akashi.ledger.wire import cbor
from akashi.ledger.wire.cbor import Value
from tests.vectors.build_conformity import (
    ANSWERS,
    DISK,
    MEASURED,
    NEW,
    NOW,
    OLD,
    Record,
    Run,
    Story,
    answered,
    item,
    measured,
    rows,
    trust_file,
)

TRUST = trust_file()


def check(data: bytes) -> Report:
    """What a stranger's verifier says."""
    return verify_conformity(data, TRUST, rulebook(), NOW)


def state(report: Report, place: str) -> State | None:
    """What became of one verdict."""
    found = (row for row in report.rows if f"{row.decision.catalogue}/{row.decision.item}" == place)
    return next((row.state for row in found), None)


def stated(story: Story, place: str, verdict: Verdict, basis: int | None = None) -> Run:
    """A run whose operator states another verdict than follows; the record counts it."""
    run = story.run()
    decision = rows(run.values, run.at(place))
    before = decision[2]
    assert isinstance(before, int)
    counts = list(run.counts)
    counts[before - 1] -= 1
    counts[verdict - 1] += 1
    decision[2] = int(verdict)
    if basis is not None:
        decision[3] = basis
    run.counts = tuple(counts)
    return run


PLAIN = measured("disk", {"volumes": 3, "plain": 1})


def test_a_withheld_measurement_is_not_called_recomputed() -> None:
    """Two machines were measured and the bad one is withheld: the verdict from the good one alone is not 'recomputed'."""
    good = Story((measured("disk", DISK), *MEASURED[1:])).run()
    both = Story((measured("disk", DISK), PLAIN, *MEASURED[1:]))
    run = both.run()
    for place in ("doors-2/a", "doors-1/a", "doors-1/b", "doors-2/m"):
        run.values[run.at(place)] = good.values[good.at(place)]
    report = check(run.file([2]))
    assert state(report, "doors-2/a") is not State.RECOMPUTED


def test_a_withheld_answer_does_not_outdo_a_measured_failure() -> None:
    """不適合 was measured; an answer that nobody sees cannot have made it 適合."""
    story = Story((PLAIN, *MEASURED[1:]), (answered("doors-2/a"), *ANSWERS))
    run = stated(story, "doors-2/a", Verdict.CONFORMS)
    report = check(run.file(run.withheld))
    assert (report.failure, state(report, "doors-2/a")) == ("conformity.verdict", State.INVALID)


def test_a_withheld_no_is_not_called_recomputed_by_what_is_carried() -> None:
    """An item answered いいえ in secret does not pass as 適合 carried from elsewhere."""
    open_ = Story((measured("disk", DISK),), ()).run()
    story = Story((measured("disk", DISK),), (answered("doors-1/b", Reply.NO),))
    run = story.run()
    run.values[run.at("doors-1/b")] = open_.values[open_.at("doors-1/b")]
    report = check(run.file(run.withheld))
    assert state(report, "doors-1/b") is State.INVALID


def test_a_heading_over_something_withheld_still_adds_up() -> None:
    """A heading says what is stated below it, even where that rests on something withheld."""
    run = Story().run()
    rows(run.values, run.at("doors-2/h"))[2] = int(Verdict.CONFORMS)
    assert state(check(run.file(run.withheld)), "doors-2/h") is State.INVALID


def test_what_honest_people_withhold_is_withheld_and_verifies() -> None:
    """Every reply, with and without documents, beside every measurement: withheld, never invalid."""
    for reply in Reply:
        for evidence in ((), ("evd-0001",)):
            told = [answered(f"doors-2/{name}", reply, evidence=evidence) for name in "abcmnpq"]
            for disk in (MEASURED, (PLAIN, *MEASURED[1:]), ()):
                run = Story(disk, told).run()
                report = check(run.file(run.withheld))
                assert report.failure is None
                assert report.count(State.INVALID) == 0


def test_answers_to_one_item_come_once() -> None:
    """A public はい beside a withheld いいえ to the same item is refused."""
    run = Story().run()
    places = rows(rows(run.values, 0), 9)
    places[1] = places[0]
    assert check(run.file(run.withheld)).failure == "conformity.head"


def test_the_head_names_what_its_items_are() -> None:
    """An answer or a measurement under another name would excuse what it does not feed."""
    for list_, name in ((9, "doors-2/q"), (10, "ssh")):
        run = Story().run()
        rows(rows(run.values, 0), list_)[0] = name
        assert check(run.file()).failure == "conformity.head"


def _measured_at(at_ms: int) -> Story:
    return Story((measured("disk", DISK, at_ms=at_ms), *MEASURED[1:]))


@pytest.mark.parametrize(
    ("story", "record"),
    [
        (_measured_at(NOW + 300 * DAY_MS), {}),
        (_measured_at(NOW - 300 * DAY_MS), {"started_ms": NOW - 1000}),
        (Story(answers=(answered("doors-2/q", answered_ms=NOW + DAY_MS),)), {}),
        (Story(), {"judged_ms": NOW + DAY_MS}),
        (Story(now_ms=NOW + 5 * DAY_MS), {"judged_ms": NOW}),
    ],
    ids=["measured-later", "measured-before-the-run", "answered-later", "recorded-later", "judged-at-another-moment"],
)
def test_nothing_is_dated_as_it_suits(story: Story, record: dict[str, object]) -> None:
    """A replayed measurement, one from the future, a future answer, another moment of judgement: refused."""
    assert check(Record(story.run(), record).file()).failure == "conformity.times"


def test_the_recorded_counts_are_those_of_the_verdicts() -> None:
    """What the ledger, and with it the rule for production, counts is what the bundle shows; leaving out the bad ones does not help."""
    run = Story().run()
    better = Record(run, {"counts": (sum(run.counts), 0, 0, 0, 0)})
    assert check(better.file()).failure == "conformity.counts"
    failing = [run.at(place) for place in run.places if rows(run.values, run.at(place))[2] == int(Verdict.FAILS)]
    hidden = check(run.file(failing, evidence=better.evidence()))
    assert hidden.failure == "conformity.counts"
    honest = check(run.file(failing))
    assert (honest.failure, honest.hidden) == (None, len(failing))


def test_other_books_than_the_programs_are_called_so() -> None:
    """A catalogue or crosswalk of one's own verifies, and the answer says that it is foreign; the shipped ones are not."""
    report = check(Story().run().file())
    assert set(report.foreign) == {"doors-1", "doors-2", "crosswalk"}
    assert any("doors-1" in line and "注意" in line for line in report_lines(report, "ja"))


# what a verifier would walk for ever


def bundle_of(made: Catalogue) -> bytes:
    """A bundle whose head names this catalogue, with no decisions at all."""
    run = Story((), (), catalogues=(replace(made, items=(item("a"),)),), links=()).run()
    digest = load_catalogue(dump_catalogue(made)).digest
    rows(rows(rows(run.values, 0), 5), 0)[1] = digest
    run.catalogues = [dump_catalogue(made)]
    return run.file()


@pytest.mark.parametrize(
    "items",
    [
        (item("x", Mode.GROUP, parent="y"), item("y", Mode.GROUP, parent="x"), item("a", parent="x")),
        (item("x", Mode.GROUP, parent="x"), item("a")),
        (item("x", Mode.GROUP), item("a")),
        (*(item(f"h{at}", Mode.GROUP, parent=f"h{at - 1}" if at else "") for at in range(40)), item("a", parent="h39")),
        (item("a", valid_days=-1),),
    ],
    ids=["circle", "itself", "empty", "deep", "negative"],
)
def test_headings_that_lead_nowhere_are_refused(items: tuple[object, ...]) -> None:
    """A circle of headings, an empty one, a tower, a verdict that expired before it began: refused, at once."""
    made = replace(NEW, items=items)  # type: ignore[arg-type]  # items of the test
    assert check(bundle_of(made)).failure == "conformity.catalogue"


def test_catalogues_without_end_are_refused() -> None:
    """More items than any document has."""
    with pytest.raises(CatalogueInvalid):
        load_catalogue(dump_catalogue(replace(OLD, items=tuple(item(str(at)) for at in range(2_001)))))


@pytest.mark.parametrize(("part", "at", "value"), [(0, 2, True), (3, 12, True), (3, 9, [5]), (3, 8, [b"x"])])
def test_a_catalogue_has_one_form(part: int, at: int, value: object) -> None:
    """``true`` is no number and a number no text: two readers of one digest would see two catalogues."""
    made: Any = cbor.decode(dump_catalogue(NEW))
    row = made[part] if part == 0 else made[part][1]
    row[at] = value
    with pytest.raises(CatalogueInvalid):
        load_catalogue(cbor.encode(made))


def test_links_without_end_are_refused() -> None:
    """All ways of three hops are walked, so one item has few."""
    many = [["doors-2/a", f"doors-1/{at}", "equal", ""] for at in range(MAX_LINKED + 1)]

    def more(parts: list[Value]) -> None:
        parts[5] = [[*one] for one in many]

    with pytest.raises(EncodingError):
        parse_bundle(Story().run().file(change=more))


def test_measurements_without_end_are_refused() -> None:
    """Each judge looks at all of them."""
    one = Measurement("disk", 1, "tgt-0001", "here", "t", NOW - 1000, NOW - 1000, Reach.UNREACHED, {}, "x")
    run = Story([one] * 5_001, (), catalogues=(OLD,), links=()).run()
    assert check(run.file()).failure == "conformity.size"


def test_what_a_withheld_answer_carries_follows_from_what_is_stated() -> None:
    """What a withheld answer's item took over a crosswalk is followed over two hops, and verifies."""
    links = (
        Link("doors-2/c", "doors-1/b", Relation.EQUAL, "同じ"),
        Link("doors-1/b", "doors-1/c", Relation.EQUAL, "同じ"),
    )
    run = Story((), (answered("doors-2/c"),), links=links).run()
    report = check(run.file(run.withheld))
    assert (report.status, report.failure) == (Status.VERIFIED, None)
