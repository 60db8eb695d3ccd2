"""Runs in a process of its own and dies of SIGKILL in the middle of its work: ``killed.py HOME POINT``."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from akashi.exchange.model import WithdrawReason
from tests.exchange.world import CLERK, SENDER, World, request


def die(*_: object, **__: object) -> None:
    """Nothing of ours runs after this."""
    os.kill(os.getpid(), signal.SIGKILL)


def main(home: Path, point: str) -> None:
    """Send, or erase, until the point is reached."""
    world = World(home)
    exchange = world.gateways[SENDER].exchange
    target, name = {
        "stage": (exchange._store, "pin"),
        "queue": (exchange._outbox, "_push"),
        "submit": (exchange._store, "settle"),
        "destroy": (world.vault, "scrub"),
        "intent": (world.vault._slots, "wipe"),
    }[point]
    if point in ("destroy", "intent"):
        sent = exchange.send(request(), world.acting(CLERK)).transfer
        exchange.withdraw(sent, WithdrawReason.WRONG_CONTENT, world.acting(CLERK))
    setattr(target, name, die)
    if point in ("destroy", "intent"):
        world.housekeeping().run_once()
    exchange.send(request(), world.acting(CLERK))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
