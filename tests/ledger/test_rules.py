"""The ledger's own rules: who may sign, when, who may enrol and revoke."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from akashi.ledger.model import Actor, Algorithm, Auth, AuthMethod, KeyRecord, Purpose, Statement
from akashi.ledger.rules import (
    ALLOWED,
    CLOCK_TOLERANCE_MS,
    Denied,
    decide_clock,
    decide_enrolment,
    decide_revocation,
    decide_signer,
    decide_time,
    is_current,
)

NOW = 1_800_000_000_000
LEDGER = bytes(16)
RECORD = KeyRecord(bytes(32), int(Algorithm.ED25519), b"spki", "inst-sender", Purpose.GATEWAY, NOW - 10, NOW + 10)
SECRETARIAT = replace(RECORD, key=b"s" * 32, purpose=Purpose.SECRETARIAT, institution="inst-secretariat")
STATEMENT = Statement(
    LEDGER, "testing.noted", 1, Actor("inst-sender"), Auth(AuthMethod.MACHINE, NOW), None, {}, NOW, NOW + 5, bytes(16)
)


def test_enrolled_current_key_may_sign() -> None:
    """The ordinary case."""
    assert decide_signer(RECORD, STATEMENT, Algorithm.ED25519, NOW) == ALLOWED


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        (None, "signer.unknown"),
        (replace(RECORD, valid_from_ms=NOW + 1), "signer.expired"),
        (replace(RECORD, valid_to_ms=NOW), "signer.expired"),
        (replace(RECORD, revoked_ms=NOW), "signer.revoked"),
        (replace(RECORD, revoked_ms=NOW + 1), "signer.revoked"),
        (replace(RECORD, institution="inst-other"), "signer.institution"),
        (replace(RECORD, purpose=Purpose.DEVICE), "signer.purpose"),
        (replace(RECORD, purpose=Purpose.OPENING), "signer.purpose"),
        (replace(RECORD, algorithm=int(Algorithm.ESP256)), "signer.algorithm"),
        # several faults: the order of verification.md step 5 decides which one is told
        (replace(RECORD, valid_to_ms=NOW, revoked_ms=NOW, institution="inst-other"), "signer.expired"),
        (replace(RECORD, revoked_ms=NOW, institution="inst-other", purpose=Purpose.DEVICE), "signer.revoked"),
    ],
)
def test_others_may_not(record: KeyRecord | None, reason: str) -> None:
    """Each fault has its own reason."""
    assert decide_signer(record, STATEMENT, Algorithm.ED25519, NOW) == Denied(reason)


@pytest.mark.parametrize(
    ("at_ms", "current"), [(NOW - 11, False), (NOW - 10, True), (NOW + 9, True), (NOW + 10, False)]
)
def test_validity_includes_its_start_and_not_its_end(at_ms: int, current: bool) -> None:
    """Half-open, so that two keys in succession never overlap or leave a gap."""
    assert is_current(RECORD, at_ms) is current


@pytest.mark.parametrize(
    ("ledger", "block_ms", "reason"),
    [
        (b"x" * 16, NOW, "op.foreign"),
        (LEDGER, NOW + 6, "op.expired"),
        (LEDGER, NOW - 300_001, "op.ahead"),
        (LEDGER, NOW + 5, None),
        (LEDGER, NOW - 300_000, None),
    ],
)
def test_time_and_place(ledger: bytes, block_ms: int, reason: str | None) -> None:
    """Only this ledger, not after the expiry (which is still in time), at most five minutes ahead (included)."""
    assert decide_time(STATEMENT, ledger, block_ms) == (Denied(reason) if reason else ALLOWED)


@given(last=st.integers(0, 1 << 50), back=st.integers(0, 1 << 40))
def test_clock_behind_by_more_than_the_tolerance_is_denied(last: int, back: int) -> None:
    """Exactly the tolerance is allowed, a millisecond more is not."""
    expected = ALLOWED if back <= CLOCK_TOLERANCE_MS else Denied("clock.stepped")

    assert decide_clock(last, last - back, None) == expected


@given(last=st.integers(0, 1 << 50), stepped=st.integers(0, 1 << 50), now=st.integers(0, 1 << 50))
def test_an_explained_step_never_narrows(last: int, stepped: int, now: int) -> None:
    """An explanation only ever permits more than there was without it."""
    if decide_clock(last, now, None) == ALLOWED:
        assert decide_clock(last, now, stepped) == ALLOWED
    else:
        assert (decide_clock(last, now, stepped) == ALLOWED) == (now >= min(last, stepped) - CLOCK_TOLERANCE_MS)


GATEWAY = replace(RECORD, key=b"g" * 32)
FOREIGN = replace(RECORD, key=b"f" * 32, institution="inst-other")


@pytest.mark.parametrize(
    ("purpose", "signer", "gateways", "reason"),
    [
        (Purpose.SECRETARIAT, SECRETARIAT, [], None),
        (Purpose.SECRETARIAT, GATEWAY, [], "enrolment.secretariat"),
        (Purpose.SERVER, SECRETARIAT, [], None),
        (Purpose.SERVER, GATEWAY, [GATEWAY], "enrolment.secretariat"),
        (Purpose.DEVICE, SECRETARIAT, [GATEWAY], None),
        (Purpose.DEVICE, GATEWAY, [GATEWAY], "enrolment.secretariat"),
        (Purpose.GATEWAY, SECRETARIAT, [], None),
        (Purpose.GATEWAY, SECRETARIAT, [GATEWAY], "enrolment.gateway"),
        (Purpose.GATEWAY, GATEWAY, [GATEWAY], None),
        (Purpose.GATEWAY, FOREIGN, [GATEWAY], "enrolment.gateway"),
        (Purpose.GATEWAY, FOREIGN, [], "enrolment.secretariat"),
        (Purpose.OPENING, GATEWAY, [GATEWAY], None),
        (Purpose.OPENING, FOREIGN, [GATEWAY], "enrolment.opening"),
        (Purpose.OPENING, SECRETARIAT, [], "enrolment.opening"),
    ],
)
def test_who_enrols_what(purpose: Purpose, signer: KeyRecord, gateways: list[KeyRecord], reason: str | None) -> None:
    """The secretariat cannot slip in a second gateway key or any opening key; nobody enrols for a stranger."""
    expected = Denied(reason) if reason else ALLOWED

    assert decide_enrolment(purpose, "inst-sender", signer, gateways) == expected


@pytest.mark.parametrize(
    ("record", "signer", "reason"),
    [
        (GATEWAY, SECRETARIAT, None),
        (GATEWAY, GATEWAY, None),
        (GATEWAY, FOREIGN, "key.institution"),
        (None, SECRETARIAT, "key.unknown"),
        (replace(GATEWAY, revoked_ms=1), SECRETARIAT, "key.revoked_before"),
        (SECRETARIAT, SECRETARIAT, "key.last_secretariat"),
    ],
)
def test_who_revokes_what(record: KeyRecord | None, signer: KeyRecord, reason: str | None) -> None:
    """A gateway revokes its own institution's keys; the last secretariat key stays until there is another."""
    expected = Denied(reason) if reason else ALLOWED

    assert decide_revocation(record, signer, [SECRETARIAT]) == expected


def test_one_of_two_secretariat_keys_can_go() -> None:
    """Once a second one is enrolled, the first may be revoked."""
    second = replace(SECRETARIAT, key=b"t" * 32)

    assert decide_revocation(SECRETARIAT, SECRETARIAT, [SECRETARIAT, second]) == ALLOWED
