"""Second browsers and devices: asked about, answered, recorded; and attacks with place cookies."""

from __future__ import annotations

import pytest

from akashi.identity.errors import SessionEnded, SignInFailed
from akashi.identity.journal import What
from akashi.identity.model import Arrival, Session
from akashi.identity.presence.errors import ConfirmationNeeded
from akashi.identity.presence.events import answered
from akashi.identity.presence.model import AlertKind, Answer, Standing
from akashi.identity.presence.rules import asks_confirmation, place_digest
from akashi.identity.presence.service import Presence
from akashi.ledger.port import Acknowledged
from tests.identity.twin import DESK, PASSWORD, TABLET, Clinic


def arrive(home: Clinic, cookie: str = "", certificate: bytes = TABLET, login: str = "nurse.n") -> Session:
    """Somebody signs in with a browser that shows ``cookie``."""
    return home.accounts.sign_in(login, PASSWORD, None, certificate, Arrival(cookie, "firefox_linux"))


def kinds(home: Clinic) -> list[str]:
    """The open alerts."""
    return [one.kind for one in home.accounts.alerts.open()]


def test_the_very_first_browser_is_not_asked_about(home: Clinic) -> None:
    """A person's and institution's first browser is simply remembered; it comes back as itself."""
    first = arrive(home)
    again = arrive(home, first.place_token)

    assert (first.unconfirmed, again.unconfirmed) == (False, False)
    assert (again.place, again.place_token) == (first.place, "")


def test_a_second_browser_can_do_nothing_before_it_is_confirmed(home: Clinic, presence: Presence) -> None:
    """Even what everybody may do is refused until the person says that it is them; then it works, also in a later request."""
    arrive(home)
    second = arrive(home)
    with pytest.raises(ConfirmationNeeded):
        home.accounts.require(home.accounts.session(second.token, TABLET), "ledger.read")
    presence.confirm(second, Answer.YES)

    home.accounts.require(home.accounts.session(second.token, TABLET), "ledger.read")
    assert not arrive(home, second.place_token).unconfirmed


def test_the_answer_is_on_the_ledger_and_in_the_journal(home: Clinic, presence: Presence) -> None:
    """Person, place and answer, without what the cookie holds; and the person is told where they were before."""
    arrive(home)
    second = arrive(home, certificate=DESK)
    presence.confirm(second, Answer.YES)
    entries = [one for one in home.accounts.journal.entries() if one.what is What.SECOND_PLACE]

    assert answered(home.ledger.state, home.nurse, place_digest(second.place_token)) is Answer.YES
    assert [(one.person, one.device, one.reason) for one in entries] == [(home.nurse, "dev-desk", "yes")]
    assert [one.kind for one in home.accounts.alerts.of_person(home.nurse)] == [AlertKind.SECOND_PLACE]
    assert not any(second.place_token.encode() in said for said in home.ledger.accepted)


def test_no_ends_everything_and_bars_the_place(home: Clinic, presence: Presence) -> None:
    """After "that is not me" every session of the person is over, the place cannot sign in even with the right password, and it is told."""
    first = arrive(home)
    second = arrive(home)
    presence.confirm(second, Answer.NO)

    for one in (first, second):
        with pytest.raises(SessionEnded):
            home.accounts.session(one.token, TABLET)
    with pytest.raises(SignInFailed):
        arrive(home, second.place_token)
    assert arrive(home, first.place_token).person == home.nurse
    assert AlertKind.PLACE_DENIED in kinds(home)
    assert answered(home.ledger.state, home.nurse, place_digest(second.place_token)) is Answer.NO


def test_the_owner_can_disown_what_a_thief_confirmed(home: Clinic, presence: Presence) -> None:
    """A thief says yes; the owner sees the session in the list and says that it is not theirs: it ends and its browser is barred."""
    arrive(home)
    thief = presence.confirm(arrive(home, certificate=DESK), Answer.YES)
    owner = arrive(home, arrive(home).place_token)
    [key] = [one.key for one in presence.stays(home.nurse) if one.session.id == thief.id]
    presence.disown(owner, key)

    with pytest.raises(SessionEnded):
        home.accounts.session(thief.token, DESK)
    with pytest.raises(SignInFailed):
        arrive(home, thief.place_token, DESK)


def test_a_program_that_is_disowned_ends_everything(home: Clinic, presence: Presence) -> None:
    """A session without a browser has no place to bar; whoever opened it knew the secrets, so everything of the person ends."""
    program = home.accounts.sign_in("nurse.n", PASSWORD, None, DESK)
    owner = arrive(home)
    [key] = [one.key for one in presence.stays(home.nurse) if one.session.id == program.id]
    presence.disown(owner, key)

    assert home.accounts.sessions(home.nurse) == []
    assert AlertKind.PLACE_DENIED in kinds(home)


def test_a_yes_that_comes_after_the_no_lifts_nothing(
    home: Clinic, presence: Presence, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the thief's yes is on its way to the ledger the owner says no: the browser stays barred, in this order too."""
    owner = arrive(home)
    thief = arrive(home, certificate=DESK)
    [key] = [one.key for one in presence.stays(home.nurse) if one.session.id == thief.id]
    submit, waiting = home.ledger.submit, [lambda: presence.disown(owner, key)]

    def submitted(envelope: bytes) -> Acknowledged:
        done = submit(envelope)
        while waiting:
            waiting.pop()()
        return done

    monkeypatch.setattr(home.ledger, "submit", submitted)
    presence.confirm(thief, Answer.YES)

    assert home.accounts.sessions(home.nurse) == []
    with pytest.raises(SignInFailed):
        arrive(home, thief.place_token, DESK)


@pytest.mark.parametrize("cookie", ["", "invented", "A" * 43, "\udc80\n"])
def test_invented_cookies_are_new_places(home: Clinic, cookie: str) -> None:
    """A value that we never gave is no place, and is not taken over: the browser gets one of ours, and the question."""
    arrive(home)
    forged = arrive(home, cookie)

    assert forged.unconfirmed
    assert forged.place_token not in ("", cookie)


def test_a_copied_cookie_is_no_place_on_another_device(home: Clinic) -> None:
    """The place cookie of one device, shown over another's certificate, is asked about like any new browser."""
    first = arrive(home)
    copied = arrive(home, first.place_token, DESK)

    assert copied.unconfirmed
    assert copied.place != first.place


def test_a_colleagues_browser_on_the_list_is_not_asked_about(home: Clinic) -> None:
    """Somebody new at a terminal of the institution is not asked; in a browser that the institution does not list they are."""
    listed = arrive(home)
    newcomer = arrive(home, listed.place_token, login="boss.b")
    home.accounts.sign_out_everywhere(home.manager)
    other = home.accounts.add_person(login="new.one", name="新人 一", roles=newcomer.roles)
    home.accounts.set_password(other, PASSWORD)

    assert not newcomer.unconfirmed
    assert arrive(home, "", DESK, login="new.one").unconfirmed


def test_programs_without_a_browser_are_not_asked(home: Clinic) -> None:
    """The command line and programs have no browser to be asked in; their device is their place."""
    arrive(home)

    assert not home.accounts.sign_in("nurse.n", PASSWORD, None, DESK).unconfirmed


def test_an_answer_counts_once(home: Clinic, presence: Presence) -> None:
    """Answering again changes nothing, and says nothing on the ledger."""
    arrive(home)
    second = arrive(home)
    presence.confirm(second, Answer.YES)
    said = len(home.ledger.accepted)
    presence.confirm(home.accounts.session(second.token, TABLET), Answer.YES)

    assert len(home.ledger.accepted) == said


@pytest.mark.parametrize("own", [0, 1])
@pytest.mark.parametrize("elsewhere", [False, True])
@pytest.mark.parametrize("listed", [False, True])
@pytest.mark.parametrize("institution", [0, 3])
def test_known_places_are_never_asked_about(own: int, elsewhere: bool, listed: bool, institution: int) -> None:
    """Whatever else holds, a place that the person is known at is not asked about; a new one is, exactly for a reason."""
    facts = {"own_places": own, "elsewhere": elsewhere, "institution_places": institution, "listed": listed}
    reason = own > 0 or elsewhere or (institution > 0 and not listed)

    assert not asks_confirmation(Standing.KNOWN, **facts)  # type: ignore[arg-type]  # the facts by name
    assert asks_confirmation(Standing.NEW, **facts) is reason  # type: ignore[arg-type]  # as above
