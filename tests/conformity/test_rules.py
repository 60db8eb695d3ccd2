"""The rules from checks and answers to a verdict."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from akashi.conformity.model import (
    DAY_MS,
    Answer,
    Basis,
    CheckResult,
    Decision,
    Mode,
    Opinion,
    Relation,
    Reply,
    Verdict,
    Words,
)
from akashi.conformity.rules import applies, decide_heading, decide_item, shares
from tests.conformity.small import NOW, answer, item

VERDICTS = st.sampled_from(list(Verdict))
CHECKS = st.lists(
    st.builds(
        lambda verdict, attempted: CheckResult(
            "door.locked", 1, Opinion(verdict if attempted else Verdict.UNDECIDED, "r", Words("文")), NOW, attempted
        ),
        VERDICTS,
        st.booleans(),
    ),
    min_size=1,
    max_size=4,
)
ANSWERS = st.one_of(st.none(), st.builds(lambda reply: answer("a", reply), st.sampled_from(list(Reply))))


@given(CHECKS, ANSWERS, st.sampled_from([Mode.MEASURED, Mode.PARTLY]))
def test_a_measured_failure_beats_every_answer(checks: list[CheckResult], said: Answer | None, mode: Mode) -> None:
    """Where a program found it bad the verdict is 不適合 by measurement, and a declared はい beside it is a contradiction."""
    made = decide_item(item("a", mode, checks=("door.locked",)), frozenset(), checks, said, NOW)
    if any(one.opinion.verdict is Verdict.FAILS for one in checks):
        assert (made.verdict, made.basis) == (Verdict.FAILS, Basis.MEASURED)
        assert made.contradiction or said is None or said.reply is Reply.NO


@given(CHECKS, ANSWERS, st.sampled_from([Mode.MEASURED, Mode.PARTLY]))
def test_what_was_tried_and_not_decided_never_conforms(
    checks: list[CheckResult], said: Answer | None, mode: Mode
) -> None:
    """An unreached target leaves 判定不能 (or worse), whatever is declared."""
    made = decide_item(item("a", mode, checks=("door.locked",)), frozenset(), checks, said, NOW)
    if any(one.attempted and one.opinion.verdict is Verdict.UNDECIDED for one in checks):
        assert made.verdict in (Verdict.UNDECIDED, Verdict.FAILS)


@given(CHECKS, ANSWERS)
def test_only_measurement_is_called_measured(checks: list[CheckResult], said: Answer | None) -> None:
    """適合 of a partly measurable item stands on a person's answer; without one it stays open."""
    made = decide_item(item("a", Mode.PARTLY, checks=("door.locked",)), frozenset(), checks, said, NOW)
    if made.verdict is Verdict.CONFORMS:
        assert said is not None
        assert made.basis is Basis.WORD
    if said is None and made.verdict is not Verdict.FAILS:
        assert made.verdict is Verdict.UNDECIDED


def test_an_undeclared_feature_makes_it_not_applicable() -> None:
    """対象外 follows from what is declared, before anything else."""
    made = decide_item(item("a", when=("windows",)), frozenset({"keys"}), (), answer("a", Reply.NO), NOW)
    assert (made.verdict, made.basis) == (Verdict.NOT_APPLICABLE, Basis.WORD)


@pytest.mark.parametrize(
    ("when", "declared", "holds"),
    [((), [], True), (("a",), [], False), (("a|b",), ["b"], True), (("a|b", "c"), ["a"], False)],
)
def test_conditions_are_all_of_them_each_with_alternatives(
    when: tuple[str, ...], declared: list[str], *, holds: bool
) -> None:
    """Every condition must hold; ``a|b`` holds if one does."""
    assert applies(when, frozenset(declared)) is holds


def test_documents_weigh_more_than_words() -> None:
    """An answer with evidence stands on documents, one without on somebody's word."""
    word = decide_item(item("c"), frozenset(), (), answer("c"), NOW)
    paper = decide_item(item("c"), frozenset(), (), answer("c", evidence=("evd-1234",)), NOW)
    assert (word.basis, paper.basis) == (Basis.WORD, Basis.DOCUMENT)


def test_an_answer_expires() -> None:
    """After its validity an answer no longer decides; on the last day it does."""
    said = answer("c")
    day_before = decide_item(item("c"), frozenset(), (), said, NOW + 30 * DAY_MS - 1)
    after = decide_item(item("c"), frozenset(), (), said, NOW + 30 * DAY_MS)
    assert (day_before.verdict, after.verdict, after.reason) == (Verdict.CONFORMS, Verdict.UNDECIDED, "item.expired")


def test_a_check_expires_with_what_it_saw() -> None:
    """A judge may say an earlier end, such as a certificate's."""
    opinion = Opinion(Verdict.CONFORMS, "r", Words("文"), expires_ms=NOW + DAY_MS)
    check = CheckResult("door.locked", 1, opinion, NOW, attempted=True)
    made = decide_item(item("a", Mode.MEASURED, checks=("door.locked",)), frozenset(), (check,), None, NOW)
    assert made.expires_ms == NOW + DAY_MS


def test_a_measured_item_with_a_check_that_never_ran_is_open() -> None:
    """Half of the checks do not make 適合."""
    done = CheckResult("door.locked", 1, Opinion(Verdict.CONFORMS, "r", Words("文")), NOW, attempted=True)
    not_done = CheckResult("door.age", 1, Opinion(Verdict.UNDECIDED, "n", Words("文")), 0, attempted=False)
    made = decide_item(item("a", Mode.MEASURED, checks=("x", "y")), frozenset(), (done, not_done), answer("a"), NOW)
    assert made.verdict is Verdict.UNDECIDED


_BASE = Decision("new", "a", Verdict.CONFORMS, Basis.MEASURED, "r", Words("文"), NOW)


@given(st.lists(VERDICTS, min_size=1, max_size=6))
def test_a_heading_conforms_only_if_all_below_do(verdicts: list[Verdict]) -> None:
    """適合 of a heading needs 適合 of everything that applies."""
    made = decide_heading([replace(_BASE, verdict=one) for one in verdicts])
    applicable = {one for one in verdicts if one is not Verdict.NOT_APPLICABLE}
    assert (made is Verdict.CONFORMS) == (applicable == {Verdict.CONFORMS})
    assert (made is Verdict.NOT_APPLICABLE) == (not applicable)


@given(st.lists(st.tuples(VERDICTS, st.sampled_from(list(Basis))), max_size=20))
def test_shares_add_up(pairs: list[tuple[Verdict, Basis]]) -> None:
    """Measured, document, word, open and not applicable are all there is."""
    made = shares([replace(_BASE, verdict=verdict, basis=basis) for verdict, basis in pairs])
    assert made.total == len(pairs)


def test_relations_are_the_four() -> None:
    """The names that files and bundles use are permanent."""
    assert [one.value for one in Relation] == ["equal", "covers", "part_of", "overlaps"]
