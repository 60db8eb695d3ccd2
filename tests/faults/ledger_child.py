"""A process that writes to a ledger and kills itself, by SIGKILL, at a named point: run by test_ledger_kill.py."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from akashi.errors import AkashiError
from tests.ledger.world import World


def main(directory: Path, point: str, occurrence: int, batch: int) -> None:
    """Submit operations in batches, print each acknowledged number, die at the given occurrence of the point."""
    passed = 0

    def trace(name: str) -> None:
        nonlocal passed
        passed += name == point
        if name == point and passed == occurrence:
            os.kill(os.getpid(), signal.SIGKILL)

    world = World()
    engine = world.open(directory, trace=trace)
    for start in range(0, 12, batch):
        numbers = range(start + 100, start + 100 + batch)
        envelopes = [world.noted(n, slot=n, nonce=n.to_bytes(16, "big")) for n in numbers]
        for n, outcome in zip(numbers, engine.submit_many(envelopes), strict=True):
            if not isinstance(outcome, AkashiError):
                print(n, outcome.operation_id.hex(), outcome.index, flush=True)
    engine.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
