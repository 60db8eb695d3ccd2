"""Runs in a process of its own and dies of SIGKILL between an opening and its alert: ``killed_opening.py HOME ACCOUNT``, the cast on stdin."""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path

from akashi.app.duty import emergencies
from akashi.clock import FixedClock
from akashi.identity.emergency.model import OpenReason
from akashi.identity.emergency.watching import Watch
from tests.app.service import CLINIC, START, Cast, Service


def die(_: Watch) -> int:
    """Nothing of ours runs after this."""
    os.kill(os.getpid(), signal.SIGKILL)
    return 0


def main(home: Path, account: str, cast: Cast) -> None:
    """Open alone for a listed reason, and die before anybody is told."""
    service = Service(home, cast, FixedClock(START + 1_000))
    session = service.session(CLINIC)
    setattr(Watch, "look", die)  # noqa: B010 - the fault
    emergencies.open_alone(service.clinic, session, account, OpenReason.DISASTER)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], Cast(**json.loads(sys.stdin.read())))
