"""Repairs a home in a process of its own and falls where it is told to: ``python -m tests.app.repair.breaking HOME STEP SECONDS``."""

from __future__ import annotations

import os
import signal
import sys
import threading
from pathlib import Path

from akashi.app.config import ServerSettings, server_paths
from akashi.app.keys.opening import open_keystore
from akashi.app.repair.repairing import Repairer
from akashi.clock import SystemClock
from akashi.network.model import IncidentPlace
from akashi.network.scrub.model import Damage
from tests.app.network.four import PASSPHRASE


def main(home: Path, step: str, seconds: float) -> None:
    """The process kills itself ``seconds`` after ``step`` has begun."""

    def told(said: str) -> None:
        if said == step:
            threading.Timer(seconds, lambda: os.kill(os.getpid(), signal.SIGKILL)).start()

    paths = server_paths(home)
    keystore = open_keystore(home, paths.keys, PASSPHRASE, ServerSettings())
    Repairer(paths, keystore, SystemClock(), told=told).run(Damage(IncidentPlace.LEAVES, "asked", 0))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], float(sys.argv[3]))
