"""The rules of a transfer, one decision at a time."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from akashi.exchange.model import DAY_MS, MAX_LIFE_MS, Format, Status, Transfer
from akashi.exchange.rules import (
    Party,
    Terms,
    decide_confirm,
    decide_erase,
    decide_expire,
    decide_read,
    decide_refuse,
    decide_send,
    decide_supersede,
    decide_withdraw,
    size_bucket,
    status_after_supersede,
)
from akashi.ledger.rules import Allowed, Denied

NOW = 1_000_000_000
SENDER = Party("inst-sender", 1, enabled=True)
RECEIVER = Party("inst-receiver", 2, enabled=True, opening_key=True)
TERMS = Terms(NOW + DAY_MS, DAY_MS, (b"wrap",), ())
TRANSFER = Transfer(
    handle="tr-0001",
    sender="inst-sender",
    receiver="inst-receiver",
    payload=bytes(16),
    status=Status.SENT,
    sent_ms=NOW,
    expires_ms=NOW + DAY_MS,
    retention_ms=DAY_MS,
    format=Format.FILE,
    commitment=bytes(32),
    body_digest=bytes(32),
    wraps=(bytes(32),),
    persons=("per-named",),
    size_bucket=10,
    operation=bytes(32),
)
READ, CONFIRM, REFUSE, WITHDRAW = decide_read, decide_confirm, decide_refuse, decide_withdraw


def test_a_sender_may_send_to_a_receiver() -> None:
    """The plain case."""
    assert decide_send(SENDER, RECEIVER, TERMS, NOW) == Allowed()


@pytest.mark.parametrize(
    ("sender", "receiver", "terms", "reason"),
    [
        (None, RECEIVER, TERMS, "transfer.sender_disabled"),
        (replace(SENDER, enabled=False), RECEIVER, TERMS, "transfer.sender_disabled"),
        (replace(SENDER, roles=2), RECEIVER, TERMS, "transfer.sender_role"),
        (SENDER, None, TERMS, "transfer.receiver_unknown"),
        (SENDER, replace(RECEIVER, handle="inst-sender"), TERMS, "transfer.receiver_self"),
        (SENDER, replace(RECEIVER, enabled=False), TERMS, "transfer.receiver_disabled"),
        (SENDER, replace(RECEIVER, roles=1), TERMS, "transfer.receiver_role"),
        (SENDER, replace(RECEIVER, opening_key=False), TERMS, "transfer.receiver_key"),
        (SENDER, RECEIVER, replace(TERMS, expires_ms=NOW), "transfer.life"),
        (SENDER, RECEIVER, replace(TERMS, expires_ms=NOW + MAX_LIFE_MS + 1), "transfer.life"),
        (SENDER, RECEIVER, replace(TERMS, retention_ms=MAX_LIFE_MS + 1), "transfer.retention"),
        (SENDER, RECEIVER, replace(TERMS, wraps=()), "transfer.wraps"),
        (SENDER, RECEIVER, replace(TERMS, wraps=(b"a", b"a")), "transfer.wraps"),
        (SENDER, RECEIVER, replace(TERMS, persons=("per-a", "per-a")), "transfer.persons"),
    ],
)
def test_a_sending_that_lacks_something_is_denied(
    sender: Party | None, receiver: Party | None, terms: Terms, reason: str
) -> None:
    """Each missing condition has its own reason."""
    assert decide_send(sender, receiver, terms, NOW) == Denied(reason)


def test_an_agent_may_receive() -> None:
    """代行機関 receive for others."""
    assert decide_send(SENDER, replace(RECEIVER, roles=4), TERMS, NOW) == Allowed()


@pytest.mark.parametrize(
    ("decide", "status", "institution", "person", "now", "reason"),
    [
        (READ, Status.SENT, "inst-receiver", "per-named", NOW, None),
        (READ, Status.OPENED, "inst-receiver", "per-named", NOW, None),
        (READ, Status.CONFIRMED, "inst-receiver", "per-named", NOW + DAY_MS, None),
        (READ, Status.CONFIRMED, "inst-receiver", "per-named", NOW + 2 * DAY_MS, "transfer.retention_over"),
        (READ, Status.SENT, "inst-sender", "per-any", NOW, None),
        (READ, Status.SENT, "inst-sender", None, NOW, "transfer.person"),
        (READ, Status.SENT, "inst-other", "per-named", NOW, "transfer.unknown"),
        (READ, Status.SENT, "inst-receiver", "per-any", NOW, "transfer.person_not_named"),
        (READ, Status.SENT, "inst-receiver", None, NOW, "transfer.person"),
        (READ, Status.SENT, "inst-receiver", "per-named", NOW + DAY_MS, "transfer.expired"),
        (READ, Status.REFUSED, "inst-receiver", "per-named", NOW, "transfer.refused"),
        (READ, Status.WITHDRAWN, "inst-receiver", "per-named", NOW, "transfer.withdrawn"),
        (READ, Status.SUPERSEDED, "inst-receiver", "per-named", NOW, "transfer.superseded"),
        (CONFIRM, Status.OPENED, "inst-receiver", "per-named", NOW, None),
        (CONFIRM, Status.SENT, "inst-receiver", "per-named", NOW, "transfer.not_opened"),
        (CONFIRM, Status.CONFIRMED, "inst-receiver", "per-named", NOW, "transfer.confirmed"),
        (CONFIRM, Status.OPENED, "inst-receiver", "per-any", NOW, "transfer.person_not_named"),
        (CONFIRM, Status.OPENED, "inst-sender", "per-named", NOW, "transfer.not_receiver"),
        (CONFIRM, Status.OPENED, "inst-receiver", "per-named", NOW + DAY_MS, "transfer.expired"),
        (REFUSE, Status.SENT, "inst-receiver", "per-any", NOW, None),
        (REFUSE, Status.OPENED, "inst-receiver", "per-any", NOW, None),
        (REFUSE, Status.SENT, "inst-sender", "per-any", NOW, "transfer.not_receiver"),
        (REFUSE, Status.SENT, "inst-receiver", None, NOW, "transfer.person"),
        (REFUSE, Status.CONFIRMED, "inst-receiver", "per-any", NOW, "transfer.confirmed"),
        (WITHDRAW, Status.SENT, "inst-sender", "per-any", NOW, None),
        (WITHDRAW, Status.OPENED, "inst-sender", "per-any", NOW, "transfer.opened"),
        (WITHDRAW, Status.SENT, "inst-receiver", "per-any", NOW, "transfer.not_sender"),
        (WITHDRAW, Status.SENT, "inst-sender", None, NOW, "transfer.person"),
        (WITHDRAW, Status.SENT, "inst-sender", "per-any", NOW + DAY_MS, "transfer.expired"),
    ],
)
def test_who_may_do_what_and_when(
    decide: object, status: Status, institution: str, person: str | None, now: int, reason: str | None
) -> None:
    """The table of the life of a transfer, row by row."""
    closed = NOW + DAY_MS // 2 if status is Status.CONFIRMED else None
    decision = decide(replace(TRANSFER, status=status, closed_ms=closed), institution, person, now)  # type: ignore[operator]  # a decide_*

    assert decision == (Allowed() if reason is None else Denied(reason))


def test_anybody_of_the_receiver_may_read_when_nobody_is_named() -> None:
    """An empty list of persons names nobody in particular."""
    assert decide_read(replace(TRANSFER, persons=()), "inst-receiver", "per-any", NOW) == Allowed()


def test_expiry_is_exact() -> None:
    """One millisecond before: not due; at the time: due; a final transfer never."""
    assert decide_expire(TRANSFER, NOW + DAY_MS - 1) == Denied("transfer.not_due")
    assert decide_expire(TRANSFER, NOW + DAY_MS) == Allowed()
    assert decide_expire(replace(TRANSFER, status=Status.CONFIRMED), NOW + DAY_MS) == Denied("transfer.confirmed")


@given(st.sampled_from(Status), st.integers(0, 4 * DAY_MS), st.integers(0, 2 * DAY_MS))
def test_nothing_is_erased_early_and_everything_is_erased_in_the_end(
    status: Status, later: int, retention: int
) -> None:
    """Open: never. Confirmed: after the retention. Other ends: at once."""
    is_open = status in (Status.SENT, Status.OPENED)
    item = replace(TRANSFER, status=status, closed_ms=None if is_open else NOW, retention_ms=retention)
    decision = decide_erase(item, NOW + later)

    expected = not is_open and (later >= retention or status is not Status.CONFIRMED)
    assert isinstance(decision, Allowed) == expected


def test_a_new_version_follows_an_own_transfer_to_the_same_receiver_once() -> None:
    """Nobody can end another's transfer by claiming to supersede it."""
    assert decide_supersede(TRANSFER, "inst-sender", "inst-receiver") == Allowed()
    assert decide_supersede(None, "inst-sender", "inst-receiver") == Denied("transfer.unknown")
    assert decide_supersede(TRANSFER, "inst-other", "inst-receiver") == Denied("transfer.unknown")
    assert decide_supersede(TRANSFER, "inst-sender", "inst-other") == Denied("transfer.receiver_differs")
    again = replace(TRANSFER, superseded_by="tr-0002")
    assert decide_supersede(again, "inst-sender", "inst-receiver") == Denied("transfer.superseded")


@pytest.mark.parametrize("status", Status)
def test_only_an_open_transfer_ends_by_its_successor(status: Status) -> None:
    """What was confirmed or refused stays so."""
    expected = Status.SUPERSEDED if status in (Status.SENT, Status.OPENED) else status

    assert status_after_supersede(status) is expected


def test_what_is_open_is_not_erased_and_what_is_kept_says_why() -> None:
    """The two reasons for waiting are told apart."""
    kept = replace(TRANSFER, status=Status.CONFIRMED, closed_ms=NOW)

    assert decide_erase(TRANSFER, NOW + 9 * DAY_MS) == Denied("transfer.open")
    assert decide_erase(kept, NOW + DAY_MS - 1) == Denied("transfer.retention")
    assert decide_erase(kept, NOW + DAY_MS) == Allowed()


def test_a_size_bucket_has_an_upper_end() -> None:
    """Whatever is beyond fits the ledger's field."""
    assert size_bucket(1 << 60) == size_bucket(1 << 48) == 48


@given(st.integers(1, 1 << 47))
def test_a_size_bucket_is_the_next_power_of_two(size: int) -> None:
    """Members of the ledger see the bucket, not the size."""
    bucket = size_bucket(size)

    assert 1 << bucket >= size
    assert bucket == 0 or 1 << (bucket - 1) < size
