"""Judging everything at once: thresholds of editions, crosswalks, headings."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from akashi.conformity.catalogues.crosswalk import Crosswalk, carried, chained
from akashi.conformity.evaluation import Inputs, Results, evaluate
from akashi.conformity.judges.registry import judge_check
from akashi.conformity.model import Answer, Decision, Facts, Link, Measurement, Reach, Relation, Reply, Verdict
from tests.conformity.small import NOW, answer, measured, small_books, small_judges

BOOKS, JUDGES = small_books(), small_judges()


def judged(*measurements: Measurement, answers: tuple[Answer, ...] = ()) -> Results:
    """All verdicts."""
    inputs = Inputs(frozenset({"keys"}), measurements, answers, NOW)
    return evaluate(BOOKS.shelf, BOOKS.crosswalk, inputs, JUDGES)


def one(results: Results, name: str) -> Decision:
    """The verdict on ``catalogue/item``."""
    catalogue, _, item = name.partition("/")
    return next(found for found in results.of(catalogue) if found.item == item)


def test_nothing_known_means_nothing_decided() -> None:
    """Without facts and answers every item that applies is 判定不能."""
    results = judged()
    verdicts = {found.verdict for each in results.decisions.values() for found in each}
    assert verdicts == {Verdict.UNDECIDED, Verdict.NOT_APPLICABLE}


def test_the_newest_edition_wins_and_the_older_one_explains_itself() -> None:
    """A threshold that a newer edition overrides judges the older sheet too, and its sentence says so."""
    decision = one(judged(measured({"locked": True, "days": 20})), "old/a")
    assert decision.verdict is Verdict.PARTIAL
    assert "新しい版" in decision.why.ja
    assert "new" in decision.why.en


def test_an_equal_link_carries_fully_and_an_overlap_only_partly() -> None:
    """適合 goes over an equal link as it is, over an overlap as 一部適合."""
    results = judged(measured({"locked": True, "days": 1}))
    full, part = one(results, "old/b"), one(results, "old/x")
    assert (full.verdict, full.carried, part.verdict) == (Verdict.CONFORMS, "new/a", Verdict.PARTIAL)


def test_one_answer_feeds_the_sheets_that_it_covers() -> None:
    """An answer to a wider question answers the narrower one, and not the other way round."""
    wide = judged(answers=(answer("c", catalogue="old"),))
    narrow = judged(answers=(answer("c"),))
    assert one(wide, "new/c").verdict is Verdict.CONFORMS
    assert one(narrow, "old/c").verdict is Verdict.PARTIAL


def test_a_measured_item_that_was_not_reached_takes_nothing_over_a_crosswalk() -> None:
    """判定不能 by an unreached target stays, although another sheet could lend a verdict."""
    results = judged(measured({}, Reach.UNREACHED), answers=(answer("b", catalogue="old"),))
    assert one(results, "new/a").verdict is Verdict.UNDECIDED


def test_a_heading_sums_up_its_items() -> None:
    """一部適合 where one is 適合 and one 不適合."""
    results = judged(measured({"locked": False, "days": 1}), answers=(answer("b"),))
    assert one(results, "new/h").verdict is Verdict.PARTIAL


@given(st.sampled_from(list(Verdict)), st.sampled_from(list(Relation)))
def test_partial_is_never_carried_as_full(verdict: Verdict, relation: Relation) -> None:
    """適合 arrives as 適合 only from 適合, over equal and covering links."""
    made = carried(verdict, relation)
    if made is Verdict.CONFORMS:
        assert verdict is Verdict.CONFORMS
        assert relation in (Relation.EQUAL, Relation.COVERS)


@given(st.lists(st.sampled_from(list(Relation)), min_size=1, max_size=4))
def test_over_several_hops_the_weakest_link_counts(hops: list[Relation]) -> None:
    """A chain of equals is equal, one overlap makes it overlap, two say nothing; grouping does not matter."""
    forward: Relation | None = Relation.EQUAL
    backward: Relation | None = Relation.EQUAL
    for step in hops:
        forward = None if forward is None else chained(forward, step)
    for step in reversed(hops):
        backward = None if backward is None else chained(step, backward)
    assert forward is backward
    if forward is not None:
        assert (Relation.OVERLAPS in hops) <= (forward is Relation.OVERLAPS)
        assert hops.count(Relation.OVERLAPS) <= 1
    assert (forward is Relation.EQUAL) == (set(hops) == {Relation.EQUAL})


@given(*[st.sets(st.integers(0, 4), min_size=1) for _ in range(3)])
def test_what_follows_over_two_hops_is_true_of_sets(first: set[int], second: set[int], third: set[int]) -> None:
    """Requirements as sets of demands: whatever two relations imply by the table holds of every three sets that have them."""
    implied = chained(related(first, second), related(second, third)) if first & second and second & third else None
    if implied is Relation.EQUAL:
        assert first == third
    elif implied is Relation.COVERS:
        assert first >= third
    elif implied is Relation.PART_OF:
        assert first <= third
    elif implied is Relation.OVERLAPS:
        assert first & third


def related(one: set[int], other: set[int]) -> Relation:
    """How two sets that have something in common relate."""
    if one == other:
        return Relation.EQUAL
    if one > other:
        return Relation.COVERS
    return Relation.PART_OF if one < other else Relation.OVERLAPS


def test_a_crosswalk_does_not_run_in_circles() -> None:
    """Items that point at each other are visited once."""
    loop = Crosswalk(
        [
            Link("a/1", "b/1", Relation.EQUAL, ""),
            Link("b/1", "c/1", Relation.EQUAL, ""),
            Link("c/1", "a/1", Relation.EQUAL, ""),
        ]
    )
    assert sorted(name for name, _, _ in loop.sources("a/1")) == ["b/1", "c/1"]


def test_of_several_targets_the_worst_counts() -> None:
    """One open door fails the check though others are locked; one unreached leaves it undecided."""
    judge = JUDGES.find("door.locked")
    assert judge is not None
    good, bad = measured({"locked": True}), measured({"locked": False})
    away = measured({}, Reach.UNREACHED)
    verdicts = [
        judge_check(judge, seen, {}).opinion.verdict for seen in ([good, bad], [good, away], [away, bad], [good])
    ]
    assert verdicts == [Verdict.FAILS, Verdict.UNDECIDED, Verdict.FAILS, Verdict.CONFORMS]


@given(st.dictionaries(st.sampled_from(["locked", "days", "x"]), st.one_of(st.integers(), st.text(), st.none())))
def test_facts_of_another_shape_never_conform(facts: dict[str, object]) -> None:
    """A boolean is asked for: numbers, texts and nothing give 判定不能."""
    judge = JUDGES.find("door.locked")
    assert judge is not None
    given_facts: Facts = {key: value for key, value in facts.items() if isinstance(value, int | str)}
    result = judge_check(judge, [measured(given_facts)], {})
    assert result.opinion.verdict is Verdict.UNDECIDED


def test_a_no_where_it_is_measured_good_is_no_contradiction() -> None:
    """Only a declaration better than the measurement is a contradiction."""
    results = judged(measured({"locked": True, "days": 1}), answers=(answer("a", Reply.NO), answer("b", Reply.YES)))
    assert not any(found.contradiction for found in results.of("new"))
