"""One whole server as a process of its own, told by JSON lines what to do: what ``akashi serve`` and ``akashi network run`` run, without the doors for people and gateways.

Server 1 is the founding server with its payload store, the others are further servers; guard, scrub and copies run as they ship. Every line of standard input is answered
by one line. Used by ``bench.sites``. Run: ``python -m bench.site_process HOME``
"""

from __future__ import annotations

import base64
import json
import logging
import os
import random
import sys
import time
from pathlib import Path
from typing import Any

from akashi.app.config import ServerSettings, server_paths
from akashi.app.keys.opening import open_keystore
from akashi.app.network.running import NetworkNode
from akashi.app.network.serving import ReplicaServer
from akashi.app.server.founding import SECRETARIAT_KEY
from akashi.app.server.home import Server
from akashi.clock import SystemClock
from akashi.errors import AkashiError
from akashi.keys.openers import opening_key_id, xwing_public
from akashi.ledger.port import Acknowledged
from akashi.vault.model import Part, Recipient
from akashi.vault.sealing import Sealing, seal
from akashi.vault.service import Vault
from tests.app.network.four import PASSPHRASE

MIB = 1 << 20


class Site:
    """One opened server and what it is told."""

    def __init__(self, home: Path) -> None:
        paths, clock = server_paths(home), SystemClock()
        keystore = open_keystore(home, paths.keys, PASSPHRASE, ServerSettings())
        self.server: Server | ReplicaServer
        if SECRETARIAT_KEY in keystore.names():
            self.server = founder = Server(paths, keystore, clock)
            assert founder.node is not None
            self.node: NetworkNode = founder.node
            self.close = founder.close
        else:
            self.server = further = ReplicaServer.reopen(home, keystore, clock)
            further.start()
            self.node, self.close = further.node, further.stop
        self._sealed: tuple[Sealing, list[bytes]] | None = None

    @property
    def _vault(self) -> Vault:
        return self.server.vault

    def submit(self, envelopes: list[str], one_by_one: bool = False) -> dict[str, Any]:
        """What came of each: index or the code of the refusal; seconds, each or together."""
        raw = [base64.b64decode(one) for one in envelopes]
        outcomes: list[Any] = []
        seconds = []
        for group in [[one] for one in raw] if one_by_one else [raw]:
            begun = time.perf_counter()
            outcomes += self.node.engine.submit_many(group)
            seconds.append(time.perf_counter() - begun)
        told = [one.index if isinstance(one, Acknowledged) else one.code for one in outcomes]
        return {"outcomes": told, "seconds": seconds}

    def seal(self, mib: float, seed: int) -> dict[str, Any]:
        """Make a payload that does not compress, for :meth:`push`; processor seconds of sealing it."""
        draw, public, begun = random.Random(seed), xwing_public(bytes(32)), time.process_time()
        content = [draw.randbytes(MIB) for _ in range(int(mib))] or [draw.randbytes(int(mib * MIB))]
        begun = time.process_time()
        sealing = seal(
            [Part("a", content)], media_type="application/octet-stream",
            recipients=[Recipient(opening_key_id(public), 1, public)], ledger_id=self.node.engine.ledger_id,
        )  # fmt: skip
        self._sealed = (sealing, list(sealing.chunks()))
        return {"cpu": time.process_time() - begun, "bytes": sum(map(len, self._sealed[1]))}

    def push(self) -> dict[str, Any]:
        """Store what was sealed, here and at a quorum: seconds, or the code of what kept it from that."""
        assert isinstance(self.server, Server)
        assert self._sealed is not None
        sealing, chunks = self._sealed
        begun = time.perf_counter()
        try:
            self.server.payloads.stage(sealing.payload_id, sealing.wraps, chunks)
        except AkashiError as error:
            refused = {"error": error.code}
        else:
            refused = {}
        return {**refused, "seconds": time.perf_counter() - begun, "payload": sealing.payload_id.hex()}

    def holds(self, payload: str) -> dict[str, Any]:
        """How many bytes of a payload are here."""
        return {"size": self._vault.size(bytes.fromhex(payload)) or 0}

    def read(self, payload: str) -> dict[str, Any]:
        """Read a payload through and hash it, as the scrub does for each copy: processor seconds."""
        begun, size = time.process_time(), 0
        for piece in self._vault.body(bytes.fromhex(payload)):
            size += len(piece)
        return {"cpu": time.process_time() - begun, "bytes": size}

    def status(self) -> dict[str, Any]:
        """Where it stands, and whose processor time is whose."""
        engine, newest = self.node.engine, self.node.notes.newest()
        return {
            "size": engine.size, "height": self.node.chain.position.height, "quorum": 0 if newest is None else newest[0],
            "unfinished": engine.unfinished(), "node": self.node.process.state.name, "pid": os.getpid(),
            "node_pid": self.node.process.pid, "alarms": sorted({one.code for one in self.server.alarms}),
        }  # fmt: skip


def main(home: str) -> None:
    """Serve until standard input ends."""
    logging.basicConfig(level=logging.ERROR)
    site = Site(Path(home))
    print(json.dumps({"ready": True}), flush=True)
    try:
        for line in sys.stdin:
            words = json.loads(line)
            print(json.dumps(getattr(site, words.pop("do"))(**words)), flush=True)
    finally:
        site.close()


if __name__ == "__main__":
    main(sys.argv[1])
