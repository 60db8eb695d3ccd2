"""Runs in a process of its own and dies of SIGKILL at a step of an erasure: ``killed.py HOME CAST STEP``."""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

from akashi.app.gateway.home import acting
from akashi.clock import FixedClock
from akashi.exchange.model import WithdrawReason
from akashi.vault.service import Vault
from akashi.vault.slots import Slots
from akashi.vault.store import BodyStore
from tests.app.service import CLINIC, START, Cast, Service


def die(*_: object, **__: object) -> None:
    """Nothing of ours runs after this."""
    os.kill(os.getpid(), signal.SIGKILL)


def after(owner: Any, name: str) -> None:
    """Die as soon as the real step is done."""
    real = getattr(owner, name)

    def call(*args: object, **options: object) -> None:
        real(*args, **options)
        die()

    setattr(owner, name, call)


def arm(step: str) -> None:
    """Put the death where the step says."""
    match step:
        case "before the slots":
            setattr(Slots, "wipe", die)  # noqa: B010 - the fault
        case "after the slots":
            after(Slots, "wipe")
        case "after the rows":
            after(BodyStore, "finish_erasure")
        case "after the erasure":
            after(Vault, "erase")
        case "in the scrub":
            after(BodyStore, "vacuum")
        case "before the receipt":
            after(Vault, "scrub")


def main(home: Path, cast: Cast, step: str) -> None:
    """Withdraw what was sent, let housekeeping erase it, and die on the way."""
    service = Service(home, cast, FixedClock(START + 1_000))
    name = service.clinic.exchange.outbox()[0].handle
    session = service.session(CLINIC)
    service.clinic.exchange.withdraw(name, WithdrawReason.WRONG_CONTENT, acting(session))
    arm(step)
    service.server.housekeeping.run_once()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Cast(**json.loads(sys.stdin.read())), sys.argv[2])
