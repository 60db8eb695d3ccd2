"""Who owes erasure receipts for too long: told of once a day each, shown all the time."""

from __future__ import annotations

from typing import cast

import pytest

from akashi.ledger.port import Ledger
from akashi.network.payloads import overview
from akashi.network.payloads.overview import AGAIN_MS, Reminders
from akashi.vault.accounting import Owed

LEDGER = cast("Ledger", object())
NOW = 1_795_219_200_000


@pytest.fixture
def owed(monkeypatch: pytest.MonkeyPatch) -> list[Owed]:
    """What the ledger says is owed for too long."""
    rows: list[Owed] = []
    monkeypatch.setattr(overview, "overdue_receipts", lambda _ledger, _now_ms: rows)
    return rows


def _told(reminders: Reminders, now_ms: int) -> list[dict[str, str | int]]:
    return [one.params for one in reminders.look(LEDGER, now_ms)[1]]


def test_each_server_is_told_of_once_a_day(owed: list[Owed]) -> None:
    """With how many it owes; another server at once; again when a day is over."""
    reminders = Reminders()
    owed += [Owed(3, bytes(16), 1), Owed(3, b"x" * 16, 2)]

    first, again = _told(reminders, NOW), _told(reminders, NOW + 1)
    owed.append(Owed(2, bytes(16), 1))
    other, later = _told(reminders, NOW + 2), _told(reminders, NOW + AGAIN_MS)

    assert first == [{"number": 3, "count": 2}]
    assert again == []
    assert other == [{"number": 2, "count": 1}]
    assert later == [{"number": 3, "count": 2}]
    assert reminders.look(LEDGER, NOW)[0] == {2: 1, 3: 2}


def test_who_paid_and_owes_again_is_told_of_again(owed: list[Owed]) -> None:
    """A new debt is not hidden behind an old alarm."""
    reminders = Reminders()
    owed.append(Owed(3, bytes(16), 1))
    _told(reminders, NOW)
    owed.clear()
    _told(reminders, NOW + 1)
    owed.append(Owed(3, b"y" * 16, 1))

    assert _told(reminders, NOW + 2) == [{"number": 3, "count": 1}]


def test_a_clock_that_was_set_back_silences_nobody(owed: list[Owed]) -> None:
    """It is told once more."""
    reminders = Reminders()
    owed.append(Owed(3, bytes(16), 1))
    _told(reminders, NOW)

    assert _told(reminders, NOW - AGAIN_MS) == [{"number": 3, "count": 1}]
