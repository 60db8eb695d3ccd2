"""Who votes at which height: what our own ledger says, so that a commit is never judged by what the node claims.

Guarantees: the sets are those that the state named when the block was executed; a change counts two blocks later, as in CometBFT
(spec/abci, "Updating the Validator Set"). Refuses heights it knows nothing of. Trusts the state.
"""

from __future__ import annotations

from bisect import bisect_right

from akashi.ledger.errors import LedgerDamaged
from akashi.ledger.state import ReadState
from akashi.network.records import servers

DELAY = 2
POWER = 1
"""Every server's vote weighs the same: a quorum of servers is a quorum of power."""


def voting(state: ReadState) -> frozenset[bytes]:
    """The consensus keys (32 bytes each) of the servers that vote."""
    return frozenset(one.keys.validator for one in servers(state) if one.votes)


def updates(before: frozenset[bytes], after: frozenset[bytes]) -> tuple[tuple[bytes, int], ...]:
    """What to tell consensus: power 0 for those who left; in order of the keys.

    >>> updates(frozenset((b"a", b"b")), frozenset((b"b", b"c")))
    ((b'a', 0), (b'c', 1))
    """
    left = dict.fromkeys(before - after, 0)
    return tuple(sorted({**left, **dict.fromkeys(after - before, POWER)}.items()))


class ValidatorHistory:
    """Sets by the first height at which they count. Not thread-safe: one thread writes, readers read tuples."""

    def __init__(self, first: frozenset[bytes]) -> None:
        self._known: tuple[tuple[int, frozenset[bytes]], ...] = ((1, first),)

    @property
    def rows(self) -> tuple[tuple[int, frozenset[bytes]], ...]:
        """All sets with their first heights, ascending."""
        return self._known

    def restore(self, rows: tuple[tuple[int, frozenset[bytes]], ...]) -> None:
        """Take over what was kept."""
        if rows:
            self._known = tuple(sorted(rows, key=lambda row: row[0]))

    def changed_at(self, height: int, after: frozenset[bytes]) -> tuple[int, frozenset[bytes]] | None:
        """Block ``height`` left ``after`` voting; the new row, or ``None`` if nothing changed (or it is known: a block that is executed again)."""
        row = (height + DELAY, after)
        kept = tuple(one for one in self._known if one[0] < row[0])
        if kept[-1][1] == after:
            return None
        self._known = (*kept, row)
        return row

    def at(self, height: int) -> frozenset[bytes]:
        """Who may sign the commit of ``height``."""
        place = bisect_right([first for first, _ in self._known], height)
        if not place:
            raise LedgerDamaged("validators.height")
        return self._known[place - 1][1]
