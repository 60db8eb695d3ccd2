"""The rules from checks to verdicts, written twice: whatever the first implementation decides, the second recomputes to the letter."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace

import pytest

from akashi.app.conformity.library import books, rulebook
from akashi.conformity.model import DAY_MS, Answer, Audience, Facts, Link, Measurement, Mode, Reach, Relation, Reply
from akashi.conformity.proof.verify import verify_conformity
from akashi_verifier.conformity.rules import CONFORMS, FAILS, NOT_APPLICABLE, PARTIAL, UNDECIDED, carries, chained
from akashi_verifier.conformity.steps import verify
from tests.vectors.build_conformity import (
    DISK,
    NEW,
    NOW,
    OLD,
    PAPERS,
    Record,
    Run,
    Story,
    answered,
    edition,
    measured,
    trust_file,
)

TRUST = trust_file()
RELATIONS = ("equal", "covers", "part_of", "overlaps")
BACKWARDS = {"equal": "equal", "covers": "part_of", "part_of": "covers", "overlaps": "overlaps"}
SEEN: dict[str, tuple[Facts, ...]] = {
    "disk": (DISK, {"volumes": 3, "plain": 1}, {"volumes": 0, "plain": 0}, {}),
    "papers": (PAPERS, {**PAPERS, "faulty": 0}, {**PAPERS, "faulty": 9}),
    "inventory": (
        {"found": 4, "in_use": 4, "unknown": 0, "missing": 0, "twice": 0},
        {"found": 4, "in_use": 5, "unknown": 0, "missing": 1, "twice": 0},
    ),
    "updates": ({"pending": 1, "security": 0, "list_ms": NOW}, {"pending": 0, "security": 0, "list_ms": NOW}),
}


def story(seeded: random.Random) -> Story:
    """Measurements, answers, links, features and a moment, all by chance."""
    places = [f"{book.id}/{item.id}" for book in (NEW, OLD) for item in book.items if item.mode is not Mode.GROUP]
    links = {
        (seeded.choice(places), seeded.choice(places)): seeded.choice(list(Relation))
        for _ in range(seeded.randrange(14))
    }
    said = seeded.sample(places, seeded.randrange(len(places)))
    return Story(
        [one for probe in SEEN for one in _looked(probe, seeded)],
        [_replied(place, seeded) for place in said],
        frozenset(seeded.sample(["endpoints", "wireless", "sns", "web_service"], seeded.randrange(5))),
        links=[Link(source, target, relation, "偶然") for (source, target), relation in links.items()],
        now_ms=NOW + seeded.choice([0, 0, 0, 15, 25, 40]) * DAY_MS,
    )


def _looked(probe: str, seeded: random.Random) -> list[Measurement]:
    found = []
    for _ in range(seeded.choice([0, 1, 1, 2])):
        reach = seeded.choice([Reach.REACHED, Reach.REACHED, Reach.REACHED, *Reach])
        facts = seeded.choice(SEEN[probe]) if reach is Reach.REACHED else {}
        found.append(measured(probe, facts, reach, NOW - seeded.randrange(20) * DAY_MS))
    return found


def _replied(place: str, seeded: random.Random) -> Answer:
    return replace(
        answered(place, seeded.choice(list(Reply))),
        evidence=seeded.choice([(), ("evd-0001",)]),
        answered_ms=NOW - seeded.randrange(40) * DAY_MS,
        audience=seeded.choice(list(Audience)),
    )


def file(run: Run, hidden: frozenset[int] = frozenset()) -> bytes:
    """The bundle of a run that took three weeks, so that what it measured may be old."""
    return Record(run, {"started_ms": NOW - 21 * DAY_MS}).file(hidden=hidden)


def states(data: bytes) -> dict[str, str]:
    """What the second verifier makes of each decision; it verifies."""
    found = verify(data, TRUST)
    assert found["failure"] is None
    return {f"{one['catalogue']}/{one['item']}": one["state"] for one in found["decisions"]}


@pytest.mark.parametrize("seed", range(60))
def test_every_decision_follows_from_what_was_disclosed(seed: int) -> None:
    """By chance answered and measured, all disclosed: all recomputed."""
    assert set(states(file(story(random.Random(seed)).run())).values()) == {"recomputed"}


@pytest.mark.parametrize("seed", range(20))
def test_withheld_answers_withhold_the_same_decisions(seed: int) -> None:
    """Without the answers for fewer, both verifiers recompute the same decisions and withhold the same."""
    run = story(random.Random(seed)).run()
    data = file(run, run.withheld)
    first = verify_conformity(data, TRUST, rulebook(), NOW)
    assert states(data) == {f"{one.decision.catalogue}/{one.decision.item}": str(one.state) for one in first.rows}


def test_the_shipped_catalogues_are_recomputed() -> None:
    """All editions and crosswalks that ship, a quarter of the items answered by chance: both verifiers agree on each decision."""
    seeded, shelf = random.Random(5), books().shelf.catalogues
    places = [f"{book.id}/{item.id}" for book in shelf for item in book.items if item.mode is not Mode.GROUP]
    answers = [_replied(place, seeded) for place in sorted(seeded.sample(places, len(places) // 4))]
    features = frozenset(one for one in sorted(books().features) if seeded.random() < 0.6)
    run = Story((measured("disk", DISK),), answers, features, shelf, books().crosswalk.links).run()
    data = file(run, run.withheld)
    first = verify_conformity(data, TRUST, rulebook(), NOW)
    found = states(data)
    assert found == {f"{one.decision.catalogue}/{one.decision.item}": str(one.state) for one in first.rows}
    assert min(Counter(found.values()).values()) > 100


def test_an_answer_beside_half_a_measurement_leaves_an_item_open() -> None:
    """One check was attempted, the other not, and no decision states either: what is carried there follows all the same."""
    alone = edition("doors-2", 2, [one for one in NEW.items if one.id == "m"])
    answers = (answered("doors-2/m"), answered("doors-1/m", Reply.NO))
    links = (Link("doors-1/m", "doors-2/m", Relation.EQUAL, "同じ"),)
    run = Story((measured("disk", DISK),), answers, catalogues=(alone, OLD), links=links).run()
    found = verify(run.file(), TRUST)
    assert found["decisions"][0]["carried"] == "doors-1/m"
    assert {one["state"] for one in found["decisions"]} == {"recomputed"}


@pytest.mark.parametrize("relation", RELATIONS)
def test_nothing_becomes_better_on_its_way(relation: str) -> None:
    """Over every relation conformity comes from conformity alone, and what is open carries nothing."""
    made = {verdict: carries(verdict, relation) for verdict in (CONFORMS, PARTIAL, FAILS, NOT_APPLICABLE, UNDECIDED)}
    assert made[UNDECIDED] is None
    assert [verdict for verdict, then in made.items() if then == CONFORMS] in ([], [CONFORMS])


@pytest.mark.parametrize("one", RELATIONS)
@pytest.mark.parametrize("other", RELATIONS)
def test_two_hops_are_no_stronger_than_each(one: str, other: str) -> None:
    """Conformity carries over two hops only if it does over both; two overlaps say nothing; back is the way turned round."""
    there = chained(one, other)
    back = chained(BACKWARDS[other], BACKWARDS[one])
    assert back == (None if there is None else BACKWARDS[there])
    assert (one, other) != ("overlaps", "overlaps") or there is None
    if there is not None and carries(CONFORMS, there) == CONFORMS:
        assert carries(CONFORMS, one) == carries(CONFORMS, other) == CONFORMS
