"""Signing in, staying in and being thrown out; attacks on each, refused and recorded."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from akashi.identity import events
from akashi.identity.errors import (
    CertificateRefused,
    LoginTaken,
    LoginUnusable,
    NotPermitted,
    ResetNeeded,
    SessionEnded,
    SignInFailed,
    WeakPassword,
)
from akashi.identity.journal import Outcome, What
from akashi.identity.model import DeviceReason, InstitutionReason, PersonReason, Policy, Role, Session
from akashi.identity.rules import directory_commitment
from akashi.ledger.errors import Refused
from akashi.ledger.model import AuthMethod
from tests.identity.twin import CLINIC, DESK, FOREIGN, HOSPITAL, NOW, PASSWORD, TABLET, Clinic, canaries, clinic

MINUTE = 60_000


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Clinic]:
    """A clinic with people and devices."""
    made = clinic(tmp_path)
    yield made
    made.database.close()


def sign_in(home: Clinic, code: str | None = None, certificate: bytes = TABLET) -> Session:
    """The nurse signs in."""
    return home.accounts.sign_in("nurse.n", PASSWORD, code, certificate)


def last(home: Clinic) -> tuple[What, Outcome, str | None]:
    """What the journal said last."""
    entry = list(home.accounts.journal.entries())[-1]
    return entry.what, entry.outcome, entry.reason


def test_signed_in_person_is_known_by_token_and_certificate(home: Clinic) -> None:
    """The session carries person, institution, device, roles and how they were authenticated."""
    session = sign_in(home)

    found = home.accounts.session(session.token, TABLET)
    assert (found.person, found.institution, found.device) == (home.nurse, CLINIC, "dev-tablet")
    assert (found.roles, found.method) == (Role.OPERATOR, AuthMethod.PASSWORD)
    assert found.auth.certificate == TABLET


@pytest.mark.parametrize(
    ("login", "password"),
    [
        ("nurse.n", "wrong"),
        ("nobody", PASSWORD),
        ("nurse.n", ""),
        ("", ""),
        ("NURSE.N", PASSWORD),
        ("x' OR 1=1 --", "\ud800"),
    ],
)
def test_every_wrong_pair_gets_the_same_answer(home: Clinic, login: str, password: str) -> None:
    """Whether the login exists cannot be read from the answer, and the attempt is recorded."""
    with pytest.raises(SignInFailed) as caught:
        home.accounts.sign_in(login, password, None, TABLET)

    assert (str(caught.value), caught.value.params) == (str(SignInFailed()), {})
    assert last(home) == (What.SIGN_IN, Outcome.FAILED, "credentials")


def test_unknown_login_costs_a_hash_too(home: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    """For an unknown login the same argon2 work is done, so that time tells nothing."""
    worked: list[str | None] = []
    real = home.accounts._hasher.verify

    def verify(encoded: str | None, password: str) -> bool:
        worked.append(encoded)
        return real(encoded, password)

    monkeypatch.setattr(home.accounts._hasher, "verify", verify)

    with pytest.raises(SignInFailed):
        home.accounts.sign_in("nobody", PASSWORD, None, TABLET)

    assert worked == [None]


@pytest.mark.parametrize("certificate", [FOREIGN, bytes(32)])
def test_certificates_of_others_do_not_sign_in(home: Clinic, certificate: bytes) -> None:
    """Another institution's device, or one that was never enrolled, is refused before the password is looked at."""
    with pytest.raises(CertificateRefused):
        sign_in(home, certificate=certificate)

    assert last(home)[:2] == (What.SIGN_IN, Outcome.REFUSED)


def test_stolen_cookie_is_useless_on_another_device(home: Clinic) -> None:
    """A token shown over another certificate is refused and recorded; the owner's session goes on."""
    session = sign_in(home)

    with pytest.raises(SessionEnded):
        home.accounts.session(session.token, DESK)
    assert last(home) == (What.ACTION, Outcome.REFUSED, "session.device")
    assert home.accounts.session(session.token, TABLET).person == home.nurse


def test_idle_session_ends(home: Clinic) -> None:
    """After the idle time the session is gone, and the journal has its length."""
    session = sign_in(home)
    home.clock.advance(15 * MINUTE)

    with pytest.raises(SessionEnded):
        home.accounts.session(session.token, TABLET)
    assert home.accounts.journal.stays()[-1].length_ms == 15 * MINUTE


def test_busy_session_ends_at_the_absolute_limit(tmp_path: Path) -> None:
    """However busy, a session does not outlive the absolute limit."""
    home = clinic(tmp_path, Policy(absolute_ms=60 * MINUTE))
    session = sign_in(home)
    for _ in range(5):
        home.clock.advance(10 * MINUTE)
        home.accounts.session(session.token, TABLET)
    home.clock.advance(10 * MINUTE)

    with pytest.raises(SessionEnded):
        home.accounts.session(session.token, TABLET)
    assert last(home) == (What.SESSION_ENDED, Outcome.DONE, "session.absolute")


def test_sweep_records_the_moment_of_the_timeout(home: Clinic) -> None:
    """A session nobody came back to ends when its idle time ran out, not when somebody looked."""
    sign_in(home)
    home.clock.advance(300 * MINUTE)

    assert home.accounts.sweep() == 1
    assert home.accounts.journal.stays()[-1].end_ms == NOW + 15 * MINUTE


def test_sign_out_ends_the_session(home: Clinic) -> None:
    """After signing out the token is worth nothing."""
    session = sign_in(home)
    home.accounts.sign_out(session.token)

    with pytest.raises(SessionEnded):
        home.accounts.session(session.token, TABLET)
    assert home.accounts.journal.stays()[-1].end_ms == NOW


def test_sign_out_everywhere_ends_all(home: Clinic) -> None:
    """Sessions on every device end together."""
    sessions = [sign_in(home, certificate=c) for c in (TABLET, DESK)]

    assert home.accounts.sign_out_everywhere(home.nurse) == len(sessions)
    assert home.accounts.sessions(home.nurse) == []


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (events.DeviceRevoked("dev-tablet", DeviceReason.LOST), "device.revoked"),
        (events.InstitutionDisabled(CLINIC, InstitutionReason.SUSPECTED_LEAK), "institution.disabled"),
    ],
)
def test_stop_on_the_ledger_acts_at_the_next_request(home: Clinic, body: object, reason: str) -> None:
    """A revoked device or disabled institution ends the open session and admits no new one."""
    session = sign_in(home)
    home.secretariat.submit(body)

    with pytest.raises(SessionEnded):
        home.accounts.session(session.token, TABLET)
    assert last(home) == (What.SESSION_ENDED, Outcome.DONE, reason)
    with pytest.raises(CertificateRefused):
        sign_in(home)


def test_disabled_person_is_out_at_once_and_for_good(home: Clinic) -> None:
    """Disabling ends the sessions; the right password does not bring them back, nor is the login free again."""
    session = sign_in(home)
    manager = home.accounts.sign_in("boss.b", PASSWORD, None, DESK)
    home.accounts.disable(home.nurse, PersonReason.LEFT, by=manager)

    with pytest.raises(SessionEnded):
        home.accounts.session(session.token, TABLET)
    with pytest.raises(SignInFailed):
        sign_in(home)
    with pytest.raises(LoginTaken):
        home.accounts.add_person(login="nurse.n", name="別人", roles=Role.OPERATOR, by=manager)


def test_expired_device_is_out(home: Clinic) -> None:
    """A device past its validity is refused even if TLS let it through."""
    home.clock.advance(366 * 24 * 60 * MINUTE)

    with pytest.raises(CertificateRefused):
        sign_in(home)


def test_changed_roles_count_at_the_next_request(home: Clinic) -> None:
    """A role given or taken away is seen by the open session."""
    session = sign_in(home)
    home.accounts.change_roles(home.nurse, Role.AUDITOR)

    found = home.accounts.session(session.token, TABLET)
    assert found.roles == Role.AUDITOR
    with pytest.raises(NotPermitted):
        home.accounts.require(found, "transfer.send")
    assert last(home) == (What.ACTION, Outcome.REFUSED, "transfer.send")


def test_totp_code_is_accepted_once(home: Clinic) -> None:
    """A code that was used, here or in the confirmation, is refused; the next one is accepted once."""
    totp = home.totp()
    with pytest.raises(SignInFailed):
        sign_in(home, home.code(totp))
    home.clock.advance(30_000)
    code = home.code(totp)
    assert sign_in(home, code).method is AuthMethod.PASSWORD_TOTP

    with pytest.raises(SignInFailed):
        sign_in(home, code)
    assert last(home) == (What.SIGN_IN, Outcome.FAILED, "factor")


@pytest.mark.parametrize("code", [None, "", "000000", "abcdef", "１２３４５６７", "-1"])
def test_second_factor_cannot_be_left_out(home: Clinic, code: str | None) -> None:
    """With a factor enrolled the password alone, or with a wrong code, does not sign in."""
    home.totp()

    with pytest.raises(SignInFailed):
        sign_in(home, code)


def test_parallel_use_of_one_code_gives_one_session(home: Clinic) -> None:
    """Of eight threads with the same fresh code exactly one gets in."""
    totp = home.totp()
    home.clock.advance(30_000)
    code = home.code(totp)
    sessions: list[Session] = []

    def attempt() -> None:
        with contextlib.suppress(SignInFailed):
            sessions.append(sign_in(home, code))

    threads = [threading.Thread(target=attempt) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(sessions) == 1
    assert len(home.accounts.sessions(home.nurse)) == len(sessions)


def test_short_password_is_worth_nothing_without_its_factor(home: Clinic) -> None:
    """Eight characters suffice beside TOTP; once TOTP is dropped they do not sign in any more."""
    home.totp()
    home.accounts.set_password(home.nurse, "umakuk7z")
    home.accounts.drop_totp(home.nurse)

    with pytest.raises(SignInFailed):
        home.accounts.sign_in("nurse.n", "umakuk7z", None, TABLET)


def test_policy_can_ask_everybody_for_a_second_factor(tmp_path: Path) -> None:
    """Where two factors are required, a password alone never signs in."""
    home = clinic(tmp_path, Policy(second_factor=True))

    with pytest.raises(SignInFailed):
        sign_in(home)


def test_account_locks_after_failures_and_opens_again(home: Clinic) -> None:
    """After five failures even the right password fails, with the same answer; after the lock time it works."""
    for _ in range(5):
        with pytest.raises(SignInFailed):
            home.accounts.sign_in("nurse.n", "wrong", None, TABLET)
    with pytest.raises(SignInFailed):
        sign_in(home)
    assert last(home) == (What.SIGN_IN, Outcome.FAILED, "locked")
    home.clock.advance(15 * MINUTE)

    assert sign_in(home).person == home.nurse


def test_a_new_password_ends_the_lock(home: Clinic) -> None:
    """Who was locked out and gets a new password from the manager signs in with it at once."""
    for _ in range(5):
        with pytest.raises(SignInFailed):
            home.accounts.sign_in("nurse.n", "wrong", None, TABLET)
    home.accounts.set_password(home.nurse, "atarashii-uma-8-denchi")

    assert home.accounts.sign_in("nurse.n", "atarashii-uma-8-denchi", None, TABLET).person == home.nurse


def test_the_present_password_is_no_new_one(home: Clinic) -> None:
    """A change must change something (guideline 7.0 draft 14⑥(2)); nothing else is touched by the refusal."""
    with pytest.raises(WeakPassword) as caught:
        home.accounts.set_password(home.nurse, PASSWORD)

    assert caught.value.params == {"reason": "password.same"}
    assert sign_in(home).person == home.nurse


def test_spraying_over_accounts_locks_the_device(tmp_path: Path) -> None:
    """One password tried on many logins locks the device it comes from, and no other device."""
    home = clinic(tmp_path, Policy(device_failures=6))
    for number in range(6):
        with pytest.raises(SignInFailed):
            home.accounts.sign_in(f"guess{number}", "wrong", None, TABLET)

    with pytest.raises(SignInFailed):
        sign_in(home)
    assert sign_in(home, certificate=DESK).person == home.nurse


def test_locked_device_locks_no_more_accounts(tmp_path: Path) -> None:
    """From a locked device nobody can lock colleagues out by failing on their logins."""
    home = clinic(tmp_path, Policy(device_failures=6))
    for number in range(6):
        with pytest.raises(SignInFailed):
            home.accounts.sign_in(f"guess{number}", "wrong", None, TABLET)
    for _ in range(6):
        with pytest.raises(SignInFailed):
            home.accounts.sign_in("nurse.n", "wrong", None, TABLET)

    assert sign_in(home, certificate=DESK).person == home.nurse


def test_known_and_unknown_logins_cost_the_same_writes(home: Clinic) -> None:
    """At every step to the lock-out and beyond it a known login costs as many durable transactions as an unknown one: the disk's time tells nothing."""
    begun: list[str] = []
    home.database._connection.set_trace_callback(lambda sql: begun.append(sql) if sql == "COMMIT" else None)
    costs = []
    for login in ["nobody", "nurse.n"] * 7:
        begun.clear()
        with pytest.raises(SignInFailed):
            home.accounts.sign_in(login, "wrong", None, TABLET)
        costs.append(len(begun))

    assert costs[0::2] == costs[1::2]
    assert max(costs) > min(costs) > 0


def test_success_does_not_pay_for_spraying(tmp_path: Path) -> None:
    """Signing in to one's own account in between does not reset the device's count."""
    home = clinic(tmp_path, Policy(device_failures=6))
    for number in range(6):
        with pytest.raises(SignInFailed):
            home.accounts.sign_in(f"guess{number}", "wrong", None, TABLET)
        if number < 5:
            sign_in(home)

    with pytest.raises(SignInFailed):
        sign_in(home)


@pytest.mark.parametrize(
    "password",
    [
        "short1",
        "onlyletterswithoutdigits",
        "1234567890123",
        "aaaaaaaaaaaa1",
        "xx-Nurse.N-xx-77",
        "看護花子看護花子看護花子7",
        "x1" * 200,
    ],
)
def test_weak_passwords_are_refused(home: Clinic, password: str) -> None:
    """Too short, one kind of character, repeated, containing login or name, or absurdly long."""
    with pytest.raises(WeakPassword) as caught:
        home.accounts.set_password(home.nurse, password)

    assert password not in str(caught.value) + repr(caught.value)


def test_new_password_ends_sessions(home: Clinic) -> None:
    """Whoever sat on the old password is out."""
    session = sign_in(home)
    home.accounts.change_password(session, PASSWORD, "atarashii-uma-8-denchi")

    with pytest.raises(SessionEnded):
        home.accounts.session(session.token, TABLET)
    with pytest.raises(SignInFailed):
        sign_in(home)


def test_changing_a_password_needs_the_old_one(home: Clinic) -> None:
    """An unattended session does not suffice to take the account over."""
    session = sign_in(home)

    with pytest.raises(SignInFailed):
        home.accounts.change_password(session, "guess", "atarashii-uma-8-denchi")


def test_only_managers_manage(home: Clinic) -> None:
    """An operator can neither add people nor set others' passwords nor drop factors; each try is recorded."""
    session = sign_in(home)

    for attempt in (
        lambda: home.accounts.add_person(login="new.one", name="新人", roles=Role.MANAGER, by=session),
        lambda: home.accounts.set_password(home.manager, "atarashii-uma-8-denchi", by=session),
        lambda: home.accounts.drop_totp(home.manager, by=session),
        lambda: home.accounts.disable(home.manager, PersonReason.LEFT, by=session),
    ):
        with pytest.raises(NotPermitted):
            attempt()
        assert last(home) == (What.ACTION, Outcome.REFUSED, "person.manage")


def test_a_manager_replaces_nobodys_password(home: Clinic) -> None:
    """Attack: a manager sets a colleague's password and signs in as them. That takes a reset with an identity check, by its ledger."""
    boss = home.accounts.sign_in("boss.b", PASSWORD, None, DESK)

    with pytest.raises(ResetNeeded):
        home.accounts.set_password(home.nurse, "atarashii-uma-8-denchi", by=boss)
    assert last(home) == (What.PASSWORD_SET, Outcome.REFUSED, "password.reset_needed")


@pytest.mark.parametrize("login", ["ab", "With Space", "UPPER", "日本語", "x" * 65, "a\n" * 3])
def test_odd_logins_are_refused(home: Clinic, login: str) -> None:
    """Logins are short plain ASCII."""
    with pytest.raises(LoginUnusable):
        home.accounts.add_person(login=login, name="誰か", roles=Role.OPERATOR)


def test_refused_registration_leaves_no_account(home: Clinic) -> None:
    """If the ledger refuses the person, their login is free again."""
    with pytest.raises(Refused):
        home.accounts.add_person(login="secret.ary", name="誰か", roles=Role.SECRETARIAT)

    assert home.accounts.person_of_login("secret.ary") is None


def test_settle_registers_what_a_crash_left(home: Clinic) -> None:
    """An account whose registration never reached the ledger is registered on the next start, once."""
    home.accounts._store.insert_person("per-left0000", "left.over", "残り 者", int(Role.OPERATOR))

    assert (home.accounts.settle(), home.accounts.settle()) == (1, 0)
    assert events.person(home.ledger.state, "per-left0000") is not None


def test_names_and_secrets_stay_where_they_belong(home: Clinic) -> None:
    """Names are not on the ledger; tokens, seeds and passwords are in no file and no repr."""
    session = sign_in(home)
    seed = home.accounts.enrol_totp(home.nurse)
    stored = b"".join(p.read_bytes() for p in sorted(Path(home.database._path).parent.glob("gateway.db*")))

    for secret in (session.token, seed.secret, PASSWORD):
        assert not any(canary in stored for canary in canaries(secret))
        assert secret not in repr(session) + repr(seed) + repr(home.accounts.accounts())
    said = b"".join(home.ledger.accepted)
    assert not any(canary in said for name in ("看護 花子", "nurse.n") for canary in canaries(name))


def test_directory_keeps_only_names_that_the_ledger_commits_to(home: Clinic) -> None:
    """A name is believed if it opens the ledger's commitment, and refused otherwise."""
    salt = b"s" * 16
    commitment = directory_commitment("inst-new0", "新しい病院", salt)
    home.secretariat.submit(events.InstitutionRegistered("inst-new0", 2, commitment))
    home.accounts.put_name("inst-new0", "新しい病院", salt)

    assert home.accounts.names() == {"inst-new0": "新しい病院"}
    with pytest.raises(Refused):
        home.accounts.put_name(HOSPITAL, "偽の病院", salt)
