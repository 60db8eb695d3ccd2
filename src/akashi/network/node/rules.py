"""How long a node waits: the limits of a consensus round, and the pause before a fallen process is started again.

Guarantees: pure functions of integers. Measured, not derived: on loopback, with one of four servers down, a round that waits 200 ms
for its proposal and 50 ms for late votes keeps an operation (two blocks) well under a second; CometBFT's defaults (3 s and 1 s) take
four. A limit that is too short costs a round, never agreement: each further round waits longer by the ``delta``.

>>> timeouts(0)
Timeouts(propose_ms=200, propose_delta_ms=100, vote_ms=50, vote_delta_ms=25)
>>> timeouts(20).propose_ms
280
>>> [pause_ms(deaths) for deaths in (1, 2, 3, 99)]
[250, 500, 1000, 30000]
"""

from __future__ import annotations

from dataclasses import dataclass

from akashi.errors import Misuse

LONGEST_ROUND_TRIP_MS = 1_000
FIRST_PAUSE_MS, LONGEST_PAUSE_MS = 250, 30_000


@dataclass(frozen=True)
class Timeouts:
    """Limits of one consensus round in milliseconds; ``delta`` is added for each round that failed before.

    ``propose``: until a server that sees no proposal votes for none. ``vote``: how long late votes are waited for, in each of the two
    voting steps, once more than two thirds have voted without agreeing.
    """

    propose_ms: int
    propose_delta_ms: int
    vote_ms: int
    vote_delta_ms: int


def timeouts(round_trip_ms: int) -> Timeouts:
    """Limits for servers whose slowest pair is ``round_trip_ms`` apart (rounded up; 0 on one machine).

    A proposal needs two round trips to be asked for and sent, votes one, each relayed once at worst; the fixed part is what a block
    of 4 MiB and two busy cores took where it was measured. Raises :class:`Misuse` outside 0 to 1,000 ms: at 1,200 no block came
    (docs/scale.md section 3).
    """
    if not 0 <= round_trip_ms <= LONGEST_ROUND_TRIP_MS:
        raise Misuse(what="round trip")
    return Timeouts(
        propose_ms=200 + 4 * round_trip_ms,
        propose_delta_ms=100 + 2 * round_trip_ms,
        vote_ms=50 + 2 * round_trip_ms,
        vote_delta_ms=25 + round_trip_ms,
    )


def pause_ms(deaths: int) -> int:
    """How long to wait before the next start after ``deaths`` ends in a row (1 or more): doubles, up to 30 s."""
    return min(FIRST_PAUSE_MS << min(deaths - 1, 16), LONGEST_PAUSE_MS)
