"""A service at work in a process of its own, until somebody kills it: ``at_work.py HOME FIRST``, the cast on stdin.

Says what was acknowledged, one line each, as soon as it was: ``sent``, ``confirmed`` and ``erased`` with the transfer.
"""

from __future__ import annotations

import json
import sys
from itertools import count
from pathlib import Path

from akashi.clock import FixedClock
from tests.app.service import START, Cast, Service, checkup_file


def say(*words: str) -> None:
    """One line, at once."""
    sys.stdout.write(" ".join(words) + "\n")
    sys.stdout.flush()


def main(home: Path, first: int, cast: Cast) -> None:
    """Send, open, confirm and erase, again and again."""
    service = Service(home, cast, FixedClock(START + first))
    say("ready")
    for seed in count(first):
        name = service.send(service.draft(checkup_file(people=2, seed=seed))).transfer
        say("sent", name)
        if seed % 2:
            service.open(name)
            service.confirm(name)
            say("confirmed", name)
            service.server.housekeeping.run_once()
            say("erased", name)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), Cast(**json.loads(sys.stdin.readline())))
