"""Servers at several places, started as processes in network namespaces with long lines between them: what ``bench.wide_area`` and ``bench.costs`` ask and measure.

Guarantees: every process ends and every namespace goes when the ``with`` ends; nothing leads out of the namespaces. Round trips are measured in the same run, by connections to
the servers' own doors through the same lines.
"""

from __future__ import annotations

import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from akashi.app.config import server_paths
from akashi.app.network.places import NetworkPlaces
from akashi.clock import SystemClock
from tests.faults.network.books import Composer
from tests.faults.network.delays import Area, Delays
from tests.faults.network.fleet import make_homes
from tests.faults.network.wires import PEER_PORT, Wires

_TICKS = os.sysconf("SC_CLK_TCK")
_KNOCK = """
import socket, sys, time
for host in sys.argv[2:]:
    for _ in range(7):
        begun = time.perf_counter()
        socket.create_connection((host, int(sys.argv[1])), 5).close()
        print(host, time.perf_counter() - begun)
"""


class SiteServer:
    """One server (``bench.site_process``)."""

    def __init__(self, home: Path, before: Sequence[str] = ()) -> None:
        self.home = home
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(str(Path(one).resolve()) for one in sys.path if one)}
        with open(home.with_name(home.name + ".log"), "ab") as log:
            self._process = subprocess.Popen(
                [*before, sys.executable, "-m", "bench.site_process", str(home)],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True, env=environment,
            )  # fmt: skip

    def ready(self) -> None:
        """Wait until it serves. Raises ``OSError`` when it ended instead."""
        self._read()

    def ask(self, do: str, **words: Any) -> dict[str, Any]:
        """One question, one answer."""
        self.say(do, **words)
        return self._read()

    def say(self, do: str, **words: Any) -> None:
        """A question whose answer :meth:`heard` gives later."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"do": do, **words}) + "\n")
        self._process.stdin.flush()

    def heard(self) -> dict[str, Any]:
        """The answer."""
        return self._read()

    def _read(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise OSError(f"{self.home.name} ended: {self.home.with_name(self.home.name + '.log').read_text()[-2000:]}")
        return dict(json.loads(line))

    def kill(self) -> None:
        """As a power cut would; the node dies with it."""
        self._process.kill()
        self._process.wait()

    def stop(self) -> None:
        """Let it end."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with suppress(BrokenPipeError):  # it fell
            self._process.stdin.close()
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self.kill()
        self._process.stdout.close()

    def limits(self) -> dict[str, int]:
        """What its node was told to wait for in a round, ms (``timeout_propose`` …)."""
        text = NetworkPlaces.of(server_paths(self.home)).node.settings.read_text()
        return {name: int(ms) for name, ms in re.findall(r'^(timeout_\w+) = "(\d+)ms"', text, re.MULTILINE)}

    def cpu(self) -> float:
        """Processor seconds of server and node until now."""
        now = self.ask("status")
        return spent(now["pid"]) + spent(now["node_pid"])


class Sites:
    """As many servers as ``area`` has places; ``area=None``: all on one bridge. ``with Sites(area) as sites: sites.start()``."""

    def __init__(self, area: Area | None, count: int = 4, seed: int = 1) -> None:
        self._down = ExitStack()
        self.area, self.seed = area, seed
        with ExitStack() as made:
            root = Path(made.enter_context(tempfile.TemporaryDirectory(prefix="aks")))
            self.wires = Wires(count if area is None else len(area.round_trips))
            made.callback(self.wires.remove)
            self.homes = make_homes(root, self.wires.addresses, SystemClock())
            self.composer = Composer(self.homes[0], seed)
            if area is not None:
                made.enter_context(Delays(self.wires, area, seed))
            self._down = made.pop_all()
        self.servers: list[SiteServer] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._down.close()

    def start(self) -> float:
        """All servers, at the same time: seconds until every one serves and a first operation is final."""
        begun = time.monotonic()
        for number, home in enumerate(self.homes, start=1):
            self.servers.append(SiteServer(home, self.wires.before(number)))
            self._down.callback(self.servers[-1].stop)
        for one in self.servers:
            one.ready()
        self.until(lambda: bool(self.singles(1)[0] < 9), 120)
        return time.monotonic() - begun

    def revive(self, number: int) -> None:
        """A server again, after :meth:`SiteServer.stop`; it is not waited for."""
        one = SiteServer(self.homes[number - 1], self.wires.before(number))
        self._down.callback(one.stop)
        self.servers[number - 1] = one

    def singles(self, count: int) -> list[float]:
        """Seconds of operations handed to server 1 one after the other until cosigned; one that was not final in time counts as what it waited."""
        told = self.servers[0].ask("submit", envelopes=self.composer.make(count), one_by_one=True)
        return list(told["seconds"])

    def batch(self, count: int, patience_s: float = 60.0) -> tuple[int, float]:
        """How many of so many operations, handed to server 1 at once, were final and cosigned, and after how many seconds."""
        envelopes, before = self.composer.make(count), self.servers[0].ask("status")["quorum"]
        begun = time.perf_counter()
        self.servers[0].ask("submit", envelopes=envelopes)

        def done() -> int:
            return int(self.servers[0].ask("status")["quorum"]) - int(before)

        with suppress(TimeoutError):
            self.until(lambda: done() >= count, patience_s)
        return done(), time.perf_counter() - begun

    def push(self, mib: float, seed: int) -> dict[str, Any]:
        """A payload at a quorum."""
        self.servers[0].ask("seal", mib=mib, seed=seed)
        return self.servers[0].ask("push")

    def round_trips(self) -> dict[tuple[int, int], float]:
        """Median seconds of a connection between any two servers that serve, through the lines."""
        found = {}
        for number in range(1, len(self.homes) + 1):
            hosts = {one.host: at for at, one in enumerate(self.wires.addresses, start=1) if at > number}
            words = [*self.wires.before(number), sys.executable, "-c", _KNOCK, str(PEER_PORT), *hosts]
            told = subprocess.run(words, check=True, capture_output=True, text=True).stdout.split()
            for host, other in hosts.items():
                seconds = [float(took) for to, took in zip(told[::2], told[1::2], strict=True) if to == host]
                found[number, other] = statistics.median(seconds)
        return found

    def until(self, holds: Callable[[], bool], timeout_s: float) -> None:
        """Wait for something. Raises ``TimeoutError``."""
        ends = time.monotonic() + timeout_s
        while not holds():
            if time.monotonic() > ends:
                raise TimeoutError([one.ask("status") for one in self.servers])
            time.sleep(0.05)


def percentile(seconds: Sequence[float], part: float) -> float:
    """The value below which that part lies."""
    return sorted(seconds)[min(len(seconds) - 1, int(part * len(seconds)))]


def spent(pid: int) -> float:
    """Seconds of processor time of a process (proc(5), ``stat``)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS
