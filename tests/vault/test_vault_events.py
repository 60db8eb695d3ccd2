"""What the ledger records about payloads: order before outcome, the right bytes, the first outcome stands."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from akashi.ledger.errors import EncodingError, Refused
from akashi.ledger.events import Context, KindTable, dump_body
from akashi.ledger.model import Actor, Auth, AuthMethod, Purpose, Statement
from akashi.ledger.state import Memory, Overlay
from akashi.vault.events import (
    VAULT_KINDS,
    PayloadErasureOrdered,
    PayloadPhase,
    erased_event,
    order_payload_erasure,
    payload_record,
    register_payload,
)
from akashi.vault.model import ErasureLevel, ErasureOutcome, ErasureReason

PAYLOAD, ORDER = bytes([1]) * 16, bytes([2]) * 32
BODY, WRAPS = bytes([3]) * 32, (bytes([4]) * 32, bytes([5]) * 32)
OUTCOME = ErasureOutcome(PAYLOAD, ORDER, BODY, WRAPS, 5_000, 6_000, ErasureLevel.KEY)
KINDS = KindTable(VAULT_KINDS)
SENDER, STRANGER, SERVER = "inst-sender", "inst-stranger", "inst-server"


def submit(
    state: Overlay,
    body: object,
    *,
    by: str = SERVER,
    purpose: Purpose = Purpose.SERVER,
    operation: bytes = ORDER,
    tag: str | None = None,
) -> None:
    """Run one operation's apply."""
    name = tag or ("payload.erased" if not isinstance(body, PayloadErasureOrdered) else "payload.erasure_ordered")
    fields = dump_body(body)
    statement = Statement(bytes(16), name, 1, Actor(by), Auth(AuthMethod.MACHINE, 0), None, fields, 1, 2, bytes(16))
    KINDS.find(name, 1).run(state, Context(statement, operation, bytes(32), purpose, 1))


@pytest.fixture
def state() -> Overlay:
    overlay = Overlay(Memory())
    register_payload(overlay, PAYLOAD, subject="tr-aaaa", institution=SENDER, body_digest=BODY, wrap_digests=WRAPS)
    return overlay


ORDERED = PayloadErasureOrdered(payload=PAYLOAD, reason=ErasureReason.EXPIRED)


def test_a_payload_is_registered_once(state: Overlay) -> None:
    """Ids are never used twice, not even by the same transfer."""
    with pytest.raises(Refused, match="exists"):
        register_payload(state, PAYLOAD, subject="tr-aaaa", institution=SENDER, body_digest=BODY, wrap_digests=WRAPS)


def test_order_then_outcome(state: Overlay) -> None:
    """The record tells what happened, with the order's id and reason and the outcome's times and level."""
    submit(state, ORDERED)
    submit(state, erased_event(OUTCOME))

    record = payload_record(state, PAYLOAD)

    assert record is not None
    assert (record.phase, record.subject, record.reason) == (PayloadPhase.ERASED, "tr-aaaa", ErasureReason.EXPIRED)
    assert (record.order_id, record.erased_ms, record.backup_horizon_ms) == (ORDER, 5_000, 6_000)
    assert record.level is ErasureLevel.KEY


def test_an_outcome_without_an_order_is_refused(state: Overlay) -> None:
    """A server cannot destroy on its own and call it ordered."""
    with pytest.raises(Refused, match="not_ordered"):
        submit(state, erased_event(OUTCOME))


def test_the_first_order_and_the_first_outcome_stand(state: Overlay) -> None:
    """Repetitions are refused instead of rewriting history."""
    submit(state, ORDERED)
    with pytest.raises(Refused, match="ordered"):
        submit(state, ORDERED, operation=bytes(32))
    submit(state, erased_event(OUTCOME))
    with pytest.raises(Refused, match="erased"):
        submit(state, erased_event(replace(OUTCOME, level=ErasureLevel.FILE)))


@pytest.mark.parametrize(
    ("outcome", "reason"),
    [
        (replace(OUTCOME, payload_id=bytes(16)), "unknown"),
        (replace(OUTCOME, order_id=bytes(32)), "order"),
        (replace(OUTCOME, body_digest=bytes(32)), "digest"),
        (replace(OUTCOME, wrap_digests=WRAPS[:1]), "digest"),
        (replace(OUTCOME, wrap_digests=WRAPS[::-1]), "digest"),
        (replace(OUTCOME, level=ErasureLevel.NONE), "level"),
        (replace(OUTCOME, backup_horizon_ms=4_999), "level"),
    ],
)
def test_an_outcome_for_something_else_is_refused(state: Overlay, outcome: ErasureOutcome, reason: str) -> None:
    """Payload, order, body and every wrap must be the registered ones."""
    submit(state, ORDERED)

    with pytest.raises(Refused, match=reason):
        submit(state, erased_event(outcome))


def test_only_the_senders_gateway_may_order(state: Overlay) -> None:
    """Attack: another institution's gateway orders the erasure of a payload that it saw in the ledger."""
    with pytest.raises(Refused, match="foreign"):
        submit(state, ORDERED, by=STRANGER, purpose=Purpose.GATEWAY)
    submit(state, ORDERED, by=SENDER, purpose=Purpose.GATEWAY)
    record = payload_record(state, PAYLOAD)
    assert record is not None
    assert record.phase is PayloadPhase.ORDERED


def test_only_a_server_reports_outcomes(state: Overlay) -> None:
    """A gateway's word is no proof of what a server's disk holds; a device key says nothing at all."""
    submit(state, ORDERED)

    with pytest.raises(Refused, match="purpose"):
        submit(state, erased_event(OUTCOME), by=SENDER, purpose=Purpose.GATEWAY)
    with pytest.raises(Refused, match="purpose"):
        submit(state, ORDERED, purpose=Purpose.DEVICE)


def test_ordering_what_is_not_there(state: Overlay) -> None:
    """Unknown payloads are refused in both ways of ordering."""
    attempts: list[Callable[[], None]] = [
        lambda: submit(state, replace(ORDERED, payload=bytes(16))),
        lambda: order_payload_erasure(state, bytes(16), ORDER, ErasureReason.WITHDRAWN, block_ms=1),
    ]
    for attempt in attempts:
        with pytest.raises(Refused, match="unknown"):
            attempt()


def test_reasons_outside_the_enumeration_do_not_travel(state: Overlay) -> None:
    """There is no free text and no unknown number."""
    statement = Statement(
        bytes(16),
        "payload.erasure_ordered",
        1,
        Actor(SERVER),
        Auth(AuthMethod.MACHINE, 0),
        None,
        {1: PAYLOAD, 2: 99},
        1,
        2,
        bytes(16),
    )

    with pytest.raises(EncodingError):
        KINDS.find("payload.erasure_ordered", 1).run(state, Context(statement, ORDER, bytes(32), Purpose.SERVER, 1))
