"""The same person twice in one file.

Guarantees: memory is bounded (a hash per visit and way of naming its person: 15 MB for 100,000 rows, up to a limit after which
only those remembered so far are found again); nothing readable is kept. Refuses: joining persons across files.

>>> seen = Duplicates()
>>> seen.see("P1", "2026-05-16"), seen.see("P2", "2026-05-16"), seen.see("P1", "2026-05-16"), seen.see("P1", "2026-11-02")
(False, False, True, False)
"""

from __future__ import annotations

MOST_REMEMBERED = 1_000_000


class Duplicates:
    """Remembers the visits of one file by hash: the person's id, or the insurance and date of birth, with the day."""

    __slots__ = ("_most", "_seen")

    def __init__(self, most: int = MOST_REMEMBERED) -> None:
        self._seen: set[int] = set()
        self._most = most

    def see(
        self,
        identifier: str,
        visit: str,
        insurer: str = "",
        symbol: str = "",
        number: str = "",
        branch: str = "",
        birth: str = "",
    ) -> bool:
        """Whether this visit was seen before; it is remembered. Texts may be raw as long as one file writes them alike.

        Without a day, or without both id and insured number with birth, nothing can be said: ``False``.
        """
        if not visit:
            return False
        again = bool(identifier) and self._again(hash((identifier, visit)))
        if number and birth:
            # Both are always remembered, so that a later row is found by either.
            return self._again(hash((insurer, symbol, number, branch, birth, visit))) or again
        return again

    def _again(self, mark: int) -> bool:
        if mark in self._seen:
            return True
        if len(self._seen) < self._most:
            self._seen.add(mark)
        return False
