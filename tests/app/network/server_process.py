"""One server of a network as a process of its own, driven by JSON lines: tests and benches kill it, cut it off, and ask it.

Say ``{"do": "submit", "count": 3, "seed": 1}`` and the like on standard input; every line is answered by one line. Invented institutions are registered by the
secretariat's key, which only server 1 has; the others are handed envelopes.
"""

from __future__ import annotations

import base64
import json
import logging
import os
import random
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from akashi.app.config import ServerSettings, server_paths
from akashi.app.keys.opening import open_keystore
from akashi.app.network.running import NetworkNode
from akashi.app.server.founding import SECRETARIAT_KEY
from akashi.clock import SystemClock
from akashi.identity.events import InstitutionRegistered
from akashi.identity.handles import ALPHABET, LENGTH
from akashi.ledger.author import Author
from akashi.ledger.port import Acknowledged
from tests.app.network.four import PASSPHRASE


class Driven:
    """A node and what it is told to do."""

    def __init__(self, home: Path) -> None:
        paths = server_paths(home)
        keystore = open_keystore(home, paths.keys, PASSPHRASE, ServerSettings())
        self.alarms: list[str] = []
        self.node = NetworkNode(paths, keystore, SystemClock(), alarm=lambda error: self.alarms.append(error.code))
        self.author: Author | None = None
        if SECRETARIAT_KEY in keystore.names():
            secretariat = (paths.public / "secretariat").read_text().strip()
            self.author = Author(self.node.engine, keystore.signer(SECRETARIAT_KEY), secretariat, SystemClock())

    def compose(self, count: int, seed: int) -> dict[str, Any]:
        """Signed envelopes, base64."""
        assert self.author is not None
        draw = random.Random(seed)
        made = []
        for _ in range(count):
            handle = "inst-" + "".join(draw.choice(ALPHABET) for _ in range(LENGTH))
            body = InstitutionRegistered(institution=handle, roles=1, directory=draw.randbytes(32))
            made.append(base64.b64encode(self.author.compose(body, subject=handle)).decode())
        return {"envelopes": made}

    def submit(self, envelopes: list[str], one_by_one: bool = False) -> dict[str, Any]:
        """What came of each: index or the code of the refusal; seconds, each or together."""
        raw = [base64.b64decode(one) for one in envelopes]
        groups = [[one] for one in raw] if one_by_one else [raw]
        outcomes, seconds = [], []
        for group in groups:
            begun = time.perf_counter()
            outcomes += self.node.engine.submit_many(group)
            seconds.append(time.perf_counter() - begun)
        told = [one.index if isinstance(one, Acknowledged) else one.code for one in outcomes]
        return {"outcomes": told, "seconds": seconds}

    def status(self) -> dict[str, Any]:
        """Where it stands."""
        engine, newest = self.node.engine, self.node.notes.newest()
        return {
            "size": engine.size,
            "root": engine._head().header.root.hex(),
            "height": self.node.chain.position.height,
            "quorum": 0 if newest is None else newest[0],
            "unfinished": engine.unfinished(),
            "alarms": self.alarms[-20:],
            "links": {server: state.up for server, state in self.node.links.states().items()},
            "node": self.node.process.state.name,
            "node_pid": self.node.process.pid,
            "pid": os.getpid(),
            "cpu": time.process_time(),
        }


def main(home: str) -> None:
    """Serve until standard input ends."""
    logging.basicConfig(level=logging.ERROR)
    driven = Driven(Path(home))
    driven.node.start()
    verbs: dict[str, Callable[..., dict[str, Any]]] = {
        "compose": driven.compose, "submit": driven.submit, "status": driven.status,
    }  # fmt: skip
    print(json.dumps({"ready": True}), flush=True)
    try:
        for line in sys.stdin:
            words = json.loads(line)
            print(json.dumps(verbs[words.pop("do")](**words)), flush=True)
    finally:
        driven.node.stop()


if __name__ == "__main__":
    main(sys.argv[1])
