"""An assessment reaches the public list only through three different people in order, and a withdrawal is for good."""

from __future__ import annotations

import copy

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from akashi.conformity.flow.events import AssessmentWithdrawn
from akashi.conformity.flow.model import ApplicantKind, Phase, WithdrawnReason
from akashi.conformity.flow.records import all_listed, assessment, listed, questions
from akashi.conformity.model import DAY_MS
from akashi.identity.events import PersonDisabled
from akashi.identity.model import PersonReason
from tests.conformity.flowdesk import (
    ALL,
    ASM,
    BOB,
    BOSS,
    COM,
    EVA,
    OTHER,
    PEOPLE,
    SALES,
    SELLER,
    STRANGER,
    UNTIL,
    VENDOR,
    FlowDesk,
    open_flow_desk,
)
from tests.exchange.desk import START

TEMPLATE = open_flow_desk()
STEPS = ["ask", "reply", "evaluate", "evaluate!", "committee", "committee-", "committee!", "board", "board-", "board!"]
WAY = [("evaluate", EVA), ("committee", COM), ("board", BOB), ("publish", BOB)]
stray = st.tuples(st.sampled_from([*STEPS, "publish", "withdraw"]), st.sampled_from([ALL, BOB, COM, EVA, *PEOPLE]))
fitting = st.tuples(*[st.tuples(st.just(step), st.sampled_from([person, ALL])) for step, person in WAY])
"""The four steps in order, each by somebody with its role: only whether they are different people is left open."""
legs = st.one_of(fitting.map(list), st.lists(stray, max_size=3), st.just([("ask", EVA), ("reply", SALES)]))
moves = st.lists(legs, max_size=6).map(lambda parts: [move for part in parts for move in part])


@pytest.fixture
def desk() -> FlowDesk:
    """A state with one application."""
    made = copy.deepcopy(TEMPLATE)
    assert made.by(made.applied(), SELLER) is None
    return made


@settings(max_examples=150, deadline=None)
@given(moves)
def test_no_order_of_steps_publishes_without_three_people(order: list[tuple[str, str]]) -> None:
    """Whatever people try in whatever order: published means evaluated, endorsed and approved by three, with no question open."""
    desk = copy.deepcopy(TEMPLATE)
    desk.by(desk.applied(), SELLER)
    done: list[tuple[str, str]] = []
    for step, person in order:
        body = AssessmentWithdrawn(ASM, WithdrawnReason.REQUESTED) if step == "withdraw" else desk.step(step)
        if desk.by(body, person) is None:
            done.append((step, person))
        found = assessment(desk.state, ASM)
        assert found is not None
        if found.phase is Phase.PUBLISHED:
            people = {found.evaluator, found.committee, found.board}
            assert len(people - {None}) == 3
            assert found.open_questions == 0
            assert [kind for kind, _ in done if kind in ("evaluate", "committee", "board")][-3:] == [
                "evaluate",
                "committee",
                "board",
            ]
        assert (listed(desk.state, ASM) is not None) is any(kind == "publish" for kind, _ in done)
    last = [kind for kind, _ in done if kind in ("withdraw", "committee!", "board!")]
    assert len(last) <= 1
    assert not last or done[-1][0] == last[0] or (last[0] != "withdraw" and done[-1][0] == "withdraw")


@pytest.mark.parametrize("step", [*STEPS, "publish"])
@pytest.mark.parametrize("person", sorted(PEOPLE))
def test_a_withdrawal_is_final(desk: FlowDesk, step: str, person: str) -> None:
    """After the applicant's withdrawal nobody takes any step."""
    assert desk.by(AssessmentWithdrawn(ASM, WithdrawnReason.REQUESTED), SELLER) is None

    assert desk.by(desk.step(step), person) is not None


def test_the_straight_way(desk: FlowDesk) -> None:
    """Evaluator, committee and board in turn; the entry names applicant, end and bundle."""
    for step, person in (("evaluate", EVA), ("committee", COM), ("board", BOB), ("publish", BOB)):
        assert desk.by(desk.step(step), person) is None

    entry = listed(desk.state, ASM)
    assert entry is not None
    assert (entry.applicant, entry.valid_until_ms, entry.withdrawn_ms) == (VENDOR, UNTIL, None)


@pytest.mark.parametrize(
    ("before", "step", "person", "reason"),
    [
        ([], "committee", COM, "assessment.not_evaluated"),
        ([], "evaluate", COM, "flow.role"),
        ([], "evaluate", SELLER, "assessment.unknown"),
        ([("ask", EVA)], "evaluate", EVA, "assessment.questions_open"),
        ([("ask", EVA)], "reply", BOSS, "assessment.unknown"),
        ([("ask", EVA), ("reply", SALES)], "reply", SALES, "assessment.replied"),
        ([("ask", EVA)], "ask", EVA, "flow.again"),
        ([("evaluate", EVA)], "ask", EVA, "assessment.not_applied"),
        ([("evaluate", EVA)], "board", BOB, "assessment.not_endorsed"),
        ([("evaluate", ALL)], "committee", ALL, "assessment.same_person"),
        ([("evaluate!", EVA)], "committee", COM, "assessment.unfit"),
        ([("evaluate", EVA), ("committee", ALL)], "board", ALL, "assessment.same_person"),
        ([("evaluate", EVA), ("committee", COM), ("board", BOB)], "publish", COM, "flow.role"),
        ([("evaluate", ALL), ("committee", COM), ("board", BOB)], "publish", ALL, "assessment.same_person"),
        ([("evaluate", EVA), ("committee!", COM)], "evaluate", EVA, "assessment.not_applied"),
        ([("evaluate", EVA), ("committee", COM), ("board-", BOB)], "committee", COM, "assessment.not_evaluated"),
    ],
)
def test_steps_out_of_order_or_by_the_wrong_person(
    desk: FlowDesk, before: list[tuple[str, str]], step: str, person: str, reason: str
) -> None:
    """Each refusal has its own stable reason."""
    for earlier, by in before:
        assert desk.by(desk.step(earlier), by) is None

    assert desk.by(desk.step(step), person) == reason


def test_returned_it_starts_again_and_can_still_be_published(desk: FlowDesk) -> None:
    """A committee's return forgets who had a say; the way goes on from the evaluation."""
    way = [
        ("evaluate", EVA),
        ("committee-", COM),
        ("evaluate", EVA),
        ("committee", COM),
        ("board", BOB),
        ("publish", BOB),
    ]

    assert [desk.by(desk.step(step), person) for step, person in way] == [None] * len(way)


def test_a_disabled_person_has_no_say(desk: FlowDesk) -> None:
    """Who has left the assessor does not evaluate."""
    desk.apply(PersonDisabled(EVA, PersonReason.LEFT), PEOPLE[EVA][0])

    assert desk.by(desk.step("evaluate"), EVA) == "flow.person"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"assessor": OTHER}, "assessment.assessor"),
        ({"assessor": "inst-nobody"}, "flow.institution"),
        ({"assessor": VENDOR}, "flow.self"),
        ({"sheets": ()}, "assessment.sheets"),
        ({"renews": "asm-0009"}, "assessment.renews"),
        ({"storage": b"\x00"}, "storage.encoding"),
        ({"body_digest": bytes(32)}, "storage.body"),
    ],
)
def test_applications_that_are_refused(changes: dict[str, object], reason: str) -> None:
    """To nobody, to who does not assess, without sheets, renewing what is not there, without the bytes at the server."""
    desk = copy.deepcopy(TEMPLATE)

    assert desk.by(desk.applied(**changes), SELLER) == reason


def test_only_a_manager_applies_and_only_once() -> None:
    """An operator may not submit; a handle is used once."""
    desk = copy.deepcopy(TEMPLATE)

    assert desk.by(desk.applied(), SALES) == "flow.role"
    assert desk.by(desk.applied(), SELLER) is None
    assert desk.by(desk.applied(), SELLER) == "flow.again"


def test_publication_has_an_end() -> None:
    """Not in the past and not for ever."""
    desk = copy.deepcopy(TEMPLATE)
    desk.by(desk.applied(), SELLER)
    for step, person in (("evaluate", EVA), ("committee", COM), ("board", BOB)):
        desk.by(desk.step(step), person)
    desk.now = UNTIL

    assert desk.by(desk.step("publish"), BOB) == "assessment.valid_until"


def test_a_renewal_ends_the_entry_before_it(desk: FlowDesk) -> None:
    """Once the renewal is published the old entry names it; a renewal of another kind or by another applicant is refused."""
    for step, person in (("evaluate", EVA), ("committee", COM), ("board", BOB), ("publish", BOB)):
        desk.by(desk.step(step), person)
    operator = desk.applied("asm-0002", renews=ASM, kind=ApplicantKind.OPERATOR)
    assert desk.by(operator, SELLER, "asm-0002") == "assessment.renews"
    assert desk.by(desk.applied("asm-0002", renews=ASM), BOSS, "asm-0002") == "assessment.renews"

    desk.published("asm-0002", renews=ASM)

    old = listed(desk.state, ASM)
    assert old is not None
    assert old.renewed_by == "asm-0002"
    assert len(all_listed(desk.state)) == 2


@pytest.mark.parametrize("person", [SELLER, BOB])
def test_applicant_and_board_withdraw_what_is_published(desk: FlowDesk, person: str) -> None:
    """The public entry stays and says so, with the reason."""
    for step, by in (("evaluate", EVA), ("committee", COM), ("board", BOB), ("publish", BOB)):
        desk.by(desk.step(step), by)
    desk.now = START + DAY_MS
    assert desk.by(AssessmentWithdrawn(ASM, WithdrawnReason.UNTRUE), EVA) == "flow.role"
    assert desk.by(AssessmentWithdrawn(ASM, WithdrawnReason.UNTRUE), STRANGER) == "assessment.unknown"
    assert desk.by(AssessmentWithdrawn(ASM, WithdrawnReason.UNTRUE), person) is None
    assert desk.by(AssessmentWithdrawn(ASM, WithdrawnReason.UNTRUE), person) == "assessment.final"

    entry = listed(desk.state, ASM)
    assert entry is not None
    assert (entry.withdrawn_ms, entry.reason) == (START + DAY_MS, WithdrawnReason.UNTRUE)


def test_questions_are_kept_with_their_replies(desk: FlowDesk) -> None:
    """A question is open until it is replied to."""
    desk.by(desk.step("ask"), EVA)
    open_ = [one.replied_ms for one in questions(desk.state, ASM)]
    desk.by(desk.step("reply"), SALES)

    assert open_ == [None]
    assert [one.replied_ms for one in questions(desk.state, ASM)] == [START]
