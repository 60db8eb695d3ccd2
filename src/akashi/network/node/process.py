"""The node's process: started, watched, started again, stopped.

Guarantees: one thread owns the process for its whole life; the process dies with ours (``launch``). An end that nobody asked for is
reported (:class:`NodeDied`) and mended by a new start after a growing pause, at most ``most`` times in a row
(:class:`NodeGaveUp`). A node whose consensus halted is *not* started again: it is stopped and :class:`ConsensusHalted` is reported,
as going on alone could break the agreement. Refuses: to start where the sign state is lost. The environment holds nothing but a
home and how Go runs: CometBFT would take settings from it.

Start the ledger's socket first: the node looks for it once, then every 3 s.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import IO

from akashi.errors import AkashiError, Misuse
from akashi.network.node.errors import BadAnswer, ConsensusHalted, NodeAway, NodeDied, NodeGaveUp, NodeRefused, NotReady
from akashi.network.node.home import NodeHome
from akashi.network.node.keys import check_sign_state
from akashi.network.node.logs import LIMIT, LONGEST_LINE, NodeLog
from akashi.network.node.rpc import NodeClient
from akashi.network.node.rules import pause_ms

LAUNCH = Path(__file__).with_name("launch.py")
HALTED = b"CONSENSUS FAILURE!!!"
"""CometBFT says so, and goes on answering questions without ever voting again (v0.38 ``consensus/state.go``)."""
GO = {"GOMAXPROCS": "1"}
"""One processor for Go's scheduler: a node waits most of the time, and looking for work on others costs it half of what it takes at rest (docs/network-node.md 8)."""
LOOK_S = 0.05
START_S = 120.0
"""How long a start may take: a machine that is slow, or reads its programs from a cold disk, has not failed."""


class NodeState(Enum):
    """Where the node is in its life."""

    STOPPED = "stopped"
    STARTING = "starting"
    RUNNING = "running"
    PAUSING = "pausing"
    HALTED = "halted"
    FAILED = "failed"


_SETTLED = {NodeState.STOPPED, NodeState.HALTED, NodeState.FAILED}


@dataclass(frozen=True)
class Patience:
    """``most``: ends in a row before giving up; one that comes after ``steady_s`` of running is the first again.

    ``grace_s``: how long a node that was asked to stop may take before it is killed.
    """

    most: int = 8
    first: int = 8
    """The same for a node that has not answered once since it was started: it will hardly do so the next time."""
    steady_s: float = 60.0
    grace_s: float = 10.0


def _nobody(problem: AkashiError) -> None:
    """Where nobody listens."""


class NodeProcess:
    """The program ``binary`` on ``home``. ``report`` hears of every problem, on the thread that owns the process."""

    def __init__(
        self,
        binary: Path,
        home: NodeHome,
        *,
        report: Callable[[AkashiError], None] = _nobody,
        patience: Patience | None = None,
        arguments: Sequence[str] = (),
        log_limit: int = LIMIT,
    ) -> None:
        self.home, self.client = home, NodeClient(home.rpc_socket)
        self._report, self._patience = report, patience or Patience()
        self._command = (str(binary), "start", "--home", str(home.cometbft), *arguments)
        self._log_limit = log_limit
        self._changed = threading.Condition()
        self._state = NodeState.STOPPED
        self._answered = False
        self._ending = threading.Event()
        self._halting = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        self._thread: threading.Thread | None = None

    @property
    def state(self) -> NodeState:
        """Where it is now."""
        with self._changed:
            return self._state

    @property
    def pid(self) -> int | None:
        """The process, while there is one."""
        with self._changed:
            return self._process.pid if self._process else None

    def start(self, timeout_s: float = START_S) -> None:
        """Start it and wait until it answers. Raises ``SignStateLost``, :class:`NodeGaveUp` or :class:`NotReady`.

        After :class:`NotReady` the node goes on starting (it may be reading its blocks): wait with :meth:`wait`, or stop it.
        """
        check_sign_state(self.home)
        if self._thread is not None and self._thread.is_alive():
            raise Misuse(what="the node is started already")
        self._ending.clear()
        self._halting.clear()
        self._answered = False
        self._set(NodeState.STARTING)
        self._thread = threading.Thread(target=self._live, name="akashi-node", daemon=True)
        self._thread.start()
        self.wait(timeout_s)

    def wait(self, timeout_s: float) -> None:
        """Wait until it answers. Raises :class:`NodeGaveUp`, :class:`ConsensusHalted` or :class:`NotReady`."""
        with self._changed:
            self._changed.wait_for(lambda: self._state in {NodeState.RUNNING, *_SETTLED}, timeout_s)
            state = self._state
        if state is NodeState.FAILED:
            raise NodeGaveUp(count=self._most)
        if state is NodeState.HALTED:
            raise ConsensusHalted
        if state is not NodeState.RUNNING:
            raise NotReady(seconds=int(timeout_s))

    def stop(self) -> None:
        """Stop it and wait for its end; it is killed when it takes longer than the grace. Idle calls are harmless."""
        self._ending.set()
        self._signal(kill=False)
        thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(self._patience.grace_s)
            if thread.is_alive():
                self._signal(kill=True)
                thread.join()
        self.client.close()

    def restart(self, timeout_s: float = START_S) -> None:
        """Stop it and start it with what its files say now. Raises as :meth:`start`, and :class:`ConsensusHalted` for one that was halted, which stays so."""
        self.stop()
        if self._halting.is_set():
            self._settle(NodeState.HALTED, ConsensusHalted())
            raise ConsensusHalted
        self.start(timeout_s)

    def halt(self) -> None:
        """Stop it for good, at once and from any thread, without waiting: the ledger found that going on would be wrong."""
        self._halting.set()
        self._signal(kill=True)

    @property
    def _most(self) -> int:
        """How many ends in a row it may have now."""
        patience = self._patience
        return patience.most if self._answered else min(patience.first, patience.most)

    def _live(self) -> None:
        """What runs on the owning thread. It ends with the process, so it may end in no state but a settled one."""
        try:
            self._keep_alive()
        finally:
            if self.state not in _SETTLED:
                self._set(NodeState.FAILED)

    def _keep_alive(self) -> None:
        """Start it, and again, until it is to end, halts, or ends too often."""
        deaths = 0
        while True:
            began = time.monotonic()
            status = self._once()
            if self._ending.is_set():
                return self._set(NodeState.STOPPED)
            if self._halting.is_set():
                return self._settle(NodeState.HALTED, ConsensusHalted())
            deaths = 1 if time.monotonic() - began > self._patience.steady_s else deaths + 1
            self._report(NodeDied(status=status))
            if deaths >= self._most:
                return self._settle(NodeState.FAILED, NodeGaveUp(count=deaths))
            self._set(NodeState.PAUSING)
            if self._ending.wait(pause_ms(deaths) / 1000):
                return self._set(NodeState.STOPPED)
            self._set(NodeState.STARTING)

    def _once(self) -> int:
        """One process from its start to its end; its exit status (negative: the signal)."""
        self.home.rpc_socket.unlink(missing_ok=True)  # a killed node leaves it, and could not listen there again
        process = subprocess.Popen(
            [sys.executable, "-I", "-S", str(LAUNCH), str(os.getpid()), *self._command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={"HOME": str(self.home.cometbft), **GO},
            cwd=self.home.cometbft,
            start_new_session=True,
        )
        with self._changed:
            self._process = process
        if self._ending.is_set() or self._halting.is_set():  # it was asked for before there was a process to tell
            process.kill()
        assert process.stdout is not None  # noqa: S101 - it was asked for
        reader = threading.Thread(target=self._read, args=(process.stdout,), name="akashi-node-log", daemon=True)
        reader.start()
        self._await_answer(process)
        status = process.wait()
        reader.join()
        process.stdout.close()
        with self._changed:
            self._process = None
        self.client.close()
        return status

    def _await_answer(self, process: subprocess.Popen[bytes]) -> None:
        """Ask until it answers or ends."""
        while process.poll() is None:
            with suppress(NodeAway, NodeRefused, BadAnswer):
                self.client.status()
                self._answered = True
                self._set(NodeState.RUNNING)
                return
            with suppress(subprocess.TimeoutExpired):
                process.wait(LOOK_S)

    def _read(self, lines: IO[bytes]) -> None:
        """Keep what it says, until it ends, and notice when its consensus halts."""
        log = NodeLog(self.home.log, self._log_limit)
        try:
            for line in iter(lambda: lines.readline(LONGEST_LINE), b""):
                log.write(line)
                if HALTED in line:
                    self.halt()
        finally:
            log.close()

    def _signal(self, *, kill: bool) -> None:
        with self._changed:
            process = self._process
        if process is not None:
            (process.kill if kill else process.terminate)()

    def _set(self, state: NodeState) -> None:
        with self._changed:
            self._state = state
            self._changed.notify_all()

    def _settle(self, state: NodeState, problem: AkashiError) -> None:
        self._report(problem)
        self._set(state)
