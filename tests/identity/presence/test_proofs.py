"""Fresh proofs for critical actions, tokens that change, sessions that are too many."""

from __future__ import annotations

from pathlib import Path

import pytest

from akashi.identity.errors import NotPermitted, SessionEnded, SignInFailed
from akashi.identity.factors.errors import SignInBusy
from akashi.identity.factors.model import Secrets
from akashi.identity.journal import Outcome, What
from akashi.identity.model import Policy, Session
from akashi.identity.presence.errors import ProofNeeded, StayUnknown
from akashi.identity.presence.model import AlertKind
from akashi.identity.presence.service import Presence
from tests.identity.twin import DESK, PASSWORD, TABLET, Clinic, clinic

MINUTE = 60_000


def manager(home: Clinic) -> Session:
    """The manager signs in."""
    return home.accounts.sign_in("boss.b", PASSWORD, None, DESK)


def test_a_stale_proof_does_not_manage_people(home: Clinic) -> None:
    """Signing in counts as a proof for five minutes; then a critical action asks again, and looking does not."""
    session = manager(home)
    home.accounts.require(session, "person.manage")
    home.clock.advance(5 * MINUTE)
    session = home.accounts.session(session.token, DESK)

    with pytest.raises(ProofNeeded):
        home.accounts.require(session, "person.manage")
    home.accounts.require(session, "person.manage", proof=False)
    home.accounts.require(session, "dashboard.read")
    last = list(home.accounts.journal.entries())[-1]
    assert (last.what, last.outcome, last.reason) == (What.ACTION, Outcome.REFUSED, "session.proof")


def test_rights_are_asked_before_proofs(home: Clinic) -> None:
    """Who may not do a thing is told so, and is not asked for their password first."""
    session = home.accounts.sign_in("nurse.n", PASSWORD, None, TABLET)
    home.clock.advance(5 * MINUTE)

    with pytest.raises(NotPermitted):
        home.accounts.require(session, "person.manage")


def test_a_proof_changes_the_token_and_keeps_the_session(home: Clinic) -> None:
    """After proving again the old token is worth nothing; the session (its id, what it holds, its begin) goes on under the new one."""
    session = manager(home)
    home.clock.advance(6 * MINUTE)
    proved = home.accounts.prove_again(session, Secrets(PASSWORD))
    home.accounts.require(home.accounts.session(proved.token, DESK), "person.manage")

    assert (proved.id, proved.started_ms) == (session.id, session.started_ms)
    with pytest.raises(SessionEnded):
        home.accounts.session(session.token, DESK)


def test_wrong_proofs_lock_the_account(home: Clinic) -> None:
    """Somebody at an unattended session cannot guess the password there without end; the session stays as it was."""
    session = manager(home)
    for _ in range(5):
        with pytest.raises(SignInFailed):
            home.accounts.prove_again(session, Secrets("guess"))
    with pytest.raises(SignInFailed):
        home.accounts.prove_again(session, Secrets(PASSWORD))

    assert home.accounts.session(session.token, DESK).person == home.manager


def test_guessing_the_old_password_is_guessing(home: Clinic) -> None:
    """Wrong old passwords at the form for a new one count like failed sign-ins: recorded, locked after five, told to administrators."""
    session = manager(home)
    for _ in range(5):
        with pytest.raises(SignInFailed):
            home.accounts.change_password(session, "guess", "atarashii-uma-8-denchi")
    with pytest.raises(SignInFailed):
        home.accounts.change_password(session, PASSWORD, "atarashii-uma-8-denchi")

    tried = [
        one.reason
        for one in home.accounts.journal.entries()
        if one.what is What.PASSWORD_SET and one.outcome is Outcome.FAILED
    ]
    assert tried == ["password.wrong"] * 5 + ["locked"]
    assert [one.subject for one in home.accounts.alerts.open() if one.kind == AlertKind.LOCKED_OUT] == [home.manager]


def test_a_busy_machine_charges_no_change_of_password(home: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    """An attempt that was never made, because too many wait, is no wrong one: the sixth is still looked at."""
    session = manager(home)
    verify = home.accounts.hasher.verify

    def busy(_encoded: str | None, _password: str) -> bool:
        raise SignInBusy

    monkeypatch.setattr(home.accounts.hasher, "verify", busy)
    for _ in range(6):
        with pytest.raises(SignInBusy):
            home.accounts.change_password(session, PASSWORD, "atarashii-uma-8-denchi")
    monkeypatch.setattr(home.accounts.hasher, "verify", verify)

    home.accounts.change_password(session, PASSWORD, "atarashii-uma-8-denchi")
    assert home.accounts.sessions(home.manager) == []


def test_a_token_from_outside_is_never_taken(home: Clinic) -> None:
    """Session fixation: a token that somebody prepared is not a session, and signing in never uses it."""
    prepared = "A" * 43
    with pytest.raises(SessionEnded):
        home.accounts.session(prepared, DESK)
    session = manager(home)

    assert session.token != prepared
    with pytest.raises(SessionEnded):
        home.accounts.session(prepared, DESK)


def test_one_session_too_many_ends_the_one_used_longest_ago(tmp_path: Path) -> None:
    """The limit holds whatever happens in between; the newest sessions stay."""
    home = clinic(tmp_path, Policy(parallel=2))
    sessions = []
    for _ in range(4):
        sessions.append(home.accounts.sign_in("nurse.n", PASSWORD, None, TABLET))
        home.clock.advance(20_000)

    alive = [one.id for one in home.accounts.sessions(home.nurse)]
    reasons = [one.reason for one in home.accounts.journal.entries() if one.what is What.SESSION_ENDED]
    assert sorted(alive) == sorted(one.id for one in sessions[2:])
    assert reasons == ["session.parallel"] * 2


def test_a_suspected_leak_stops_everything_until_it_is_lifted(home: Clinic, presence: Presence) -> None:
    """Sessions end at once, and neither the right password nor a new one signs in before the reset lifts it."""
    session = home.accounts.sign_in("nurse.n", PASSWORD, None, TABLET)
    ended = presence.suspect_leak(home.nurse, manager(home))
    home.accounts.set_password(home.nurse, "atarashii-uma-8-denchi")

    assert ended == 1
    with pytest.raises(SessionEnded):
        home.accounts.session(session.token, TABLET)
    with pytest.raises(SignInFailed):
        home.accounts.sign_in("nurse.n", "atarashii-uma-8-denchi", None, TABLET)
    assert presence.lift(home.nurse)
    assert home.accounts.sign_in("nurse.n", "atarashii-uma-8-denchi", None, TABLET).person == home.nurse


def test_stays_are_listed_without_tokens(home: Clinic, presence: Presence) -> None:
    """A person's list names device, browser and begin, marks the one that looks, and cannot be used as a token."""
    here = home.accounts.sign_in("nurse.n", PASSWORD, None, TABLET)
    home.accounts.sign_in("nurse.n", PASSWORD, None, DESK)
    stays = presence.stays(home.nurse, here)

    assert sorted(one.session.device for one in stays) == ["dev-desk", "dev-tablet"]
    assert [one.session.device for one in stays if one.here] == ["dev-tablet"]
    assert all(one.session.token == "" for one in stays)
    with pytest.raises(StayUnknown):
        presence.stay(home.manager, stays[0].key)
