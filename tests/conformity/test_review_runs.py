"""Runs as an operator would like them: never recorded, judged tomorrow, with verdicts that never end (review of issue 3)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from akashi.app.server.visibility import MemberView, decide_subject
from akashi.conformity.errors import RecordUnknown, StepRefused
from akashi.conformity.events import ANSWERS, RUNS, TARGETS, RunRecorded
from akashi.conformity.model import DAY_MS, Audience, Item, Mode, Reply, Target, TargetKind, Verdict, Words
from akashi.conformity.probing import Bench, Pace
from akashi.conformity.proof.bundle import parse_bundle
from akashi.conformity.proof.verify import verify_conformity
from akashi.conformity.rules import decide_item
from akashi.conformity.service import Conformity
from akashi.errors import Unavailable
from akashi.ledger.errors import Refused
from akashi.ledger.model import MAX_AHEAD_MS
from akashi.ledger.rules import Denied
from tests.app.service import CLINIC, PAYER, Service
from tests.conformity.small import DAY, NOW, answer, door_probe
from tests.conformity.test_bundle import GOOD, RULES, bundle, measure, trust


def test_a_declared_inapplicability_expires_like_every_answer() -> None:
    """対象外 said once does not hold for ever; what follows from the declared conditions does."""
    item = Item("x", "1", "1", Mode.PEOPLE, Words("x"), valid_days=30)
    said = answer("x", Reply.NOT_APPLICABLE, answered_ms=NOW - 31 * DAY_MS)
    decided = decide_item(item, frozenset(), (), said, NOW)
    fresh = decide_item(item, frozenset(), (), answer("x", Reply.NOT_APPLICABLE), NOW)
    conditional = Item("x", "1", "1", Mode.PEOPLE, Words("x"), when=("cards",))
    assert (decided.verdict, decided.reason) == (Verdict.UNDECIDED, "item.expired")
    assert fresh.verdict is Verdict.NOT_APPLICABLE
    assert decide_item(conditional, frozenset(), (), None, NOW).verdict is Verdict.NOT_APPLICABLE


def test_a_run_that_the_ledger_does_not_hold_is_none(
    service: Service, conformity: Conformity, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was measured and never acknowledged is not taken out as the newest run, nor by its name."""
    sealed = measure(service, conformity)

    def silent(*_: object, **__: object) -> int:
        raise Unavailable

    monkeypatch.setattr(conformity, "_say", silent)
    bench = Bench(service.clock, "here", Pace(100), service.home)
    with pytest.raises(Unavailable):
        conformity.run([door_probe({"locked": False, "days": 1})], bench, service.session(CLINIC))
    unsaid = next(one.run for one in conformity.runs() if one.run != sealed.head.run)
    assert conformity.sealed_run().head.run == sealed.head.run
    with pytest.raises(RecordUnknown):
        conformity.sealed_run(unsaid)


def test_a_run_from_the_future_is_refused(service: Service) -> None:
    """A gateway whose clock is set ahead would make verdicts that last longer."""
    gateway, session = service.gateway(CLINIC), service.session(CLINIC)

    def record(name: str, at_ms: int) -> Callable[[], object]:
        body = RunRecorded(name, bytes(32), 1, NOW, at_ms, (1, 0, 0, 0, 0))
        return lambda: gateway.author.submit(body, subject=name, person=session.person, auth=session.auth)

    record("run-00000001", service.clock.now_ms() + MAX_AHEAD_MS)()
    with pytest.raises(Refused, match=r"conformity\.run_ahead"):
        record("run-00000002", service.clock.now_ms() + MAX_AHEAD_MS + 1)()


def test_a_clock_set_back_leaves_a_run_that_verifies(service: Service, conformity: Conformity) -> None:
    """An answer given while the clock was wrong does not make every later run fail at the verifier."""
    conformity.answers.give([answer("b", audience=Audience.PUBLIC)], service.session(CLINIC))
    service.clock.advance(-60_000)
    sealed = measure(service, conformity)
    data = bundle(service, conformity, sealed, Audience.ASSESSOR)
    assert verify_conformity(data, trust(service), RULES, NOW).failure is None


def test_another_member_sees_nothing_of_it(service: Service, conformity: Conformity) -> None:
    """Neither rows nor trails of targets, runs, answers and evidence; the owner sees its own."""
    session = service.session(CLINIC)
    sealed = measure(service, conformity)
    kept = conformity.answers.keep_evidence("a", b"a", "text/plain", Audience.PUBLIC, session)
    target = conformity.targets()[0].handle
    stranger = service.gateway(PAYER).institution
    with service.server.engine.view() as state:
        theirs, own = MemberView(state, stranger), MemberView(state, conformity.institution)
        for space in (TARGETS, RUNS, ANSWERS, "cfp", "cfof"):
            assert list(theirs.scan(space)) == []
        for subject in (target, sealed.head.run, kept.handle):
            assert isinstance(decide_subject(state, stranger, subject), Denied)
        assert own.get(RUNS, sealed.head.run.encode()) is not None
        assert theirs.get(RUNS, sealed.head.run.encode()) is None
        assert theirs.get("cfp", kept.payload) is None


def test_a_target_of_another_institution_is_not_ones_own(service: Service, conformity: Conformity) -> None:
    """A consent recorded by somebody else under the same handle counts for them, not here."""
    session = service.session(CLINIC)
    made = conformity.register_target(Target("", TargetKind.MACHINE, "x", {}, NOW + DAY), session)
    payer, other = service.gateway(PAYER), service.session(PAYER)
    with pytest.raises(StepRefused):
        payer.conformity.register_target(Target(made.handle, TargetKind.MACHINE, "y", {}, NOW + 9 * DAY), other)
    with pytest.raises(StepRefused):
        payer.conformity.withdraw_target(
            payer.conformity.register_target(Target("", TargetKind.MACHINE, "y", {}, NOW + DAY), other).handle, session
        )


def test_a_public_bundle_holds_no_private_answer(service: Service, conformity: Conformity) -> None:
    """Neither reply nor evidence nor text of an answer that is for fewer."""
    shown = parse_bundle(bundle(service, conformity, measure(service, conformity)))
    assert shown.apart == {}
    assert len(shown.disclosed) == len(shown.commitments) - 1
    assert GOOD["locked"] is True
