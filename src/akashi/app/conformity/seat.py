"""What the pages and the REST API of one gateway share about conformity: the run under way, and the runs on the ledger.

Guarantees: one run at a time whichever face started it; a recorded run is looked up on the ledger once and remembered, because it never
changes; verdicts are computed anew after every write, and twice a minute without one, because they expire. Refuses: nothing itself. Trusts: whoever makes it for what a run stands on (``context``).
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from akashi.app.conformity.running import RunDesk, Standing
from akashi.app.gateway.home import Gateway
from akashi.app.selfcheck.context import SelfContext
from akashi.conformity.evaluation import Results
from akashi.conformity.events import RUNS
from akashi.conformity.model import Answer
from akashi.conformity.service import RunRecord
from akashi.identity.model import Session

_RUN_SPACE = "run"
_FRESH_MS = 30_000
Contexts = Callable[[Session], SelfContext]


class Seat:
    """One for each gateway process. Thread-safe."""

    def __init__(self, gateway: Gateway, contexts: Contexts) -> None:
        self._gateway, self._contexts = gateway, contexts
        self._runs = RunDesk()
        self._known: dict[str, RunRecord] = {}
        self._judged: tuple[tuple[tuple[int, int], int], Results, list[Answer]] | None = None
        self._lock = threading.Lock()

    @property
    def standing(self) -> Standing:
        """How the newest run of this process stands."""
        return self._runs.standing

    def start(self, session: Session) -> bool:
        """Start a run unless one is under way. Raises ``PermissionDenied``."""
        return self._runs.start(self._contexts(session), session)

    def wait(self, seconds: float) -> None:
        """Wait for the run under way."""
        self._runs.wait(seconds)

    def results(self) -> Results:
        """All verdicts as of now (at most half a minute old)."""
        return self._now()[1]

    def answers(self) -> list[Answer]:
        """The newest answer to each item."""
        return self._now()[2]

    def _now(self) -> tuple[tuple[tuple[int, int], int], Results, list[Answer]]:
        conformity = self._gateway.conformity
        key = conformity.documents.stamp(), conformity.now_ms() // _FRESH_MS
        judged = self._judged
        if judged is None or judged[0] != key:
            judged = self._judged = key, conformity.results(), conformity.answers.all()
        return judged

    def runs(self) -> list[RunRecord]:
        """The runs that are on the ledger and kept here, the newest first."""
        kept = self._gateway.conformity.documents.keys(_RUN_SPACE)
        with self._lock:
            for name in kept:
                if name not in self._known and (found := self._on_ledger(name)) is not None:
                    self._known[name] = found
            return sorted((self._known[name] for name in kept if name in self._known), key=lambda one: -one.index)

    def _on_ledger(self, name: str) -> RunRecord | None:
        """The run as the ledger has it; ``None`` where it was kept and never acknowledged."""
        with self._gateway.ledger.view() as state:
            value = state.get(RUNS, name.encode())
        match value:
            case [str(), int(), bytes(), int(items), int(judged), *counts]:
                index = next((one.index for one in self._gateway.ledger.entries(name)), 0)
                return RunRecord(name, judged, index, items, tuple(one for one in counts if isinstance(one, int)))
            case _:
                return None
