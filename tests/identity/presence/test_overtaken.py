"""A sign-in that is under way while everything of its person is ended: it does not come out alive.

Between the look at password and locks and the session stands a hash, and a queue before it: in that time a leak can be reported, a password
replaced, a person signed out. The steps are put into that gap by the hasher itself, so the order is the same in every run.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from akashi.identity.errors import SignInFailed
from akashi.identity.journal import What
from akashi.identity.presence.service import Presence
from tests.identity.twin import DESK, PASSWORD, TABLET, Clinic

NEW = "atarashii-uma-8-denchi"
Step = Callable[[Clinic, Presence], object]
STEPS: dict[str, Step] = {
    "leak": lambda home, presence: presence.suspect_leak(home.nurse),
    "password": lambda home, _: home.accounts.set_password(home.nurse, NEW),
    "everywhere": lambda home, _: home.accounts.sign_out_everywhere(home.nurse),
    "factor": lambda home, _: home.accounts.drop_totp(home.nurse),
}


def overtaken(home: Clinic, monkeypatch: pytest.MonkeyPatch, step: Callable[[], object]) -> None:
    """Let ``step`` happen once, after the next password was found right."""
    verify, waiting = home.accounts.hasher.verify, [step]

    def verified(encoded: str | None, password: str) -> bool:
        matched = verify(encoded, password)
        while waiting:
            waiting.pop()()
        return matched

    monkeypatch.setattr(home.accounts.hasher, "verify", verified)


@pytest.mark.parametrize("name", sorted(STEPS))
def test_what_ends_everything_ends_a_sign_in_under_way(
    home: Clinic, presence: Presence, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Whoever was let in by secrets that were stopped meanwhile gets no session, and the journal says that one was begun and ended."""
    overtaken(home, monkeypatch, lambda: STEPS[name](home, presence))

    with pytest.raises(SignInFailed):
        home.accounts.sign_in("nurse.n", PASSWORD, None, TABLET)

    assert home.accounts.sessions(home.nurse) == []
    assert [one.reason for one in home.accounts.journal.entries()][-1] == "session.overtaken"


def test_a_denied_place_ends_a_sign_in_under_way_elsewhere(
    home: Clinic, presence: Presence, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A no reaches a thief who is just coming in at a second device, too."""
    here = home.accounts.sign_in("nurse.n", PASSWORD, None, TABLET)
    there = home.accounts.sign_in("nurse.n", PASSWORD, None, DESK)
    key = next(one.key for one in presence.stays(home.nurse) if one.session.id == there.id)
    overtaken(home, monkeypatch, lambda: presence.disown(here, key))

    with pytest.raises(SignInFailed):
        home.accounts.sign_in("nurse.n", PASSWORD, None, TABLET)

    assert home.accounts.sessions(home.nurse) == []


def test_others_come_in_meanwhile(home: Clinic, presence: Presence, monkeypatch: pytest.MonkeyPatch) -> None:
    """What ends one person's sessions stops nobody else's sign-in, and after it the person signs in as ever."""
    overtaken(home, monkeypatch, lambda: home.accounts.sign_out_everywhere(home.nurse))
    assert home.accounts.sign_in("boss.b", PASSWORD, None, DESK).person == home.manager

    assert home.accounts.sign_in("nurse.n", PASSWORD, None, TABLET).person == home.nurse
    assert [one.what for one in home.accounts.journal.entries()][-1] is What.SIGN_IN
