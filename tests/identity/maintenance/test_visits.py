"""Visits: planned, decided by somebody else, in their window and from their networks only, compared with the plan; attacks on each step."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from akashi.identity.emergency.rules import text_commitment
from akashi.identity.errors import NotPermitted, SessionEnded, SignInFailed
from akashi.identity.factors.model import Secrets
from akashi.identity.journal import Outcome, What
from akashi.identity.maintenance import events, records
from akashi.identity.maintenance.errors import PlanAltered, PlanUnusable
from akashi.identity.maintenance.model import Reads, Saw, TrialData, VisitStage, VisitVerdict, WorkPlan, WorkPurpose
from akashi.identity.maintenance.rules import plan_text
from akashi.identity.model import Arrival, Role, Session
from akashi.identity.presence.model import AlertKind
from akashi.ledger.errors import Refused
from tests.identity.emergency.world import HOUR, Ward, ward
from tests.identity.twin import PASSWORD, TABLET, canaries
from tests.waiting import PATIENCE_S

PLAN = WorkPlan(
    WorkPurpose.UPDATE,
    ("ゲートウェイ",),
    ("版を上げる", "動作を確かめる"),
    ("192.0.2.0/24", "2001:db8::/64"),
    expects=(What.LISTED,),
)
INSIDE, OUTSIDE = "192.0.2.9", "198.51.100.7"


@pytest.fixture
def at(tmp_path: Path) -> Iterator[Ward]:
    """A ward."""
    with ward(tmp_path) as made:
        yield made


def requested(at: Ward, plan: WorkPlan = PLAN, *, emergency: bool = False, ahead: int = 0) -> str:
    """A visit that operations apply for, of four hours."""
    start = at.clock.now_ms() + ahead
    visitor = at.people["visit.v"]
    return at.visits.request(visitor, plan, start, start + 4 * HOUR, at.session("ops.o"), emergency=emergency)


def approved(at: Ward, plan: WorkPlan = PLAN) -> str:
    """A visit that the planner accepted."""
    visit = requested(at, plan)
    at.visits.decide(visit, VisitVerdict.ACCEPTED, at.session("plan.p"))
    return visit


def arrive(at: Ward, address: str = INSIDE, cookie: str = "") -> Session:
    """The visitor signs in from an address, in a browser that may be known."""
    arrival = Arrival(cookie, "firefox", address)
    return at.home.accounts._sessions.sign_in("visit.v", Secrets(PASSWORD, None, None, TABLET), TABLET, arrival)


def refused(reason: str) -> pytest.RaisesExc[Refused]:
    """The ledger refuses with this reason."""
    return pytest.RaisesExc(Refused, check=lambda error: error.reason == reason)


def reason(at: Ward) -> str | None:
    """Why the journal's last entry was refused."""
    entry = list(at.home.accounts.journal.entries())[-1]
    assert entry.outcome is not Outcome.DONE
    return entry.reason


def test_a_visit_from_application_to_review(at: Ward) -> None:
    """What was planned and approved is done, compared, reported and reviewed without a deviation."""
    visit = approved(at)
    session = arrive(at)
    at.visits.begin(visit, session)
    at.home.accounts.journal.record(What.LISTED, session=session)
    at.visits.end(visit, session)
    report = at.visits.report(visit, TrialData.NONE, "予定どおり", at.session("ops.o"))
    done = at.visits.review(visit, VisitVerdict.ACCEPTED, at.session("boss.b"))

    assert (report.comparison.deviations, report.comparison.saw) == ((), Saw.NOTHING)
    assert (done.stage, done.review, done.deviations) == (VisitStage.REVIEWED, VisitVerdict.ACCEPTED, 0)
    assert "予定どおり" in (at.visits.report_text(visit) or "")
    assert not [kind for kind, *_ in at.told if kind is AlertKind.MAINTENANCE_DEVIATES]


@pytest.mark.parametrize("when", ["without a visit", "before the decision", "refused", "early", "late"])
def test_outside_an_approved_window_a_visitor_is_nobody(at: Ward, when: str) -> None:
    """Attack: a visitor comes when they should not. The answer is that of a wrong password, and the journal says why."""
    if when == "before the decision":
        requested(at)
    elif when == "refused":
        at.visits.decide(requested(at), VisitVerdict.REFUSED, at.session("plan.p"))
    elif when == "early":
        at.visits.decide(requested(at, ahead=HOUR), VisitVerdict.ACCEPTED, at.session("plan.p"))
    elif when == "late":
        approved(at)
        at.clock.advance(4 * HOUR)

    with pytest.raises(SignInFailed):
        arrive(at)
    expected = {"without a visit": "visit.none", "before the decision": "visit.not_approved", "refused": "visit.none"}
    assert reason(at) == expected.get(when, "visit.window")


def test_the_window_ends_the_session(at: Ward) -> None:
    """Attack: staying on. The open session ends at its next request after the window, and the visit with it."""
    visit = approved(at)
    at.clock.advance(4 * HOUR - 60_000)
    session = arrive(at)
    at.visits.begin(visit, session)
    at.clock.advance(60_000)

    with pytest.raises(SessionEnded):
        at.home.accounts.session(session.token, TABLET)
    at.visits.look()
    assert at.visits.visit(visit).stage is VisitStage.ENDED


@pytest.mark.parametrize("address", [OUTSIDE, "", "::1", "not an address"])
def test_from_another_address_a_visitor_is_nobody(at: Ward, address: str) -> None:
    """Attack: the right secret in the right window from a network that the plan does not name."""
    approved(at)

    with pytest.raises(SignInFailed):
        arrive(at, address)
    assert reason(at) == "visit.address"


@pytest.mark.parametrize("address", [INSIDE, "2001:db8::77", "::ffff:192.0.2.9"])
def test_the_networks_of_the_plan_let_in(at: Ward, address: str) -> None:
    """IPv4, IPv6, and IPv4 as a dual-stack socket shows it."""
    approved(at)

    assert arrive(at, address).person == at.people["visit.v"]


def test_networks_that_were_changed_let_nobody_in(at: Ward) -> None:
    """Attack: somebody widens the kept networks after the approval."""
    visit = approved(at)
    with at.home.database.transaction() as db:
        db.execute("UPDATE visit_sources SET lines = '198.51.100.0/24' WHERE visit = ?", (visit,))

    with pytest.raises(SignInFailed):
        arrive(at, OUTSIDE)
    assert reason(at) == "visit.sources"


def test_a_second_visitor_on_one_account_is_refused(at: Ward) -> None:
    """Attack: two people share an account; whoever comes second is nobody while the first is there."""
    approved(at)
    first = arrive(at)

    with pytest.raises(SignInFailed):
        arrive(at)
    assert reason(at) == "visit.session"
    at.home.accounts.sign_out(first.token)
    assert arrive(at).person == first.person


def test_two_visitors_at_the_same_moment_are_one(at: Ward, monkeypatch: pytest.MonkeyPatch) -> None:
    """Attack: two people sign in with one account so that neither is there yet when the other is looked for; one is nobody."""
    approved(at)
    sessions = at.home.accounts._sessions
    both, keep = threading.Barrier(2, timeout=PATIENCE_S), sessions._store.insert_session

    def together(session: Session, unless: Callable[[Session], bool] | None = None) -> bool:
        both.wait()
        return keep(session, unless)

    monkeypatch.setattr(sessions._store, "insert_session", together)
    made: list[Session] = []

    def attempt() -> None:
        with contextlib.suppress(SignInFailed):
            made.append(arrive(at))

    threads = [threading.Thread(target=attempt) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (winner,) = made
    assert [one.id for one in sessions.sessions(winner.person)] == [winner.id]
    last = list(at.home.accounts.journal.entries())[-1]
    assert (last.what, last.reason) == (What.SESSION_ENDED, "visit.session")


def test_nobody_decides_on_their_own_application(at: Ward) -> None:
    """Attack: self-approval, by whoever applied."""
    at.join("both.b", Role.OPERATIONS | Role.MANAGER)
    start = at.clock.now_ms()
    visit = at.visits.request(at.people["visit.v"], PLAN, start, start + HOUR, at.session("both.b"))

    with refused("visit.self"):
        at.visits.decide(visit, VisitVerdict.ACCEPTED, at.session("both.b"))
    with refused("actor.roles"):
        at.visits.decide(visit, VisitVerdict.ACCEPTED, at.session("ops.o"))


def test_a_plan_that_was_altered_is_not_decided_on_nor_reported(at: Ward) -> None:
    """Attack: the kept plan is exchanged, before or after the approval: it does not open its commitment."""
    visit = approved(at)
    wider = plan_text(replace(PLAN, expects=(What.EXPORTED,)))
    with at.home.database.transaction() as db:
        protected = at.box.protect(f"visit-plan:{visit}", wider.encode())
        db.execute("UPDATE visit_papers SET protected = ? WHERE visit = ?", (protected, visit))

    with pytest.raises(PlanAltered):
        at.visits.plan(visit)
    at.visits.begin(visit, arrive(at))
    at.visits.end(visit, at.session("ops.o"))
    assert at.told[-1][:2] == (AlertKind.MAINTENANCE_DEVIATES, visit)
    with pytest.raises(PlanAltered):
        at.visits.report(visit, TrialData.NONE, "", at.session("ops.o"))


def test_a_decision_on_another_plan_is_refused_by_the_ledger(at: Ward) -> None:
    """Attack: the decider was shown something else than what was applied for."""
    visit = requested(at)
    body = events.VisitDecided(visit, VisitVerdict.ACCEPTED, text_commitment("another plan", bytes(32)))

    with refused("visit.plan"):
        at.visits._say(body, visit, at.session("plan.p"))


def test_what_was_not_approved_cannot_be_read(at: Ward) -> None:
    """Personal data is hidden from visitors; an approved plan opens the named actions, from the beginning to the end of the visit."""
    plain = approved(at)
    session = arrive(at)
    at.visits.begin(plain, session)
    with pytest.raises(NotPermitted):
        at.home.accounts.require(at.home.accounts.session(session.token, TABLET), "transfer.open")
    at.visits.end(plain, session)
    visit = approved(at, replace(PLAN, reads=Reads.RESULTS))
    session = arrive(at, cookie=session.place_token)
    with pytest.raises(NotPermitted):
        at.home.accounts.require(session, "transfer.open")
    at.visits.begin(visit, session)

    session = at.home.accounts.session(session.token, TABLET)
    at.home.accounts.require(session, "transfer.open")
    for action in ("transfer.send", "transfer.confirm", "person.manage"):
        with pytest.raises(NotPermitted):
            at.home.accounts.require(session, action)


def test_what_the_plan_does_not_say_is_found_at_the_end(at: Ward) -> None:
    """Attack: acts beside the plan. Each is a deviation with its entry's number, told at once, and in the report."""
    visit = approved(at)
    session = arrive(at)
    at.visits.begin(visit, session)
    journal = at.home.accounts.journal
    opened = journal.record(What.OPENED, session=session, subject="tr-seen0000")
    tried = journal.record(What.ACTION, Outcome.REFUSED, session=session, reason="person.manage")
    at.visits.end(visit, session)

    found = at.visits.report(visit, TrialData.ERASED, "", at.session("ops.o")).comparison
    assert {(one.code, one.number) for one in found.deviations} == {
        ("visit.unplanned_act", opened),
        ("visit.unplanned_data", opened),
        ("visit.refused_act", tried),
    }
    assert (found.saw, found.seen) == (Saw.UNPLANNED, ("tr-seen0000",))
    assert at.told[-1] == (AlertKind.MAINTENANCE_DEVIATES, visit, 3)


def test_test_accounts_are_those_of_the_plan_and_are_said(at: Ward) -> None:
    """A visitor acts as a test account of the approved plan only; using one without saying so is a deviation."""
    tester, other = at.join("test.t", Role.OPERATOR), at.join("test.o", Role.OPERATOR)
    plan = replace(PLAN, test_accounts=(tester,))
    visit = approved(at, plan)
    session = arrive(at)
    at.visits.begin(visit, session)
    with refused("visit.account"):
        at.visits.act_as(visit, other, session)
    at.session("test.t")
    unsaid = at.visits.compare(visit)
    at.visits.act_as(visit, tester, session)
    said = at.visits.compare(visit)

    assert [one.code for one in unsaid.deviations] == ["visit.test_account_unsaid"]
    assert (said.deviations, said.acted_as) == ((), (tester,))
    at.visits.end(visit, session)
    at.visits.report(visit, TrialData.ERASED, "", at.session("ops.o"))


def test_nobody_acts_as_a_manager(at: Ward) -> None:
    """Attack: a plan that names a manager as a test account."""
    plan = replace(PLAN, test_accounts=(at.people["boss.b"],))
    visit = approved(at, plan)
    session = arrive(at)
    at.visits.begin(visit, session)

    with refused("visit.account"):
        at.visits.act_as(visit, at.people["boss.b"], session)


def test_emergency_work_begins_before_the_decision_and_is_told_without_one(at: Ward) -> None:
    """Applied for by operations, begun at once with nothing more to read; undecided for a day it is told, and is never reviewed so."""
    visit = requested(at, replace(PLAN, reads=Reads.RESULTS), emergency=True)
    session = arrive(at)
    at.visits.begin(visit, session)
    with pytest.raises(NotPermitted):
        at.home.accounts.require(at.home.accounts.session(session.token, TABLET), "transfer.open")
    at.visits.end(visit, session)
    at.visits.report(visit, TrialData.NONE, "", at.session("ops.o"))
    at.clock.advance(24 * HOUR)
    assert at.visits.look() == 1

    with refused("visit.undecided"):
        at.visits.review(visit, VisitVerdict.ACCEPTED, at.session("boss.b"))
    at.visits.decide(visit, VisitVerdict.ACCEPTED, at.session("plan.p"))
    assert at.visits.review(visit, VisitVerdict.ACCEPTED, at.session("boss.b")).stage is VisitStage.REVIEWED


def test_refusing_work_under_way_throws_the_visitor_out(at: Ward) -> None:
    """An emergency visit that is refused ends at that moment."""
    visit = requested(at, emergency=True)
    session = arrive(at)
    at.visits.begin(visit, session)
    at.visits.decide(visit, VisitVerdict.REFUSED, at.session("plan.p"))

    with pytest.raises(SessionEnded):
        at.home.accounts.session(session.token, TABLET)
    assert at.visits.visit(visit).stage is VisitStage.ENDED


def test_windows_end_and_emergencies_are_not_ones_own(at: Ward) -> None:
    """Attack: a window of a week; a visitor who declares their own emergency; a person who is no visitor."""
    start, ops = at.clock.now_ms(), at.session("ops.o")
    visitor = at.people["visit.v"]
    with refused("visit.window"):
        at.visits.request(visitor, PLAN, start, start + 73 * HOUR, ops)
    with refused("visit.window"):
        at.visits.request(visitor, PLAN, start, start + 25 * HOUR, ops, emergency=True)
    with refused("visit.maintainer"):
        at.visits.request(at.people["nurse.n"], PLAN, start, start + HOUR, ops)
    approved(at)

    with refused("visit.self"):
        at.visits.request(visitor, PLAN, start, start + HOUR, arrive(at), emergency=True)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"systems": ()}, "systems"),
        ({"steps": (" ",)}, "steps"),
        ({"sources": ()}, "sources"),
        ({"sources": ("0.0.0.0/0",)}, "sources"),
        ({"sources": ("0.0.0.0/1", "128.0.0.0/1")}, "sources"),
        ({"sources": ("192.0.2.0/24", "::/1", "8000::/1")}, "sources"),
        ({"sources": ("192.0.2.1/24",)}, "sources"),
    ],
)
def test_a_plan_without_limits_is_no_plan(at: Ward, change: dict[str, tuple[str, ...]], field: str) -> None:
    """Attack: a plan that says nothing, or that may come from anywhere."""
    parts = {"systems": PLAN.systems, "steps": PLAN.steps, "sources": PLAN.sources} | change
    plan = WorkPlan(PLAN.purpose, parts["systems"], parts["steps"], parts["sources"])
    with pytest.raises(PlanUnusable) as caught:
        requested(at, plan)
    assert caught.value.params == {"field": field}


def test_who_visited_or_reported_does_not_review(at: Ward) -> None:
    """Attack: reviewing one's own report."""
    visit = approved(at)
    session = arrive(at)
    at.visits.begin(visit, session)
    at.visits.end(visit, session)
    at.visits.report(visit, TrialData.NONE, "", at.session("plan.p"))

    with refused("visit.self"):
        at.visits.review(visit, VisitVerdict.ACCEPTED, at.session("plan.p"))


def test_plans_lie_nowhere_in_the_clear(at: Ward, tmp_path: Path) -> None:
    """Neither database nor ledger holds what a plan or a report says in words."""
    visit = approved(at, replace(PLAN, text="架空の作業です"))

    kept = b"".join(path.read_bytes() for path in tmp_path.glob("gateway.db*")) + b"".join(at.ledger.accepted)
    assert not any(canary in kept for canary in canaries("架空の作業です"))
    assert at.visits.plan(visit).text == "架空の作業です"
    assert "架空" not in repr(at.visits.plan(visit))


def test_a_visitors_account_stays_one(at: Ward) -> None:
    """Attack: a manager makes an operator of a visitor, who then comes when they like."""
    with refused("person.roles_alone"):
        at.home.accounts.change_roles(at.people["visit.v"], Role.OPERATOR, by=at.session("boss.b"))
    with at.ledger.view() as state:
        assert records.pending_visits(state, at.people["visit.v"]) == []
