"""Four servers, their lines and the books over them: started, hurt, healed and judged together.

Guarantees: every process that was started is ended and every namespace taken away when the ``with`` ends. What is drawn at random is drawn from the seed; what the operating system and
the servers do in between is not, so a seed repeats the plan of a run, not every interleaving.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as Late
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from akashi.app.config import ServerSettings, server_paths
from akashi.app.keys.opening import open_keystore
from akashi.app.network.joining import accept, found, make_server, prove
from akashi.app.server.home import Server
from akashi.clock import Clock, SystemClock
from akashi.keys.model import FAST_UNSAFE_COST
from akashi.ledger.wire.note import origin_parts
from akashi.network.model import Address
from tests.app.network.four import NAME, PASSPHRASE
from tests.faults.network.books import Books, Composer, Report, judge, size_of
from tests.faults.network.nursery import Forked, Nursery
from tests.faults.network.wires import Wires, why_not

ROOT = Path(__file__).parents[3]
PATIENCE_S = 300.0
"""For what must come: on a machine that is busy with other things too, and costs nothing where it comes."""
Answer = dict[str, Any]


class Gone(Exception):
    """The server ended before it answered."""


def make_homes(root: Path, addresses: Sequence[Address], clock: Clock) -> list[Path]:
    """Found a ledger and hand it over to servers at these addresses."""
    folders = [root / f"server-{number}" for number in range(1, len(addresses) + 1)]
    first = Server.create(folders[0], ServerSettings(), NAME, PASSPHRASE, clock, cost=FAST_UNSAFE_COST)
    try:
        log = origin_parts(first.engine.origin)[0]
        keystores, offers = [], []
        for folder, address in zip(folders[1:], addresses[1:], strict=True):
            made = make_server(folder, ServerSettings(), address, PASSPHRASE, clock, cost=FAST_UNSAFE_COST)
            keystores.append(open_keystore(folder, server_paths(folder).keys, PASSPHRASE, ServerSettings()))
            offers.append(prove(keystores[-1], made, log, first.secretariat_handle))
        invitations = found(first, addresses[0], offers)
        leaves = list(first.engine.leaves(0, first.engine.size))
    finally:
        first.close()
    for folder, keystore, invitation in zip(folders[1:], keystores, invitations, strict=True):
        accept(folder, keystore, invitation, leaves)
    return folders


class ServerProcess:
    """One running server; :meth:`ask` may be called from any thread."""

    def __init__(self, process: subprocess.Popen[str] | Forked) -> None:
        self.process = process
        self.said: list[Answer] = []
        """What it said unasked: ready, refused, repaired, wanted."""
        self._news = threading.Condition()
        self._asked: dict[int, Future[Answer]] = {}
        self._number = 0
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            try:
                words = json.loads(line)
            except ValueError:  # cut off in the middle of a word, by a kill
                continue
            with self._news:
                waiting = self._asked.pop(words.get("id", -1), None)
                if waiting is None:
                    self.said.append(words)
                self._news.notify_all()
            if waiting is not None:
                waiting.set_result(words)
        with self._news:
            left, self._asked = self._asked, {}
            self.said.append({"ended": True})
            self._news.notify_all()
        for one in left.values():
            one.set_exception(Gone())

    def hears(self, word: str, timeout_s: float = PATIENCE_S) -> Answer:
        """The first thing that it said unasked with this word. Raises :class:`Gone`, also when it takes too long."""
        ends = time.monotonic() + timeout_s
        with self._news:
            while True:
                for one in self.said:
                    if word in one:
                        return one
                if any("ended" in one for one in self.said) or not self._news.wait(max(0.0, ends - time.monotonic())):
                    raise Gone(f"{word}: {self.said}")

    def send(self, do: str, **words: Any) -> Future[Answer]:
        """Give an order; the answer comes later."""
        waiting: Future[Answer] = Future()
        assert self.process.stdin is not None
        with self._news:
            if any("ended" in one for one in self.said):
                waiting.set_exception(Gone())
                return waiting
            self._number += 1
            self._asked[self._number] = waiting
            with suppress(BrokenPipeError):  # it ended: the reader will say so
                self.process.stdin.write(json.dumps({"id": self._number, "do": do, **words}) + "\n")
                self.process.stdin.flush()
        return waiting

    def ask(self, do: str, timeout_s: float = 120.0, **words: Any) -> Answer:
        """Give an order and wait. Raises :class:`Gone`, ``TimeoutError``."""
        return self.send(do, **words).result(timeout_s)

    @property
    def alive(self) -> bool:
        """Whether the process runs."""
        return self.process.poll() is None

    def kill(self) -> None:
        """SIGKILL, and wait for the end."""
        self.process.kill()
        self.end(0.0)

    def end(self, patience_s: float = 120.0) -> None:
        """Ask it to stop; kill it if it does not."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        with suppress(BrokenPipeError):
            self.process.stdin.close()
        try:
            self.process.wait(max(patience_s, 5.0))
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self._reader.join(PATIENCE_S)
        self.process.stdout.close()


def _program(
    home: Path, before: Sequence[str], flags: Sequence[str], environment: Mapping[str, str]
) -> subprocess.Popen[str]:
    with open(home.with_name(home.name + ".log"), "ab") as log:
        return subprocess.Popen(
            [*before, sys.executable, "-m", "tests.faults.network.server_process", str(home), *flags],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True, cwd=ROOT,
            env={**os.environ, "PYTHONPATH": "src:verifier:.", **environment},
        )  # fmt: skip


@dataclass(frozen=True)
class Way:
    """How a server is started. ``flags``: of ``server_process``; ``environment``: what it is started with, which makes it a program of its own instead of a fork."""

    flags: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)


class Fleet:
    """All of it. Servers are numbered from 1; ``with Fleet(folder, seed) as fleet: fleet.start()``."""

    def __init__(self, folder: Path, seed: int, *, item: str = "", guarded: bool = False, count: int = 4) -> None:
        self.without_spaces = why_not()
        """Why this runs on the loopback; empty where it does not."""
        self.seed, self.draw, self.guarded = seed, random.Random(f"{item}-{seed}"), guarded
        self.wires = Wires(count, loopback=bool(self.without_spaces))
        self.homes = make_homes(folder, self.wires.addresses, SystemClock())
        self.books, self.composer = Books(), Composer(self.homes[0], seed)
        self.base = size_of(self.homes[0])
        self.running: dict[int, ServerProcess] = {}
        self.ways: dict[int, Way] = {}
        """How the next start of a server is done, where it is not a plain one."""
        self._nursery = Nursery()
        self.report = Report(item, seed)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for one in self.running.values():
            if one.alive:
                one.process.kill()
            one.end()
        self._nursery.close()
        self.wires.remove()

    @property
    def all(self) -> list[int]:
        """Every number."""
        return list(range(1, len(self.homes) + 1))

    def spawn(self, number: int) -> ServerProcess:
        """Start a server's process, without waiting for it."""
        former = self.running.pop(number, None)
        if former is not None:
            former.end()
        way, home = self.ways.get(number, Way()), self.homes[number - 1]
        flags = [*way.flags, *(["--guarded"] if self.guarded else [])]
        if way.environment:
            process: subprocess.Popen[str] | Forked = _program(home, self.wires.before(number), flags, way.environment)
        else:
            process = self._nursery.fork(home, self.wires.space(number), flags)
        self.running[number] = ServerProcess(process)
        return self.running[number]

    def start(self, *numbers: int) -> None:
        """Start servers (all) and wait until each is ready."""
        started = [self.spawn(number) for number in numbers or self.all]
        for one in started:
            one.hears("ready")

    def kill(self, number: int) -> None:
        """Kill -9."""
        self.running[number].kill()

    # -- operations ---------------------------------------------------------------------------------------------------

    def hand_in(self, number: int, count: int = 1, again: Sequence[str] = ()) -> Callable[[float], int]:
        """Hand operations to a server; the returned function waits and says how many were acknowledged (a dead server acknowledges none)."""
        envelopes = [*again] or self.composer.make(count)
        self.books.give(envelopes)
        waiting = self.running[number].send("submit", envelopes=envelopes)

        def answered(timeout_s: float = 60.0) -> int:
            try:
                told = waiting.result(timeout_s)
            except (Gone, Late):
                return 0
            if "outcomes" not in told:  # all of them refused at once: nothing is kept there
                self.books.refused[told["error"]] += 1
                return 0
            return self.books.answer(envelopes, told["outcomes"])

        return answered

    def submit(self, number: int, count: int = 1, timeout_s: float = 60.0) -> int:
        """Hand in and wait: how many were acknowledged."""
        return self.hand_in(number, count)(timeout_s)

    def until_acknowledged(self, number: int, timeout_s: float = PATIENCE_S) -> float:
        """Hand in one operation again and again until it is acknowledged: seconds. Raises ``TimeoutError``."""
        begun = time.monotonic()
        (envelope,) = self.composer.make(1)
        while time.monotonic() - begun < timeout_s:
            if self.hand_in(number, again=[envelope])(timeout_s):
                return time.monotonic() - begun
        raise TimeoutError(f"nothing acknowledged by server {number} for {timeout_s} s")

    def status(self, number: int) -> Answer:
        """Where a server stands."""
        return self.running[number].ask("status")

    def wait(self, what: Callable[[], bool], timeout_s: float = PATIENCE_S, told: str = "") -> float:
        """Wait for something: seconds. Raises ``TimeoutError``; with ``told`` it says what, and where everybody stands then."""
        begun = time.monotonic()
        while not what():
            if time.monotonic() - begun > timeout_s:
                raise TimeoutError(f"{told}: {self._standing()}" if told else "did not come")
            time.sleep(0.05)
        return time.monotonic() - begun

    def equal(self, numbers: Sequence[int] = ()) -> bool:
        """Whether all (or these) stand at the same tree, with nothing left to finish and a quorum's note over it."""
        try:
            found = [self.status(number) for number in numbers or self.all]
        except (Gone, Late, KeyError):
            return False
        trees = {(one["size"], one["root"]) for one in found}
        return len(trees) == 1 and all(one["unfinished"] == 0 and one["quorum"] == one["size"] for one in found)

    def settle(self, timeout_s: float = PATIENCE_S) -> float:
        """Ask again for whatever was not acknowledged, then wait until all stand at the same tree: seconds."""
        begun = time.monotonic()
        for number in self.all:
            left = self.books.unanswered()
            if not left:
                break
            self.hand_in(number, again=left)(timeout_s)
        self.wait(self.equal, timeout_s, "trees are not equal")
        return time.monotonic() - begun

    def _standing(self) -> list[object]:
        told: list[object] = []
        for number in self.all:
            try:
                now = self.status(number)
                told.append((number, now["size"], now["height"], now["unfinished"], now["quorum"], now["node"]))
            except (Gone, Late, KeyError):
                told.append((number, "gone"))
        return told

    def judged(self, timeout_s: float = PATIENCE_S) -> Report:
        """Let everything come to rest, stop all servers, and re-do every home."""
        try:
            self.settle(timeout_s)
        except TimeoutError as error:
            self.report.findings.append(f"not at rest: {error}")
        for one in self.running.values():
            one.end()
        return judge(self.report, self.homes, self.base, self.books)
