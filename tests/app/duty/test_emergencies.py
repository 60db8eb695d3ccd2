"""Emergencies on real components: permission, journal, alert; a kill between opening and alert; a declared emergency with its checklist."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import pytest

from akashi.app.duty import emergencies
from akashi.app.wiring import KINDS
from akashi.errors import AkashiError
from akashi.identity.emergency import rules
from akashi.identity.emergency.errors import EmergencyUnknown
from akashi.identity.emergency.model import AccountState, OpenReason, ReviewVerdict, Stage, StepOutcome
from akashi.identity.errors import NotPermitted, SignInFailed
from akashi.identity.journal import Outcome, What
from akashi.identity.model import Role, Session
from akashi.identity.permissions import PERMISSIONS
from akashi.identity.presence.errors import ProofNeeded
from akashi.identity.presence.model import AlertKind
from akashi.ledger.errors import Refused
from akashi.ledger.model import AuthMethod
from tests.app.people.staff import hired
from tests.app.service import CLINIC, PAYER, Service
from tests.waiting import PATIENCE_S

ROOT = Path(__file__).resolve().parents[3]


def sealed(service: Service, login: str = "hijo.1") -> str:
    """A prepared account of the clinic."""
    return emergencies.prepare(service.clinic, service.session(CLINIC), login, "非常時 一").account


def alerts(service: Service) -> list[tuple[AlertKind, str]]:
    """What the clinic's administrators have to look at."""
    return [(one.kind, one.subject) for one in service.clinic.people.alerts.open()]


def last(service: Service, what: What) -> tuple[Outcome, str | None]:
    """How the journal's last entry of a kind ended, and why."""
    entry = [one for one in service.clinic.journal.entries() if one.what is what][-1]
    return entry.outcome, entry.reason


def emergency_session(service: Service, secret: str, login: str = "hijo.1") -> Session:
    """The account signs in with the secret alone."""
    return service.clinic.accounts.sign_in(login, secret, None, service.clinic.machine_certificate())


def test_a_planner_prepares_too(service: Service) -> None:
    """Who may prepare is the table's to say: the account is the gateway's, what it is for is the planner's word on the ledger."""
    planner = hired(service.clinic, "kikaku", Role.PLANNER)

    made = emergencies.prepare(service.clinic, planner, "hijo.2", "非常時 二")

    assert [one.person for one in service.clinic.people.emergencies.accounts()] == [made.account]
    assert last(service, What.EMERGENCY_PREPARED)[0] is Outcome.DONE


def test_from_sealing_to_review(service: Service) -> None:
    """Two open it, it works with its grants though it has no second factor, everything is flagged, and it ends reviewed and sealed again."""
    gateway, boss = service.clinic, service.session(CLINIC)
    nurse, auditor = hired(gateway, "kango", Role.OPERATOR), hired(gateway, "kansa", Role.AUDITOR)
    account = sealed(service)
    opening = emergencies.ask(gateway, boss, account, OpenReason.AGREED)
    emergencies.confirm(gateway, nurse, opening)
    assert (AlertKind.EMERGENCY_OPENED, opening) in alerts(service)
    session = emergency_session(service, emergencies.take(gateway, boss, opening))
    gateway.accounts.require(session, "transfer.read")
    with pytest.raises(NotPermitted):
        gateway.accounts.require(session, "person.manage")
    emergencies.close(gateway, boss, opening)
    emergencies.rotate(gateway, boss, account)
    touched = emergencies.touched(gateway, auditor, opening)
    emergencies.review(gateway, auditor, opening, ReviewVerdict.JUSTIFIED, "確かめた")

    assert session.method is AuthMethod.EMERGENCY
    assert [one.what for one in touched] == [What.SIGN_IN, What.ACTION, What.SESSION_ENDED]
    assert emergencies.flagged(gateway, auditor) == touched
    found = emergencies.standing(gateway, auditor)
    assert (found.accounts[0].state, found.openings[0].stage) == (AccountState.SEALED, Stage.REVIEWED)
    assert last(service, What.EMERGENCY_REVIEWED) == (Outcome.DONE, "emergency.reviewed")


def test_refusals_are_recorded_with_their_reason(service: Service) -> None:
    """Attack: one person plays both; what the ledger refused is in the journal."""
    boss = service.session(CLINIC)
    opening = emergencies.ask(service.clinic, boss, sealed(service), OpenReason.AGREED)

    with pytest.raises(Refused):
        emergencies.confirm(service.clinic, boss, opening)
    assert last(service, What.EMERGENCY_OPENED) == (Outcome.REFUSED, "emergency.same_person")


def test_use_in_normal_times_is_told(service: Service) -> None:
    """Attack: the secret from the envelope in normal times: refused, and the administrators see it at the next turn."""
    boss = service.session(CLINIC)
    paper = emergencies.prepare(service.clinic, boss, "hijo.1", "非常時 一", paper=True)

    with pytest.raises(SignInFailed):
        emergency_session(service, paper.secret or "")
    service.clinic.people.settle()
    assert (AlertKind.EMERGENCY_MISUSED, paper.account) in alerts(service)


def test_opening_needs_a_fresh_proof(service: Service) -> None:
    """Attack: an unlocked screen. Opening is critical: an old sign-in does not do."""
    account = sealed(service)
    service.clock.advance(6 * 60_000)

    with pytest.raises(ProofNeeded):
        emergencies.open_alone(service.clinic, service.session(CLINIC), account, OpenReason.DISASTER)


def test_another_institutions_accounts_do_not_exist(service: Service) -> None:
    """Attack: the payer opens the clinic's account."""
    account = sealed(service)

    with pytest.raises(EmergencyUnknown):
        emergencies.open_alone(service.payer, service.session(PAYER), account, OpenReason.DISASTER)
    with pytest.raises(EmergencyUnknown):
        emergencies.rotate(service.payer, service.session(PAYER), account)
    assert emergencies.standing(service.payer, service.session(PAYER)).accounts == ()


def test_a_declared_emergency_opens_the_pool_and_ends_closed(service: Service) -> None:
    """One signed operation opens every sealed account; steps are ticked once; the end closes all and asks for reviews."""
    gateway, boss = service.clinic, service.session(CLINIC)
    nurse = hired(gateway, "kango", Role.OPERATOR)
    accounts = {sealed(service), sealed(service, "hijo.2")}
    declared = emergencies.declare(gateway, boss, OpenReason.CYBER_ATTACK)
    secret = emergencies.take(gateway, nurse, declared.openings[0])
    emergencies.tick(gateway, nurse, declared.handle, 1, StepOutcome.FAILED)
    emergencies.tick(gateway, boss, declared.handle, 1, StepOutcome.DONE)
    with pytest.raises(Refused):
        emergencies.tick(gateway, nurse, declared.handle, 1, StepOutcome.DONE)
    with pytest.raises(EmergencyUnknown):
        emergencies.tick(gateway, nurse, declared.handle, 60, StepOutcome.DONE)
    emergencies.end(gateway, boss, declared.handle)

    found = emergencies.standing(gateway, boss)
    assert {one.person for one in found.accounts if one.state is AccountState.SPENT} == accounts
    assert {one.stage for one in found.openings} == {Stage.CLOSED}
    assert found.declarations[0].ticks[0].person == boss.person
    login = next(one.login for one in gateway.accounts.accounts() if one.person == found.openings[0].account)
    with pytest.raises(SignInFailed):
        emergency_session(service, secret, login)


def test_whoever_took_an_account_in_a_declared_emergency_does_not_review_it(service: Service) -> None:
    """Attack: the person who used it reviews it."""
    gateway, boss = service.clinic, service.session(CLINIC)
    other = hired(gateway, "shunin", Role.OPERATOR | Role.MANAGER)
    sealed(service)
    declared = emergencies.declare(gateway, boss, OpenReason.DISASTER)
    emergencies.take(gateway, other, declared.openings[0])
    emergencies.end(gateway, boss, declared.handle)

    for session in (boss, other):
        with pytest.raises(Refused) as caught:
            emergencies.review(gateway, session, declared.openings[0], ReviewVerdict.JUSTIFIED, "")
        assert caught.value.reason == "emergency.own_review"


def test_a_kill_between_opening_and_alert_is_made_good(service: Service) -> None:
    """Fault: SIGKILL after the ledger has the opening. The next start tells it, and the account works."""
    account = sealed(service)
    home, cast = service.home, service.cast
    service.close()
    command = [sys.executable, "-m", "tests.app.duty.killed_opening", str(home), account]
    run = subprocess.run(
        command,
        cwd=ROOT,
        input=json.dumps(asdict(cast)),
        text=True,
        capture_output=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert run.returncode == -9, run.stderr[-500:]

    with Service(home, cast, service.clock) as again:
        boss = again.session(CLINIC)
        opening = emergencies.standing(again.clinic, boss).openings[0]
        assert (AlertKind.EMERGENCY_OPENED, opening.handle) in alerts(again)
        secret = emergencies.take(again.clinic, boss, opening.handle)
        assert emergency_session(again, secret).person == account


def test_the_checklist_ships_and_is_complete() -> None:
    """Version 1 is there in both languages; a version that never shipped is not."""
    steps = emergencies.checklist().steps
    assert [one.number for one in steps] == list(range(1, len(steps) + 1))
    with pytest.raises(AkashiError):
        emergencies.checklist(999)


@pytest.mark.parametrize(
    ("action", "roles"),
    [
        ("emergency.prepare", rules.PREPARERS),
        ("emergency.open", rules.OPENERS),
        ("emergency.review", rules.REVIEWERS),
        ("emergency.declare", rules.DECLARERS),
    ],
)
def test_the_ledger_and_the_table_of_permissions_agree(action: str, roles: Role) -> None:
    """What the table permits the ledger accepts, and nothing else."""
    assert PERMISSIONS[action] == roles


def test_every_kind_is_in_the_table() -> None:
    """The engine knows all kinds of emergencies and visits."""
    tags = {kind.info.tag for kind in KINDS}
    assert len({one for one in tags if one.startswith("emergency.")}) == 10
    assert len({one for one in tags if one.startswith("visit.")}) == 7
