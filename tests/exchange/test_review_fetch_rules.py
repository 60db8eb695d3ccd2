"""When the server may hand out sealed bytes: the rule behind the route, at its edges."""

from __future__ import annotations

from dataclasses import replace

import pytest

from akashi.exchange.model import Status
from akashi.exchange.rules import decide_fetch
from akashi.ledger.rules import Allowed, Denied
from tests.exchange.test_rules import TRANSFER

NOW = TRANSFER.sent_ms + 1
OVER = (Status.REFUSED, Status.WITHDRAWN, Status.EXPIRED, Status.SUPERSEDED)


def fetched(status: Status, institution: str, at_ms: int = NOW, **changes: int) -> str:
    """``yes``, or why not."""
    decision = decide_fetch(replace(TRANSFER, status=status, **changes), institution, at_ms)  # type: ignore[arg-type]  # times only
    return decision.reason if isinstance(decision, Denied) else "yes"


def test_the_receiver_fetches_from_its_opening_on() -> None:
    """Not while it is only sent; the sender may from the start."""
    assert fetched(Status.SENT, TRANSFER.receiver) == "transfer.not_opened"
    assert fetched(Status.OPENED, TRANSFER.receiver) == "yes"
    assert fetched(Status.SENT, TRANSFER.sender) == "yes"


@pytest.mark.parametrize("status", OVER)
def test_what_is_over_nobody_fetches(status: Status) -> None:
    """Before the bytes are erased, too; with the status as the reason."""
    reasons = {fetched(status, side, closed_ms=NOW) for side in (TRANSFER.sender, TRANSFER.receiver)}

    assert reasons == {f"transfer.{status.name.lower()}"}


def test_the_moments_are_exact() -> None:
    """The expiry ends what is open, the retention what was confirmed: at that very millisecond."""
    last, receiver = TRANSFER.expires_ms - 1, TRANSFER.receiver
    kept = NOW + TRANSFER.retention_ms

    assert (fetched(Status.OPENED, receiver, last), fetched(Status.OPENED, receiver, last + 1)) == (
        "yes",
        "transfer.expired",
    )
    assert fetched(Status.CONFIRMED, receiver, kept - 1, closed_ms=NOW) == "yes"
    assert fetched(Status.CONFIRMED, receiver, kept, closed_ms=NOW) == "transfer.retention_over"


@pytest.mark.parametrize("status", list(Status))
def test_a_third_party_fetches_nothing(status: Status) -> None:
    """Whatever the stage."""
    assert not isinstance(decide_fetch(replace(TRANSFER, status=status), "inst-third", NOW), Allowed)
