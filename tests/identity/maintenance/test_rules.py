"""The rules of visits and emergencies over many values: networks, windows, reasons, digests."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network

from hypothesis import given
from hypothesis import strategies as st

from akashi.identity.emergency.model import MAX_OPEN_MS, OpenReason
from akashi.identity.emergency.rules import CODED, decide_alone, decide_time, sealed_digest
from akashi.identity.maintenance.model import NO_READS, READ_ACTIONS, Reads, Visit, VisitStage, VisitVerdict
from akashi.identity.maintenance.rules import decide_source, decide_window, granted
from akashi.ledger.rules import Allowed

VISIT = Visit(
    "vis-00000000", "inst-clin0000", "per-visitor0", "per-ops00000", bytes(32), bytes(32), 1_000, 2_000, NO_READS,
    impersonates=False, emergency=False, requested_ms=0, verdict=VisitVerdict.ACCEPTED, stage=VisitStage.BEGUN,
)  # fmt: skip


@given(st.ip_addresses(v=4), st.integers(1, 32), st.ip_addresses(v=4))
def test_an_address_is_let_in_exactly_from_its_network(base: IPv4Address, length: int, peer: IPv4Address) -> None:
    """Whatever the network and the address: let in if and only if one holds the other."""
    network = IPv4Network((base, length), strict=False)

    assert isinstance(decide_source((str(network),), str(peer)), Allowed) is (peer in network)


@given(st.integers(0, 5_000), st.sampled_from(VisitStage), st.sampled_from([None, *VisitVerdict]), st.booleans())
def test_nothing_is_granted_outside_an_accepted_visit(
    now: int, stage: VisitStage, verdict: VisitVerdict | None, emergency: bool
) -> None:
    """Whatever the state: reading is granted only where the plan was accepted, work has begun, and the window lasts."""
    visit = replace(VISIT, stage=stage, verdict=verdict, emergency=emergency, reads=Reads.RESULTS)
    good = stage is VisitStage.BEGUN and verdict is VisitVerdict.ACCEPTED and 1_000 <= now < 2_000

    assert granted(visit, now) == (frozenset({READ_ACTIONS[Reads.RESULTS]}) if good else frozenset())
    assert not (good and not isinstance(decide_window(visit, now), Allowed))


@given(st.sampled_from(OpenReason), st.booleans(), st.booleans())
def test_alone_needs_a_listed_reason_and_a_clean_slate(reason: OpenReason, extends: bool, owes: bool) -> None:
    """Whatever the reason: alone only for one of the list, for a sealed account, by whoever owes no review."""
    allowed = isinstance(decide_alone(reason, extends=extends, owes_review=owes), Allowed)

    assert allowed is (reason in CODED and not extends and not owes)


@given(st.integers(0, 1 << 50), st.integers(-MAX_OPEN_MS, 2 * MAX_OPEN_MS))
def test_an_opening_lasts_a_day_at_most(now: int, length: int) -> None:
    """Whatever the times: more than nothing, 24 hours at most."""
    assert isinstance(decide_time(now + length, now), Allowed) is (0 < length <= MAX_OPEN_MS)


@given(st.text("abc0123-", min_size=1), st.binary(min_size=32, max_size=32), st.binary(min_size=32, max_size=32))
def test_a_digest_tells_nothing_without_its_salt(secret: str, one: bytes, other: bytes) -> None:
    """The same secret under two salts has two digests."""
    assert (sealed_digest(secret, one) == sealed_digest(secret, other)) is (one == other)
