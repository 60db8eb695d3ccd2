"""One server of a network as a process of its own that can be hurt: killed at a step, skewed, made to answer differently, repaired.

Every line of standard input is one JSON order with an ``id``; its answer is one line with the same ``id``, in any order, for a submission may wait while others are asked. A
repair that is wanted is done before the server is opened; once the guard wants one, the process says so and ends with :data:`WANTED`, as a service manager's unit would.
"""

from __future__ import annotations

import base64
import json
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

from akashi.app.config import ServerPaths, ServerSettings, server_paths
from akashi.app.keys.opening import open_keystore
from akashi.app.network import company, running
from akashi.app.network.company import Seat
from akashi.app.network.running import NetworkNode
from akashi.app.repair.mending import open_repaired
from akashi.app.repair.repairing import Repaired, Repairer
from akashi.app.repair.scrubbing import Guard, Pace
from akashi.app.server.founding import SERVER_KEY
from akashi.clock import SystemClock
from akashi.errors import AkashiError
from akashi.keys.keystore import FileKeystore
from akashi.ledger.author import Author
from akashi.ledger.engine.replica import Executed
from akashi.ledger.model import Operation
from akashi.ledger.port import Acknowledged
from akashi.network.application import Committed
from akashi.network.model import ServerRecord
from akashi.network.node.config import NodeSettings
from akashi.network.node.install import Installed
from akashi.network.scrub.model import Damage
from tests.app.network.four import PASSPHRASE
from tests.faults.network.dying import arm
from tests.faults.network.evil import Evil

WANTED = 17
"""Exit code: a repair is wanted; start again."""
_PACE = Pace(quick_s=0.5, round_s=2.0, rest=0.5)


class SkewedClock(SystemClock):
    """The machine's clock, off by ``skew_ms``. CometBFT's own clock stays right: the program reads the machine's."""

    skew_ms = 0

    def now_ms(self) -> int:
        """The wrong time."""
        return super().now_ms() + self.skew_ms


class Hurt:
    """A node, its guard, and what is done to them."""

    def __init__(self, paths: ServerPaths, keystore: FileKeystore, guarded: bool) -> None:
        self.alarms: list[str] = []
        self.misbehaved: list[str] = []
        self.clock = SkewedClock()
        self.node = NetworkNode(paths, keystore, self.clock, alarm=self._told)
        secretariat = (paths.public / "secretariat").read_text().strip()
        machine = Author(self.node.engine, keystore.signer(SERVER_KEY), secretariat, self.clock)
        self.guard = Guard(self.node, machine, self.clock, self._wanted, pace=_PACE) if guarded else None
        told = self.node._committed

        def committed(block: Committed) -> None:
            self.misbehaved += [address.hex() for address in block.misbehaved]
            told(block)

        self.node._committed = committed  # type: ignore[method-assign] # the test listens where the engine does

    def _told(self, problem: AkashiError) -> None:
        self.alarms.append(problem.code)

    def _wanted(self, damage: Damage) -> None:
        say({"wanted": damage.place.name, "failure": damage.failure, "at_s": time.time()})
        threading.Thread(target=self._end, daemon=True).start()

    def _end(self) -> None:
        time.sleep(0.1)
        os._exit(WANTED)

    def submit(self, envelopes: Sequence[str]) -> dict[str, Any]:
        """What came of each: index, or the code and reason of the refusal."""
        outcomes = self.node.engine.submit_many([base64.b64decode(one) for one in envelopes])
        return {"outcomes": [one.index if isinstance(one, Acknowledged) else _said(one) for one in outcomes]}

    def status(self) -> dict[str, Any]:
        """Where it stands."""
        engine, newest = self.node.engine, self.node.notes.newest()
        return {
            "size": engine.size, "root": engine._head().header.root.hex(), "height": self.node.chain.position.height,
            "quorum": 0 if newest is None else newest[0], "unfinished": engine.unfinished(), "alarms": self.alarms[-50:],
            "node": self.node.process.state.name, "misbehaved": self.misbehaved,
            "up": sum(state.up for state in self.node.links.states().values()),
            "block_ms": engine._head().header.block_ms,
            "rejected": self.evil.counted["rejected"], "lied": self.evil.counted["lied"],
        }  # fmt: skip

    def die_at(self, point: str, occurrence: int) -> dict[str, Any]:
        """Kill this process when it passes a point for the n-th time from now."""
        arm(self.node, point, occurrence)
        return {}

    def kill_node(self) -> dict[str, Any]:
        """SIGKILL to the node alone."""
        pid = self.node.process.pid
        if pid is not None:
            os.kill(pid, signal.SIGKILL)
        return {"pid": pid}

    def lie(self, lie: str) -> dict[str, Any]:
        """Propose what one must not (a name of ``evil.LIES``), or nothing wrong any more; what was done of it so far."""
        evil = self.evil
        told = {"lied": evil.counted["lied"]}
        evil.told, evil.counted["lied"] = lie, 0
        return told

    @property
    def evil(self) -> Evil:
        """The application, which lies only when told to."""
        application = self.node.abci._application
        assert isinstance(application, Evil)
        return application

    def skew(self, ms: int) -> dict[str, Any]:
        """Put the clock of this process forward or back."""
        self.clock.skew_ms = ms
        return {}

    def differ(self) -> dict[str, Any]:
        """From now on execute blocks a millisecond later than everybody else: an app that is not deterministic."""
        right = self.node.chain.execute

        def wrong(height: int, block_ms: int, operations: Sequence[Operation]) -> Executed:
            return right(height, block_ms + 1, operations)

        self.node.chain.execute = wrong  # type: ignore[method-assign] # this is the fault
        return {}


class Told(Repairer):
    """A repair that tells the driver what came of it."""

    def __init__(self, paths: ServerPaths, keystore: FileKeystore) -> None:
        super().__init__(paths, keystore, SystemClock(), timeout_s=600)

    def run(self, damage: Damage) -> Repaired:
        """As the repair itself."""
        say({"repairing": damage.place.name, "failure": damage.failure})
        done = super().run(damage)
        say({"repaired": done.size, "ms": done.took_ms})
        return done


def _said(problem: AkashiError) -> str:
    return f"{problem.code} {problem.params.get('reason', '')}".strip()


_OUT = threading.Lock()


def say(words: dict[str, Any]) -> None:
    """One line for the driver."""
    with _OUT:
        print(json.dumps(words), flush=True)


def _answer(hurt: Hurt, words: dict[str, Any]) -> None:
    number, verb = words.pop("id"), words.pop("do")
    try:
        say({"id": number, **getattr(hurt, verb)(**words)})
    except AkashiError as error:
        say({"id": number, "error": error.code})


_VALUED = {"--binary", "--listen", "--through", "--record"}


def _prepare(flags: Sequence[str]) -> None:
    """Hang what can be hurt into this process: ``--binary PATH``, ``--listen PLACE``, ``--through PLACE=PLACE`` (a node's place and where it is dialled instead), ``--record FILE``."""
    words = list(flags)
    given = [(one, words[at + 1]) for at, one in enumerate(words) if one in _VALUED]
    _hang(running, "LedgerApplication", Evil)
    Evil.record = next((Path(value) for flag, value in given if flag == "--record"), None)
    program = next((Installed(Path(value), "", "", "") for flag, value in given if flag == "--binary"), None)
    if program is not None:
        _hang(running, "pinned", lambda: program)
    listen = next((value for flag, value in given if flag == "--listen"), None)
    through = dict(value.split("=", 1) for flag, value in given if flag == "--through")
    right = company.node_settings

    def changed(seat: Seat, chain_id: str, known: Sequence[ServerRecord], *, votes: bool = True) -> NodeSettings:
        settings = right(seat, chain_id, known, votes=votes)
        peers = tuple(replace(one, place=through.get(one.place, one.place)) for one in settings.peers)
        return replace(settings, peers=peers, listen=listen or settings.listen)

    _hang(company, "node_settings", changed)


def _hang(module: ModuleType, name: str, thing: object) -> None:
    """Put a fault in place of a name that the module uses; one that it does not have would be no fault."""
    getattr(module, name)
    setattr(module, name, thing)


def main(home: Path, flags: Sequence[str]) -> None:
    """Repair if wanted (``--guarded``), then serve until standard input ends."""
    guarded = "--guarded" in flags
    _prepare(flags)
    logging.basicConfig(level=logging.ERROR)
    paths = server_paths(home)

    def opened() -> Hurt:
        made = Hurt(paths, keystore, guarded)
        made.node.start()
        return made

    try:
        keystore = open_keystore(home, paths.keys, PASSPHRASE, ServerSettings())
        hurt = open_repaired(lambda: Told(paths, keystore), paths, opened) if guarded else opened()
    except AkashiError as error:
        say({"refused": error.code, "failure": str(error.params.get("failure", ""))})
        return
    if hurt.guard is not None:
        hurt.guard.start()
    say({"ready": True})
    try:
        for line in sys.stdin:
            threading.Thread(target=_answer, args=(hurt, json.loads(line)), daemon=True).start()
    finally:
        if hurt.guard is not None:
            hurt.guard.stop()
        hurt.node.stop()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
