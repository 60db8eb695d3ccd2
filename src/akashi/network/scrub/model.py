"""What a scrub finds and how far it is. Numbers and stable words only: a report may be shown to anybody who runs a server."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

from akashi.network.model import IncidentPlace


@dataclass(frozen=True, slots=True)
class Damage:
    """Something of this server's own that disagrees with what a quorum signed. ``at``: a leaf's index, a height, a size, or 0."""

    place: IncidentPlace
    failure: str
    at: int


@dataclass(frozen=True, slots=True)
class ScrubReport:
    """How far the scrub is and what it found last; kept, so that it goes on after a restart.

    ``height`` and ``index``: the next block of consensus to look at, and the first leaf that it can bring. ``payload``: the last one that was read.
    ``complete_ms``: when a whole round ended last, ``None`` before the first. ``rounds``: how many did.
    """

    findings: tuple[Damage, ...] = ()
    complete_ms: int | None = None
    height: int = 1
    index: int = 0
    payload: str = ""
    rounds: int = 0

    def begun(self) -> Self:
        """A new round: from the first block and the first payload, with nothing found yet."""
        return replace(self, findings=(), height=1, index=0, payload="")

    def found(self, *damage: Damage) -> Self:
        """With more findings."""
        return replace(self, findings=(*self.findings, *damage))
