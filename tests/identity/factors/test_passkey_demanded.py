"""Where the policy asks for passkeys: who has none enrols one and does nothing else; who has one comes in with it or not at all."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from akashi.app.config import GatewaySettings, passkey_roles
from akashi.app.errors import SettingsInvalid
from akashi.identity.errors import SignInFailed
from akashi.identity.factors.model import Ceremony, Secrets
from akashi.identity.journal import Outcome
from akashi.identity.model import ALL_ROLES, Policy, Role, Session
from akashi.identity.presence.errors import PasskeyNeeded
from akashi.identity.rules import decide_passkey
from akashi.ledger.model import AuthMethod
from akashi.ledger.rules import ALLOWED, Denied
from tests.identity.factors.authenticator import Authenticator
from tests.identity.twin import DESK, PASSWORD, TABLET, Clinic, clinic

Made = Callable[[Role], Clinic]
EVERYBODY, MANAGERS = Role(ALL_ROLES), Role.MANAGER


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Made]:
    """A clinic whose policy asks these roles for passkeys."""
    there: list[Clinic] = []

    def make(roles: Role) -> Clinic:
        there.append(clinic(tmp_path, Policy(passkey=roles)))
        return there[0]

    yield make
    for one in there:
        one.database.close()


def _signed_in(home: Clinic, login: str = "nurse.n", code: str | None = None) -> Session:
    return home.accounts.sign_in(login, PASSWORD, code, TABLET)


def _enrolled(home: Clinic, person: str) -> Authenticator:
    """A passkey of the person."""
    factors, made = home.accounts.factors, Authenticator()
    factors.add_passkey(person, made.create(factors.creation_options(person, TABLET)), "my key", TABLET)
    return made


def _with_passkey(home: Clinic, person: str, made: Authenticator) -> Session:
    """In by the passkey alone."""
    answer = made.get(home.accounts.factors.request_options(Ceremony.SIGN_IN, None, DESK))
    return home.accounts.admit(person, Secrets(assertion=answer), DESK)


def test_without_a_passkey_one_can_enrol_one_and_nothing_else(made: Made) -> None:
    """Attack: work on with password and code although the institution asks for passkeys. Refused and recorded."""
    home = made(EVERYBODY)
    totp = home.totp()
    home.clock.advance(30_000)
    session = _signed_in(home, code=home.code(totp))
    with pytest.raises(PasskeyNeeded):
        home.accounts.require(session, "transfer.read")
    last = list(home.accounts.journal.entries())[-1]
    home.accounts.require(session, "self.manage")

    assert (last.outcome, last.reason, session.method) == (Outcome.REFUSED, "passkey.owed", AuthMethod.PASSWORD_TOTP)
    assert home.accounts.session(session.token, TABLET).owes_passkey


def test_with_the_passkey_everything_is_as_usual(made: Made) -> None:
    """Enrolled, signed in with it: nothing is owed."""
    home = made(EVERYBODY)
    session = _with_passkey(home, home.nurse, _enrolled(home, home.nurse))
    home.accounts.require(session, "transfer.read")

    assert (session.method, session.owes_passkey) == (AuthMethod.PASSKEY, False)


def test_who_has_a_passkey_does_not_come_in_by_a_code(made: Made) -> None:
    """Attack: whoever has phished password and code would enrol a passkey of their own beside the person's."""
    home = made(EVERYBODY)
    totp = home.totp()
    key = _enrolled(home, home.nurse)
    home.clock.advance(30_000)
    with pytest.raises(SignInFailed):
        _signed_in(home, code=home.code(totp))
    last = list(home.accounts.journal.entries())[-1]

    assert (last.outcome, last.reason) == (Outcome.FAILED, "passkey.there")
    assert _with_passkey(home, home.nurse, key).person == home.nurse


def test_only_those_who_are_asked_owe_one(made: Made) -> None:
    """With managers asked, an operator works as before and the manager does not."""
    home = made(MANAGERS)

    assert not _signed_in(home).owes_passkey
    assert _signed_in(home, "boss.b").owes_passkey


@pytest.mark.parametrize("method", [AuthMethod.TEMPORARY, AuthMethod.PASSWORD_RECOVERY])
def test_who_lost_theirs_enrols_another(method: AuthMethod) -> None:
    """The written routes after a loss lead to a new passkey, and to nothing else."""
    assert decide_passkey(Role.OPERATOR, method, Policy(passkey=EVERYBODY), 1) == Denied("passkey.owed")


def test_a_sealed_account_is_not_asked() -> None:
    """Break-glass accounts have no authenticator on purpose."""
    assert decide_passkey(Role.EMERGENCY, AuthMethod.PASSWORD, Policy(passkey=EVERYBODY), 0) == ALLOWED


@pytest.mark.parametrize(("word", "roles"), [("nobody", Role(0)), ("everybody", EVERYBODY)])
def test_the_setting_names_who_is_asked(word: str, roles: Role) -> None:
    """``require_passkey`` has three words; by default nobody is asked."""
    assert passkey_roles(GatewaySettings(require_passkey=word)) == roles
    assert passkey_roles(GatewaySettings()) == Role(0)
    assert passkey_roles(GatewaySettings(require_passkey="managers")) & (MANAGERS | Role.OPERATOR) == MANAGERS


def test_another_word_is_refused() -> None:
    """A misspelt demand must not read as none."""
    with pytest.raises(SettingsInvalid):
        passkey_roles(GatewaySettings(require_passkey="manager"))
