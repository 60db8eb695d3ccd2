"""Runs in a process of its own: a batch in two processes, killed when its first file is through. ``orphans IN OUT``."""

from __future__ import annotations

import os
import signal
import sys
from multiprocessing import active_children
from pathlib import Path

from akashi.app.checkup.batch import run_batch
from akashi.app.checkup.batch_inputs import Found
from akashi.app.checkup.batch_products import Terms
from akashi.app.checkup.batch_work import Outcome
from tests.app.checkup.batches import tables


class Watch:
    """Tells the processes of the pool, and dies."""

    def begun(self, total: int) -> None:
        """Nothing to see yet."""

    def reading(self, found: Found, done: int, total: int) -> None:
        """Nothing to see here."""

    def finished(self, outcome: Outcome) -> None:
        """The end."""
        sys.stdout.write(" ".join(str(child.pid) for child in active_children()))
        sys.stdout.flush()
        os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    run_batch([Path(sys.argv[1])], Path(sys.argv[2]), tables(), Terms(), jobs=2, watch=Watch())
