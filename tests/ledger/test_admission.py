"""A batch's signatures are verified before its rules run: nothing comes in by that which would not have come in one by one."""

from __future__ import annotations

import pytest

from akashi.ledger.admission import admit
from akashi.ledger.errors import ProofError, Refused
from akashi.ledger.port import Acknowledged
from akashi.ledger.service import Engine
from akashi.ledger.state import Memory
from akashi.ledger.wire.envelope import parse_operation
from tests.ledger.world import KINDS, LEDGER, SENDER, SoftSigner, World


def forged(envelope: bytes) -> bytes:
    """The same statement with one bit of its signature flipped."""
    return envelope[:-1] + bytes((envelope[-1] ^ 1,))


def test_key_enrolled_in_the_same_batch_signs_and_is_checked(engine: Engine, world: World) -> None:
    """What a new key says right after its enrolment is accepted, a forgery under it is not."""
    fresh = SoftSigner("fresh")
    enrolment = world.say(world.enrolment(fresh, SENDER), world.gateway, SENDER)
    world.gateway = fresh

    outcomes = engine.submit_many([enrolment, world.noted(1), forged(world.noted(2)), world.noted(3)])

    assert [type(outcome) for outcome in outcomes] == [Acknowledged, Acknowledged, ProofError, Acknowledged]


def test_forgery_between_two_right_ones_is_refused(engine: Engine, world: World) -> None:
    """One wrong signature in a batch is found, and only that one."""
    outcomes = engine.submit_many([world.noted(1), forged(world.noted(2)), world.noted(3)])

    assert [type(outcome) for outcome in outcomes] == [Acknowledged, ProofError, Acknowledged]


def test_forgery_of_an_operation_in_the_same_batch_is_refused(engine: Engine, world: World) -> None:
    """A right signature over a statement does not lend itself to a wrong one that comes before it."""
    envelope = world.noted(1)

    outcomes = engine.submit_many([forged(envelope), envelope])

    assert [type(outcome) for outcome in outcomes] == [ProofError, Acknowledged]


def test_earlier_reasons_come_before_the_signature(engine: Engine, world: World) -> None:
    """The order of the checks is that of the page: an expired forgery is expired."""
    envelope = forged(world.noted(1, life_ms=1000))
    world.clock.advance(1001)

    with pytest.raises(Refused, match=r"op\.expired"):
        engine.submit(envelope)


def test_verified_under_another_key_counts_for_nothing(world: World) -> None:
    """A caller that verified under another key than the state names has verified nothing: the signature is checked."""
    state = Memory()
    genesis = parse_operation(world.genesis())
    now = world.clock.now_ms()
    state.absorb(admit(KINDS, state, genesis, LEDGER, now))
    enrolment = parse_operation(forged(world.say(world.enrolment(world.gateway, SENDER))))

    with pytest.raises(ProofError, match="signature"):
        admit(KINDS, state, enrolment, LEDGER, now, verified=SoftSigner("another").spki)
