"""How long a node waits: more with the distance, never absurdly, and longer after each fall."""

from __future__ import annotations

from dataclasses import astuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from akashi.errors import Misuse
from akashi.network.node.rules import LONGEST_PAUSE_MS, LONGEST_ROUND_TRIP_MS, pause_ms, timeouts

ROUND_TRIPS = st.integers(0, LONGEST_ROUND_TRIP_MS)


def test_one_server_down_on_a_local_network_costs_less_than_a_second() -> None:
    """Two blocks, each with one failed round (a proposal and two votes waited for), at 10 ms between the servers."""
    limits = timeouts(10)

    assert 2 * (limits.propose_ms + 2 * limits.vote_ms) < 1_000


@given(one=ROUND_TRIPS, other=ROUND_TRIPS)
def test_farther_servers_wait_longer(one: int, other: int) -> None:
    """Every limit grows with the round trip and leaves room for it: proposal asked for and sent, vote sent."""
    near, far = timeouts(min(one, other)), timeouts(max(one, other))

    assert all(a <= b for a, b in zip(astuple(near), astuple(far), strict=True))
    assert far.propose_ms >= 2 * max(one, other)
    assert far.vote_ms >= max(one, other)


@pytest.mark.parametrize("round_trip", [-1, LONGEST_ROUND_TRIP_MS + 1])
def test_an_absurd_distance_is_refused(round_trip: int) -> None:
    """No negative one, and none that a person could not wait for."""
    with pytest.raises(Misuse):
        timeouts(round_trip)


@given(deaths=st.integers(1, 10_000))
def test_the_pause_grows_and_is_bounded(deaths: int) -> None:
    """It never shrinks while a node keeps falling, and never exceeds half a minute."""
    assert 250 <= pause_ms(deaths) <= pause_ms(deaths + 1) <= LONGEST_PAUSE_MS
