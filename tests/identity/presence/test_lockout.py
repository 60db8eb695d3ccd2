"""Lock-outs, budgets against spraying, floods; what is recorded of them; alerts."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from akashi.errors import Misuse
from akashi.identity.errors import SignInFailed
from akashi.identity.journal import Outcome, What
from akashi.identity.model import Arrival, Policy
from akashi.identity.presence.errors import AlertUnknown
from akashi.identity.presence.model import AlertKind
from tests.identity.twin import CLINIC, DESK, PASSWORD, TABLET, Clinic, clinic

MINUTE = 60_000


def fail(home: Clinic, login: str, certificate: bytes = TABLET, arrival: Arrival | None = None) -> None:
    """One wrong attempt."""
    with pytest.raises(SignInFailed):
        home.accounts.sign_in(login, "wrong", None, certificate, arrival)


def alerts(home: Clinic, kind: AlertKind) -> list[tuple[str, int]]:
    """Subjects and counts of the open alerts of a kind."""
    return [(one.subject, one.count) for one in home.accounts.alerts.open() if one.kind == kind]


def test_a_lock_out_alerts_administrators_once(home: Clinic) -> None:
    """Five failures raise one alert about the account, also for the person; more failures while it is locked do not pile up."""
    for _ in range(9):
        fail(home, "nurse.n")

    assert alerts(home, AlertKind.LOCKED_OUT) == [(home.nurse, 1)]
    assert [one.kind for one in home.accounts.alerts.of_person(home.nurse)] == [AlertKind.LOCKED_OUT]


def test_refusals_while_locked_are_recorded_in_bounded_form(home: Clinic) -> None:
    """Of many refusals the first is an entry of its own and the others are one entry with their count, written when the lock is over."""
    for _ in range(60):
        fail(home, "nurse.n")
    home.clock.advance(16 * MINUTE)
    home.accounts.sweep()
    locked = [one.count for one in home.accounts.journal.entries() if one.reason == "locked"]

    assert len([one for one in home.accounts.journal.entries() if one.what is What.SIGN_IN]) < 40
    assert sum(count or 1 for count in locked) + 5 == 60


def test_spraying_uses_up_the_institutions_budget(tmp_path: Path) -> None:
    """Failures spread over accounts and devices: beyond the budget a new place is refused even with the right secrets; alerts tell it."""
    home = clinic(tmp_path, Policy(spray_failures=8))
    for number in range(8):
        fail(home, f"guess{number}", TABLET if number % 2 else DESK)

    with pytest.raises(SignInFailed):
        home.accounts.sign_in("nurse.n", PASSWORD, None, TABLET)
    assert alerts(home, AlertKind.SPRAYING) == [(CLINIC, 1)]
    home.clock.advance(17 * MINUTE)
    assert home.accounts.sign_in("nurse.n", PASSWORD, None, TABLET).person == home.nurse


def test_spraying_never_keeps_people_out_of_their_own_places(tmp_path: Path) -> None:
    """Whoever signed in at a browser before still does while the budget is used up; a known device without a browser counts as well."""
    home = clinic(tmp_path, Policy(spray_failures=4))
    place = home.accounts.sign_in("nurse.n", PASSWORD, None, TABLET, Arrival()).place_token
    home.accounts.sign_in("boss.b", PASSWORD, None, TABLET)
    for number in range(6):
        fail(home, f"guess{number}", DESK)

    assert home.accounts.sign_in("nurse.n", PASSWORD, None, TABLET, Arrival(place)).person == home.nurse
    assert home.accounts.sign_in("boss.b", PASSWORD, None, TABLET).person == home.manager


def test_nobody_is_locked_out_of_their_own_browser_from_elsewhere(home: Clinic) -> None:
    """Failing on a colleague's login from another device locks the account there, not in the browser that they are known at."""
    place = home.accounts.sign_in("nurse.n", PASSWORD, None, TABLET, Arrival()).place_token
    for _ in range(7):
        fail(home, "nurse.n", DESK)

    with pytest.raises(SignInFailed):
        home.accounts.sign_in("nurse.n", PASSWORD, None, DESK)
    assert home.accounts.sign_in("nurse.n", PASSWORD, None, TABLET, Arrival(place)).person == home.nurse


def test_a_known_browser_locks_by_itself(home: Clinic) -> None:
    """Five wrong passwords in one's own browser lock it as anywhere else, and a new password opens it."""
    place = Arrival(home.accounts.sign_in("nurse.n", PASSWORD, None, TABLET, Arrival()).place_token)
    for _ in range(5):
        fail(home, "nurse.n", TABLET, place)
    with pytest.raises(SignInFailed):
        home.accounts.sign_in("nurse.n", PASSWORD, None, TABLET, place)
    home.accounts.set_password(home.nurse, "atarashii-uma-8-denchi")

    assert home.accounts.sign_in("nurse.n", "atarashii-uma-8-denchi", None, TABLET, place).person == home.nurse


def test_ten_thousand_attempts_at_once_are_all_refused(home: Clinic) -> None:
    """From one device, on known and unknown logins, in parallel: none gets in, hashes stay few, and the journal stays short."""
    hashed: list[str | None] = []
    verify = home.accounts._hasher.verify
    home.accounts._hasher.verify = lambda encoded, password: (hashed.append(encoded), verify(encoded, password))[1]  # type: ignore[method-assign]  # counted

    def attempt(number: int) -> bool:
        try:
            home.accounts.sign_in(f"guess{number}" if number % 3 else "nurse.n", "wrong", None, TABLET)
        except SignInFailed:
            return True
        return False

    with ThreadPoolExecutor(16) as pool:
        refused = sum(pool.map(attempt, range(10_000)))
    home.clock.advance(16 * MINUTE)
    home.accounts.sweep()

    entries = [one for one in home.accounts.journal.entries() if one.what is What.SIGN_IN]
    assert refused == 10_000
    assert len(hashed) <= 20 + 16
    assert len(entries) <= 60
    assert sum(one.count or 1 for one in entries) == 10_000
    assert all(one.outcome is Outcome.FAILED for one in entries)


def test_alerts_are_acknowledged_by_a_person(home: Clinic) -> None:
    """An alert is open until somebody says that they looked; then the next one of its kind is a new one."""
    raised = home.accounts.alerts
    first = raised.raise_(AlertKind.DEVICE_LOST, "dev-tablet")
    same = raised.raise_(AlertKind.DEVICE_LOST, "dev-tablet")
    done = raised.acknowledge(first, home.accounts.sign_in("boss.b", PASSWORD, None, DESK))
    later = raised.raise_(AlertKind.DEVICE_LOST, "dev-tablet")

    assert (same, done.count, done.acknowledged_by) == (first, 2, home.manager)
    assert later != first
    assert [one.number for one in raised.open()] == [later]
    for unknown in (later + 1, 0, -1, 2**63, 10**30):
        with pytest.raises(AlertUnknown):
            raised.acknowledge(unknown, home.accounts.sign_in("boss.b", PASSWORD, None, DESK))


@pytest.mark.parametrize(
    ("kind", "subject"), [("架空 花子", "dev-tablet"), ("device.lost", "Hanako"), ("x", "dev-tablet")]
)
def test_alerts_hold_no_text(home: Clinic, kind: str, subject: str) -> None:
    """Kinds are dotted codes and subjects handles: there is nowhere to put a name."""
    with pytest.raises(Misuse):
        home.accounts.alerts.raise_(kind, subject)
