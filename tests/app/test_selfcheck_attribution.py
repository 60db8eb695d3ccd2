"""Who answers for a transfer: a person, or the device of a machine client; nobody else counts."""

from __future__ import annotations

import pytest

from akashi.app.selfcheck.ledgers import Line, attribution
from akashi.ledger.model import Actor, Auth, AuthMethod, Statement

INSTITUTION, PERSON, DEVICE = "inst-here", "per-here", "dev-here"
NOW_MS = 1_790_000_000_000


def _line(actor: Actor, method: AuthMethod, kind: str = "transfer.sent", at_ms: int = NOW_MS) -> Line:
    """One accepted leaf."""
    auth = Auth(method, at_ms)
    said = Statement(b"l" * 16, kind, 1, actor, auth, "tr-one", {}, NOW_MS, NOW_MS + 1000, b"n" * 16)
    return Line(0, 1, NOW_MS, accepted=True, statement=said, operation=b"o" * 32)


def _attributed(line: Line) -> bool:
    facts = attribution([line])
    assert facts["operations.by_people"] == 1
    assert facts["lacking"] == (() if facts["operations.attributed"] == 1 else (line.statement.kind,))
    return facts["operations.attributed"] == 1


def test_a_machine_clients_transfer_is_its_devices() -> None:
    """A client acts as itself: its device answers for it, and no person is named."""
    assert _attributed(_line(Actor(INSTITUTION, None, DEVICE), AuthMethod.CLIENT))


@pytest.mark.parametrize("person", [None, PERSON])
def test_a_machine_client_without_a_device_is_nobodys(person: str | None) -> None:
    """A client whose device is not said is not attributed, not even where a person's name was lent to it."""
    assert not _attributed(_line(Actor(INSTITUTION, person), AuthMethod.CLIENT))


def test_a_device_does_not_stand_in_for_a_person() -> None:
    """Whoever signed in as a person is named; the device alone is not enough."""
    assert _attributed(_line(Actor(INSTITUTION, PERSON, DEVICE), AuthMethod.PASSWORD))
    assert not _attributed(_line(Actor(INSTITUTION, None, DEVICE), AuthMethod.PASSWORD))


@pytest.mark.parametrize("actor", [Actor(INSTITUTION, PERSON, DEVICE), Actor(INSTITUTION, None, DEVICE)])
def test_what_no_authentication_stands_for_is_nobodys(actor: Actor) -> None:
    """Method "machine" says that nobody signed in, and a sign-in without a time says nothing."""
    assert not _attributed(_line(actor, AuthMethod.MACHINE))
    assert not _attributed(_line(actor, AuthMethod.CLIENT, at_ms=0))


def test_what_the_server_does_by_itself_is_not_asked_for_a_person() -> None:
    """Expiring and erasing count as operations, not as operations of people."""
    facts = attribution([_line(Actor(INSTITUTION), AuthMethod.MACHINE, "transfer.erased")])
    assert (facts["operations"], facts["operations.by_people"]) == (1, 0)
