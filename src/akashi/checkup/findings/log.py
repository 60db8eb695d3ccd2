"""Counting findings, with a bounded number of examples.

Guarantees: every finding is counted; memory does not grow with the file. Refuses: keeping more than a few
examples per code and column unless asked.
"""

from __future__ import annotations

from collections import Counter

from akashi.checkup.model import Finding

EXAMPLES_PER_PLACE = 20


class FindingLog:
    """Counts every finding and keeps a bounded number of examples per code and column."""

    def __init__(self, examples: int = EXAMPLES_PER_PLACE) -> None:
        self._examples = examples
        self._places: Counter[tuple[str, int]] = Counter()
        self._kept: list[Finding] = []

    def add(self, finding: Finding) -> None:
        """Count ``finding``; keep it whole only while its code and column have few examples."""
        place = (finding.code, finding.column)
        self._places[place] += 1
        if self._places[place] <= self._examples:
            self._kept.append(finding)

    def counts(self) -> dict[str, int]:
        """Findings per code, codes in alphabetical order."""
        totals: Counter[str] = Counter()
        for (code, _column), count in self._places.items():
            totals[code] += count
        return dict(sorted(totals.items()))

    def kept(self) -> tuple[Finding, ...]:
        """The examples, in the order of the file."""
        return tuple(self._kept)
