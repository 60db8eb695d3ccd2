"""Opening sealed accounts: by two, by one with a listed reason, never otherwise; what happens afterwards; attacks on each step."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from akashi.identity.emergency import events
from akashi.identity.emergency.errors import EmergencyUnknown, SealBroken, SecretGone
from akashi.identity.emergency.model import AccountState, OpenReason, ReviewVerdict, Stage
from akashi.identity.errors import SessionEnded, SignInFailed
from akashi.identity.factors.errors import FactorRefused
from akashi.identity.factors.model import FactorKind
from akashi.identity.journal import Outcome, What
from akashi.identity.model import Role
from akashi.identity.presence.model import AlertKind
from akashi.ledger.errors import Refused
from akashi.ledger.events import Context
from akashi.ledger.model import ApprovalKind, Approver, AuthMethod
from tests.identity.emergency.world import HOUR, Ward, services, ward
from tests.identity.twin import TABLET, canaries

DAY = 24 * HOUR
CODED = OpenReason.LIFE_THREATENING


@pytest.fixture
def at(tmp_path: Path) -> Iterator[Ward]:
    """A ward."""
    with ward(tmp_path) as made:
        yield made


def sealed(at: Ward, login: str = "hijo.1") -> str:
    """A prepared account."""
    return at.emergencies.prepare(login, "非常時 一", at.session("boss.b")).account


def opened(at: Ward, account: str) -> tuple[str, str]:
    """An account opened by two; the opening and the secret."""
    opening = at.emergencies.ask(account, OpenReason.AGREED, 8 * HOUR, at.session("nurse.n"))
    at.emergencies.confirm(opening, at.session("second.s"))
    return opening, at.emergencies.take(opening, at.session("nurse.n"))


def refused(reason: str) -> pytest.RaisesExc[Refused]:
    """The ledger refuses with this reason."""
    return pytest.RaisesExc(Refused, check=lambda error: error.reason == reason)


def test_two_people_open_and_the_session_is_flagged(at: Ward) -> None:
    """Asked by one, confirmed by another: the opener gets the secret, and everything done with it says that it was an emergency."""
    account = sealed(at)
    _, secret = opened(at, account)

    session = at.session("hijo.1", secret)
    assert len(secret) >= 24
    assert (session.person, session.method) == (account, AuthMethod.EMERGENCY)
    assert session.roles == Role.EMERGENCY | Role.OPERATOR
    at.home.accounts.require(session, "transfer.read")


def test_one_person_opens_for_a_listed_reason(at: Ward) -> None:
    """Alone it works for a reason of the list, and the ledger says that nobody was beside them."""
    account = sealed(at)

    opening = at.emergencies.open_alone(account, CODED, HOUR, at.session("nurse.n"))
    assert (opening.alone, opening.second, opening.stage) == (True, None, Stage.OPEN)
    assert (AlertKind.EMERGENCY_OPENED, opening.handle, 1) in at.told


@pytest.mark.parametrize("reason", [OpenReason.AGREED, OpenReason.DRILL])
def test_alone_without_a_listed_reason_is_refused(at: Ward, reason: OpenReason) -> None:
    """Attack: one person opens without a reason of the list."""
    account = sealed(at)

    with refused("emergency.alone"):
        at.emergencies.open_alone(account, reason, HOUR, at.session("nurse.n"))


def test_the_same_person_does_not_confirm(at: Ward) -> None:
    """Attack: one person plays both."""
    opening = at.emergencies.ask(sealed(at), OpenReason.AGREED, HOUR, at.session("nurse.n"))

    with refused("emergency.same_person"):
        at.emergencies.confirm(opening, at.session("nurse.n"))


def test_opening_without_a_second_person_is_refused_by_the_ledger(at: Ward) -> None:
    """Attack: a gateway says that two opened, and there was one."""
    account, session = sealed(at), at.session("nurse.n")
    body = events.EmergencyOpened("emg-forged00", account, CODED, at.clock.now_ms() + HOUR, session.person, alone=False)

    with refused("emergency.second"):
        at.emergencies._say(body, "emg-forged00", session)


def test_two_approvals_on_one_operation_open(at: Ward, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second person's own signature on the operation stands for the confirmation; one's own signature twice does not."""
    account, session = sealed(at), at.session("nurse.n")
    both = [Approver(at.people["second.s"], ApprovalKind.PASSKEY, bytes(32))]

    def approved(*parts: Any) -> Context:
        return Context(*parts)._replace(approvers=tuple(both))

    monkeypatch.setattr("tests.identity.twin.Context", approved)

    opening = at.emergencies.open_approved(account, OpenReason.AGREED, HOUR, session)
    assert (opening.second, opening.alone) == (at.people["second.s"], False)
    at.emergencies.close(opening.handle, session)
    at.emergencies.rotate(account, at.session("boss.b"))
    both[0] = Approver(session.person, ApprovalKind.PASSKEY, bytes(32))
    with refused("emergency.second"):
        at.emergencies.open_approved(account, OpenReason.AGREED, HOUR, session)


def test_a_late_confirmation_is_refused(at: Ward) -> None:
    """Attack: an old request is confirmed when nobody remembers it."""
    opening = at.emergencies.ask(sealed(at), OpenReason.AGREED, HOUR, at.session("nurse.n"))
    at.clock.advance(HOUR + 1)

    with refused("emergency.late"):
        at.emergencies.confirm(opening, at.session("second.s"))


def test_more_than_a_day_is_refused(at: Ward) -> None:
    """Attack: an opening without an end."""
    account = sealed(at)

    with refused("emergency.time"):
        at.emergencies.open_alone(account, CODED, DAY + 1, at.session("nurse.n"))


def test_a_sealed_account_does_not_sign_in_and_the_attempt_is_told(at: Ward) -> None:
    """Attack: use in normal times. Refused as any wrong sign-in, in the journal, and the administrators hear of it, once each."""
    paper = at.emergencies.prepare("hijo.1", "非常時 一", at.session("boss.b"), paper=True)

    with pytest.raises(SignInFailed):
        at.session("hijo.1", paper.secret or "")
    entry = list(at.home.accounts.journal.entries())[-1]
    assert (entry.what, entry.outcome, entry.person) == (What.SIGN_IN, Outcome.FAILED, paper.account)
    assert at.emergencies.settle() == 1
    assert at.emergencies.settle() == 0
    assert at.told[-1] == (AlertKind.EMERGENCY_MISUSED, paper.account, 1)


def test_a_sealed_account_that_was_given_a_password_is_stopped_and_told(at: Ward) -> None:
    """Attack: a manager sets a password on a sealed account. It does not sign in, and the broken seal is told."""
    account = sealed(at)
    at.home.accounts.set_password(account, "Horse-battery-9-staple", by=at.session("boss.b"))

    with pytest.raises(SignInFailed):
        at.session("hijo.1", "Horse-battery-9-staple")
    assert at.emergencies.check_seals() == [account]
    at.emergencies.settle()
    assert at.emergencies.check_seals() == []


def test_the_time_ends_the_session_and_the_account(at: Ward) -> None:
    """Attack: going on after the time. The open session ends at its next request, and the secret signs in no more."""
    opening, secret = opened(at, sealed(at))
    at.clock.advance(8 * HOUR - 60_000)
    session = at.session("hijo.1", secret)
    at.clock.advance(60_000)

    with pytest.raises(SessionEnded):
        at.home.accounts.session(session.token, TABLET)
    with pytest.raises(SignInFailed):
        at.session("hijo.1", secret)
    at.emergencies.settle()
    assert at.emergencies.opening(opening).closed_ms == at.emergencies.opening(opening).until_ms


def test_the_secret_is_given_once_and_to_the_opener(at: Ward) -> None:
    """Attack: somebody else, or the same person again, asks for the secret."""
    opening = at.emergencies.ask(sealed(at), OpenReason.AGREED, HOUR, at.session("nurse.n"))
    at.emergencies.confirm(opening, at.session("second.s"))

    with refused("emergency.opener"):
        at.emergencies.take(opening, at.session("second.s"))
    at.emergencies.take(opening, at.session("nurse.n"))
    with pytest.raises(SecretGone):
        at.emergencies.take(opening, at.session("nurse.n"))


def test_after_rotation_the_old_secret_never_works_again(at: Ward) -> None:
    """Attack: whoever used it once keeps the secret. It is dead when closed, after rotation, and when the account is open again."""
    account = sealed(at)
    opening, old = opened(at, account)
    at.emergencies.close(opening, at.session("second.s"))
    with pytest.raises(SignInFailed):
        at.session("hijo.1", old)
    at.emergencies.rotate(account, at.session("boss.b"))
    _, new = opened(at, account)

    with pytest.raises(SignInFailed):
        at.session("hijo.1", old)
    assert new != old
    assert at.session("hijo.1", new).person == account
    assert at.emergencies.account(account).generation == 2


def test_a_used_account_is_not_opened_before_it_was_rotated(at: Ward) -> None:
    """Attack: the next emergency with the old secret."""
    account = sealed(at)
    opening, _ = opened(at, account)
    at.emergencies.close(opening, at.session("nurse.n"))

    with refused("emergency.spent"):
        at.emergencies.ask(account, OpenReason.AGREED, HOUR, at.session("nurse.n"))


def test_a_digest_that_was_used_before_does_not_seal_again(at: Ward) -> None:
    """Attack: a rolled-back gateway rotates to the secret that somebody knows."""
    account = sealed(at)
    body = events.EmergencyRotated(account, at.emergencies.account(account).sealed)

    with refused("emergency.same_secret"):
        at.emergencies._say(body, account, at.session("boss.b"))


def test_nobody_with_a_part_in_it_reviews(at: Ward) -> None:
    """Attack: reviewing oneself. Opener, second and unfinished openings are refused; somebody else's review stands, once."""
    at.join("both.b", Role.OPERATOR | Role.MANAGER)
    opening = at.emergencies.ask(sealed(at), OpenReason.AGREED, HOUR, at.session("both.b"))
    at.emergencies.confirm(opening, at.session("boss.b"))
    with refused("emergency.open"):
        at.emergencies.review(opening, ReviewVerdict.JUSTIFIED, "", at.session("audit.a"))
    at.emergencies.close(opening, at.session("boss.b"))

    for login in ("both.b", "boss.b"):
        with refused("emergency.own_review"):
            at.emergencies.review(opening, ReviewVerdict.JUSTIFIED, "問題なし", at.session(login))
    at.emergencies.review(opening, ReviewVerdict.JUSTIFIED, "記録を確かめた", at.session("audit.a"))
    assert at.emergencies.notes(opening) == "記録を確かめた"
    with refused("emergency.reviewed"):
        at.emergencies.review(opening, ReviewVerdict.INCIDENT, "", at.session("plan.p"))


def test_an_opening_without_a_review_is_told_every_day_and_stops_opening_alone(at: Ward) -> None:
    """Attack: closing without a review. It is told each day until somebody reviews, and its opener opens nothing alone meanwhile."""
    first, second = sealed(at), sealed(at, "hijo.2")
    opening = at.emergencies.open_alone(first, CODED, HOUR, at.session("nurse.n")).handle
    at.emergencies.close(opening, at.session("nurse.n"))
    for _ in range(2):
        at.clock.advance(DAY)
        at.emergencies.settle()
        at.emergencies.settle()
    assert at.told.count((AlertKind.REVIEW_OVERDUE, opening, 1)) == 2

    with refused("emergency.unreviewed"):
        at.emergencies.open_alone(second, CODED, HOUR, at.session("nurse.n"))
    at.emergencies.review(opening, ReviewVerdict.JUSTIFIED, "確認", at.session("audit.a"))
    assert at.emergencies.open_alone(second, CODED, HOUR, at.session("nurse.n")).stage is Stage.OPEN


def test_the_review_lists_everything_that_was_touched(at: Ward) -> None:
    """Every entry that the account made under the opening is there, and nobody else's."""
    opening, secret = opened(at, sealed(at))
    session = at.session("hijo.1", secret)
    at.home.accounts.journal.record(What.OPENED, session=session, subject="tr-seen0000")
    at.home.accounts.journal.record(What.OPENED, session=at.session("nurse.n"), subject="tr-other000")

    entries = at.emergencies.touched(opening)
    assert {one.person for one in entries} == {session.person}
    assert [one.subject for one in entries if one.subject] == ["tr-seen0000"]
    assert at.emergencies.entries() == entries


def test_more_time_is_a_new_opening_with_a_review_of_its_own(at: Ward) -> None:
    """Two people extend an open account; alone nobody does, and the first opening is closed then."""
    account = sealed(at)
    first, secret = opened(at, account)
    with refused("emergency.extension"):
        at.emergencies.open_alone(account, CODED, HOUR, at.session("plan.p"))
    second = at.emergencies.ask(account, OpenReason.AGREED, 8 * HOUR, at.session("nurse.n"))
    at.emergencies.confirm(second, at.session("second.s"))

    assert at.emergencies.opening(first).stage is Stage.CLOSED
    at.clock.advance(7 * HOUR)
    assert at.session("hijo.1", secret).person == account


def test_a_death_between_opening_and_alert_is_made_good_at_the_next_start(at: Ward) -> None:
    """Fault: the ledger has the opening, the process died before it told anybody or put the password in force."""
    account, session = sealed(at), at.session("nurse.n")
    body = events.EmergencyOpened("emg-dies0000", account, CODED, at.clock.now_ms() + HOUR, session.person, alone=True)
    at.emergencies._say(body, "emg-dies0000", session)
    assert at.told == []

    told: list[tuple[AlertKind, str, int]] = []
    again, _ = services(at.home, at.box, told)
    again.settle()
    assert told == [(AlertKind.EMERGENCY_OPENED, "emg-dies0000", 1)]
    assert at.session("hijo.1", again.take("emg-dies0000", session)).person == account


def test_a_death_in_a_rotation_leaves_no_secret_that_works(at: Ward, monkeypatch: pytest.MonkeyPatch) -> None:
    """Fault: the process dies before the ledger hears of the new secret: the account is as sealed as before, or as spent."""
    account = sealed(at)
    opening, old = opened(at, account)
    at.emergencies.close(opening, at.session("nurse.n"))
    boss = at.session("boss.b")
    monkeypatch.setattr(at.emergencies, "_send", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        at.emergencies.rotate(account, boss)

    again, _ = services(at.home, at.box, [])
    again.settle()
    assert again.account(account).state is AccountState.SPENT
    with pytest.raises(SignInFailed):
        at.session("hijo.1", old)
    again.rotate(account, boss)
    assert again.check_seals() == []


def test_a_broken_seal_is_found_and_not_opened(at: Ward) -> None:
    """Attack: what is kept was exchanged. The account is not opened, and the check tells it."""
    account = sealed(at)
    with at.home.database.transaction() as db:
        db.execute("UPDATE emergency_secrets SET salt = ?", (bytes(32),))

    assert at.emergencies.check_seals() == [account]
    with pytest.raises(SealBroken):
        at.emergencies.open_alone(account, CODED, HOUR, at.session("nurse.n"))


def test_other_roles_and_other_institutions_are_refused(at: Ward) -> None:
    """Attack: an auditor opens; a person without the right prepares; a foreign handle does not exist."""
    account = sealed(at)

    with refused("actor.roles"):
        at.emergencies.open_alone(account, CODED, HOUR, at.session("audit.a"))
    with pytest.raises(EmergencyUnknown):
        at.emergencies.opening("emg-foreign0")
    with refused("actor.roles"):
        at.emergencies._say(events.EmergencyRotated(account, bytes(32)), account, at.session("nurse.n"))


def test_an_emergency_account_opens_and_reviews_nothing(at: Ward) -> None:
    """Attack: break-glass opens more break-glass."""
    other = sealed(at, "hijo.2")
    _, secret = opened(at, sealed(at))

    with refused("actor.roles"):
        at.emergencies.open_alone(other, CODED, HOUR, at.session("hijo.1", secret))


def test_secrets_and_notes_lie_nowhere_in_the_clear(at: Ward, tmp_path: Path) -> None:
    """Neither database nor ledger holds the secret or what the reviewer wrote."""
    opening, secret = opened(at, sealed(at))
    at.emergencies.close(opening, at.session("nurse.n"))
    at.emergencies.review(opening, ReviewVerdict.INCIDENT, "架空の所見です", at.session("audit.a"))

    kept = b"".join(path.read_bytes() for path in tmp_path.glob("gateway.db*")) + b"".join(at.ledger.accepted)
    for text in (secret, "架空の所見です"):
        assert not any(canary in kept for canary in canaries(text))
    assert secret not in repr(at.emergencies.account(at.emergencies.opening(opening).account))


def test_an_open_account_keeps_nothing_of_its_user(at: Ward) -> None:
    """Attack: whoever has it open enrols a passkey, an app or a key, and comes back when somebody else opens it."""
    account = sealed(at)
    _, secret = opened(at, account)
    session, factors = at.session("hijo.1", secret), at.home.accounts.factors
    for enrol in (
        lambda: factors.creation_options(account, session.certificate),
        lambda: at.home.accounts.enrol_totp(account),
        lambda: factors.add_key(account, FactorKind.BROWSER_KEY, bytes(91), bytes(64), ""),
        lambda: factors.issue_temporary(account, issuer=at.people["boss.b"], method=1, document=bytes(32)),
    ):
        with pytest.raises(FactorRefused):
            enrol()
