"""Long lines between the servers of a test: every frame waits as long as it would on a line of that length and width. This kernel has no ``netem``, so a process of ours carries the frames.

Guarantees: between two servers frames arrive in the order in which they were sent, unchanged, never earlier than the line's delay, never faster than the narrower end. What a
full queue cannot hold is dropped, as a router does: TCP sees it. Frames are carried, not connections, so the first packet of a connection (which servers time) and the handshakes of
TLS wait like everything else. Refuses nothing: it stands in a namespace that leads nowhere. Jitter is drawn from the seed.

A frame is up to 64 KiB here (the kernel cuts it up behind a real card only), so the width is kept on average, in steps of that size.

>>> road = Roads(Area(((0, 20), (20, 0))), seed=1)
>>> road.enter(10.0, 0, 1, b"frame")
True
>>> road.leave(10.009), road.leave(10.011)
([], [(1, b'frame')])
"""

from __future__ import annotations

import heapq
import itertools
import json
import random
import select
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from tests.faults.network.wires import Wires

ROOT = Path(__file__).parents[3]
QUEUE_S = 0.25
"""How much a queue before a narrow line holds, in seconds of that line."""
_WIDE = 1_000.0
_OVERHEAD = 10
"""What the kernel puts before each frame here (``virtio_net_hdr``): whether it is to be cut up and its sum completed."""
_PACKET, _HEADERS, _NOT_OWN, _BUFFER = 263, 15, 23, 33
_ALL = 0x0003
_KINDS = {b"\x08\x00", b"\x08\x06"}  # IPv4, ARP
_TRAVELS, _THROUGH = 0, 1
_EVERYBODY = b"\xff" * 6


@dataclass(frozen=True)
class Access:
    """How one server reaches the rest: Mbit/s away from it and to it, ms added to every round trip, and the mean of what chance adds to each way (ms)."""

    up: float = _WIDE
    down: float = _WIDE
    round_trip: float = 0.0
    jitter: float = 0.0


@dataclass(frozen=True)
class Area:
    """Round trips in ms between places (symmetric, row and column for each server, first server first), and how each server is connected there."""

    round_trips: tuple[tuple[float, ...], ...]
    access: tuple[Access, ...] = ()

    @property
    def ends(self) -> tuple[Access, ...]:
        """One for each server."""
        return self.access or (Access(),) * len(self.round_trips)

    def round_trip(self, one: int, other: int) -> float:
        """In ms, without jitter and queues; servers are counted from 0."""
        return self.round_trips[one][other] + self.ends[one].round_trip + self.ends[other].round_trip

    def longest(self) -> float:
        """The slowest pair's."""
        return max(self.round_trip(*pair) for pair in itertools.combinations(range(len(self.round_trips)), 2))


class Narrow:
    """One end of one line: what it carries in a second is bounded, what waits before it too."""

    def __init__(self, mbit: float) -> None:
        self._seconds_per_byte = 8 / (mbit * 1e6)
        self._free = 0.0

    def through(self, now: float, size: int) -> float | None:
        """When a frame of ``size`` bytes that comes ``now`` is through; ``None``: the queue is full and it is lost."""
        waits = max(0.0, self._free - now)
        if waits > QUEUE_S:
            return None
        self._free = now + waits + size * self._seconds_per_byte
        return self._free


class Roads:
    """What is under way between all servers. Pure: time comes from the caller, in seconds."""

    def __init__(self, area: Area, seed: int) -> None:
        count = len(area.round_trips)
        self._area, self._draw = area, random.Random(seed)
        self._up, self._down = ([Narrow(getattr(one, way)) for one in area.ends] for way in ("up", "down"))
        self._last = [[0.0] * count for _ in range(count)]
        self._under_way: list[tuple[float, int, int, int, bytes]] = []
        self._numbers = itertools.count()
        self.lost = 0

    def enter(self, now: float, sender: int, receiver: int, frame: bytes) -> bool:
        """Take a frame; whether there was room."""
        left = self._up[sender].through(now, len(frame))
        if left is None:
            self.lost += 1
            return False
        arrives = left + self._area.round_trip(sender, receiver) / 2_000 + self._chance(sender) + self._chance(receiver)
        arrives = self._last[sender][receiver] = max(arrives, self._last[sender][receiver])
        self._push(arrives, receiver, _TRAVELS, frame)
        return True

    def _chance(self, end: int) -> float:
        mean = self._area.ends[end].jitter
        return self._draw.expovariate(1_000 / mean) if mean else 0.0

    def _push(self, due: float, receiver: int, stage: int, frame: bytes) -> None:
        heapq.heappush(self._under_way, (due, next(self._numbers), receiver, stage, frame))

    def leave(self, now: float) -> list[tuple[int, bytes]]:
        """Whatever has arrived by now, in order."""
        arrived = []
        while self._under_way and self._under_way[0][0] <= now:
            due, _, receiver, stage, frame = heapq.heappop(self._under_way)
            if stage == _THROUGH:
                arrived.append((receiver, frame))
                continue
            ready = self._down[receiver].through(due, len(frame))
            if ready is None:
                self.lost += 1
            else:
                self._push(ready, receiver, _THROUGH, frame)
        return arrived

    @property
    def next(self) -> float | None:
        """When to look again; ``None``: nothing is under way."""
        return self._under_way[0][0] if self._under_way else None


class Delays:
    """Long lines in place of the bridge of ``wires``, from :meth:`start` to :meth:`stop`."""

    def __init__(self, wires: Wires, area: Area, seed: int = 1) -> None:
        if wires.loopback:
            raise ValueError("no namespaces")
        self._wires, self._area, self._seed = wires, area, seed
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Take the cables out of the bridge and carry the frames."""
        for number in range(1, self._wires.count + 1):
            self._ip("link", "set", f"s{number}", "nomaster")
        orders = json.dumps({"round_trips": self._area.round_trips, "access": [vars(one) for one in self._area.ends]})
        words = ["ip", "netns", "exec", self._wires._space(0), sys.executable, "-m", __name__, str(self._seed), orders]
        self._process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT)
        assert self._process.stdout is not None
        if self._process.stdout.readline() != "ready\n":
            self.stop()
            raise OSError("the lines are not there")

    def stop(self) -> dict[str, int]:
        """The bridge again. What was carried and lost in between: ``frames``, ``bytes``, ``lost`` (empty if it fell)."""
        process, self._process = self._process, None
        if process is None:
            return {}
        told, _ = process.communicate()
        for number in range(1, self._wires.count + 1):
            with suppress(OSError):  # the namespace may be gone already
                self._ip("link", "set", f"s{number}", "master", "hub")
        return dict(json.loads(told or "{}"))

    def _ip(self, *words: str) -> None:
        done = subprocess.run(["ip", "-n", self._wires._space(0), *words], check=False, capture_output=True, text=True)
        if done.returncode:
            raise OSError(done.stderr.strip())


def area_of(words: dict[str, Any]) -> Area:
    """What :class:`Delays` wrote."""
    return Area(tuple(map(tuple, words["round_trips"])), tuple(Access(**one) for one in words["access"]))


def _card(number: int) -> socket.socket:
    card = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(_ALL))
    card.setsockopt(_PACKET, _HEADERS, 1)
    card.setsockopt(_PACKET, _NOT_OWN, 1)
    card.setsockopt(socket.SOL_SOCKET, _BUFFER, 32 << 20)
    card.bind((f"s{number}", _ALL))
    card.settimeout(0.0)
    return card


class Carrier:
    """The frames between the cards. An address is learnt from whoever sends with it; what is for nobody known goes nowhere."""

    def __init__(self, cards: Sequence[socket.socket], roads: Roads) -> None:
        self._cards, self._roads = cards, roads
        self._places: dict[bytes, int] = {}
        self.frames = self.bytes = 0

    def turn(self, longest_s: float) -> None:
        """Wait for the next frame or the next arrival, and carry what is there."""
        due = self._roads.next
        rest = longest_s if due is None else min(longest_s, max(0.0, due - time.monotonic()))
        for card in select.select(self._cards, [], [], rest)[0]:
            self._take(card)
        for receiver, frame in self._roads.leave(time.monotonic()):
            with suppress(OSError):  # the cable is out, or its queue is full: the frame is lost
                self._cards[receiver].send(frame)

    def _take(self, card: socket.socket) -> None:
        sender = self._cards.index(card)
        for _ in range(64):
            try:
                frame = card.recv(1 << 17)
            except OSError:  # nothing more, or the cable is out
                return
            to, own, kind = (frame[_OVERHEAD + at : _OVERHEAD + end] for at, end in ((0, 6), (6, 12), (12, 14)))
            if kind not in _KINDS:
                continue
            self._places[own] = sender
            known = self._places.get(to)
            receivers = range(len(self._cards)) if to == _EVERYBODY else [] if known is None else [known]
            now = time.monotonic()
            for receiver in receivers:
                if receiver != sender and self._roads.enter(now, sender, receiver, frame):
                    self.frames += 1
                    self.bytes += len(frame) - _OVERHEAD


def main(seed: int, orders: str) -> None:
    """Carry until standard input ends."""
    area = area_of(json.loads(orders))
    roads = Roads(area, seed)
    carrier = Carrier([_card(number) for number in range(1, len(area.round_trips) + 1)], roads)
    print("ready", flush=True)
    ended = select.poll()
    ended.register(sys.stdin, select.POLLIN | select.POLLHUP)
    turns = 0
    while turns % 64 or not ended.poll(0):
        carrier.turn(0.005)
        turns += 1
    print(json.dumps({"frames": carrier.frames, "bytes": carrier.bytes, "lost": roads.lost}), flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
