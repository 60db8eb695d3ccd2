"""Probes: how they are declared and run, within consent, rate and time.

Guarantees: every attempt becomes a measurement, also the refused, the unreached and the broken; raw output is kept beside its SHA-256;
an active probe touches only a registered target of its kind whose consent holds, at no more connections a second than it bears. Refuses:
to run without a target, and files in folders that are closed to it (``Bench.closed``). Trusts: the probe for its facts; that is why probe, version, tool and vantage are recorded with them.

::

    @probe("ssh", kind=TargetKind.HOST, active=True)
    def ssh(target: Target, bench: Bench) -> Observed:
        ...
        return Observed({"algorithms.weak": ("ssh-rsa",)}, raw, "ssh-audit 3.9.0")
"""

from __future__ import annotations

import itertools
import logging
import os
import subprocess
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from typing import Protocol

from akashi.clock import Clock
from akashi.conformity.errors import Unreached
from akashi.conformity.model import RAN_OUT, Facts, Measurement, Reach, Target, TargetKind
from akashi.errors import AkashiError, Misuse

MAX_RAW = 4 << 20
ANSWER_MS, ANSWER_LEAST_MS, ANSWER_MOST_MS = 3_000, 500, 60_000
TOOL_SECONDS = 60
_LOG = logging.getLogger("akashi.conformity")


@dataclass(frozen=True, slots=True)
class Observed:
    """What a probe brings back from a target that it reached."""

    facts: Facts
    raw: bytes = field(repr=False)
    tool: str


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a probe waits for a network: every such limit stands here, in one proportion to the one that is set.

    >>> Patience().answer_s, Patience().many_s, Patience(30_000).many_s
    (3.0, 1.0, 10.0)
    """

    answer_ms: int = ANSWER_MS
    """For a connection, or for one answer on it. Trusted: whoever can change this can make slow answers count as none."""

    def __post_init__(self) -> None:
        if not ANSWER_LEAST_MS <= self.answer_ms <= ANSWER_MOST_MS:
            raise Misuse(what="patience beyond its bounds")

    @property
    def answer_s(self) -> float:
        """The same in seconds."""
        return self.answer_ms / 1000

    @property
    def many_s(self) -> float:
        """Where many are asked side by side and silence is common: ports, and the questions of IKE."""
        return self.answer_s / 3

    @property
    def alert_s(self) -> float:
        """For what a server says by itself after a handshake: a refusal of TLS 1.3, the rest of an answer."""
        return self.answer_s / 10

    @property
    def tool_s(self) -> float:
        """For an outside tool that asks the target in its own way."""
        return self.answer_s * 10

    @property
    def scan_s(self) -> float:
        """For all questions to one TLS server together."""
        return self.answer_s * 20


class Pace:
    """At most ``rate`` connections a second, each waited for as ``patience`` says; knows the longest wait that was in vain."""

    def __init__(self, rate: int, patience: Patience | None = None) -> None:
        self._gap, self._next = 1 / max(1, rate), 0.0
        self.patience = patience or Patience()
        self.ran_out_ms = 0

    def ran_out(self, seconds: float) -> None:
        """A wait of ``seconds`` ended without an answer."""
        self.ran_out_ms = max(self.ran_out_ms, round(seconds * 1000))

    def beside(self) -> Pace:
        """One without a gap, for waits that this one has paced already."""
        return Pace(1 << 20, self.patience)

    def wait(self) -> None:
        """Block until the next connection is due."""
        now = time.monotonic()
        if now < self._next:
            time.sleep(self._next - now)
        self._next = max(now, self._next) + self._gap


@dataclass(frozen=True, slots=True)
class Bench:
    """What a probe may use: the clock, where it stands, its pace, a folder for scratch files, and where tools are looked for."""

    clock: Clock
    vantage: str
    pace: Pace
    scratch: Path
    tools: tuple[Path, ...] = ()
    closed: tuple[Path, ...] = ()
    """Folders whose files no target may name: raw output would show what is in them."""
    patience: Patience = field(default_factory=Patience)

    def tool(self, name: str) -> str | None:
        """The path of an outside program, or ``None``; only the folders of ``tools`` are looked into."""
        for folder in self.tools:
            found = folder / name
            if found.is_file():
                return str(found)
        return None

    def run(self, command: Sequence[str], *, given: bytes = b"", seconds: float = TOOL_SECONDS) -> tuple[int, bytes]:
        """Run an outside program without a shell; (exit status, output, bounded). Raises :class:`Unreached` where it hangs or is missing."""
        try:
            done = subprocess.run(  # a list of words, no shell
                list(command),
                input=given,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                timeout=seconds,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            self.pace.ran_out(seconds)
            raise Unreached(reason="tool") from error
        except OSError as error:
            raise Unreached(reason="tool") from error
        return done.returncode, done.stdout[:MAX_RAW]


class Measure(Protocol):
    """What a probe is."""

    def __call__(self, target: Target, bench: Bench) -> Observed:
        """Measure. Raises :class:`Unreached` where the target cannot be reached."""
        ...


@dataclass(frozen=True, slots=True)
class Probe:
    """One probe. ``active``: it sends something to its target, so consent is needed."""

    name: str
    version: int
    kind: TargetKind
    active: bool
    measure: Measure
    option: str = ""
    """Runs only for targets whose options hold this key (``""``: all of the kind)."""


class Probes:
    """The table of probes."""

    def __init__(self) -> None:
        self._probes: dict[str, Probe] = {}

    def probe(
        self, name: str, *, kind: TargetKind, version: int = 1, active: bool = False, option: str = ""
    ) -> Callable[[Measure], Measure]:
        """Register a probe; a second one of the name is a defect."""

        def wrap(measure: Measure) -> Measure:
            self.add(Probe(name, version, kind, active, measure, option))
            return measure

        return wrap

    def add(self, made: Probe) -> None:
        """Register a probe that was made elsewhere (``app`` brings those that need other parts)."""
        if made.name in self._probes:
            raise Misuse(what=f"probe {made.name} twice")
        self._probes[made.name] = made

    def __iter__(self) -> Iterator[Probe]:
        return iter([self._probes[name] for name in sorted(self._probes)])


PROBES = Probes()
probe = PROBES.probe
Progress = Callable[[str, str, int, int], None]
"""Told (probe, target, done, all) before each measurement."""


def run_probes(
    probes: Iterable[Probe], targets: Sequence[Target], bench: Bench, progress: Progress | None = None
) -> list[Measurement]:
    """Every probe on every target of its kind, in the order of the probes; kinds that do not disturb each other side by side."""
    todo = [
        (one, target)
        for one in probes
        for target in targets
        if target.kind is one.kind and (not one.option or one.option in target.options)
    ]
    lanes: dict[int, list[int]] = {}
    for at, (one, _) in enumerate(todo):
        lanes.setdefault(_LANES.get(one.kind, _REST), []).append(at)
    made: dict[int, Measurement] = {}
    telling, begun = threading.Lock(), itertools.count()

    def work(lane: list[int]) -> None:
        """One lane, one measurement after the other."""
        for at in lane:
            one, target = todo[at]
            with telling:
                number = next(begun)
                if progress is not None:
                    progress(one.name, target.handle, number, len(todo))
            made[at] = measure(one, target, bench)

    with ThreadPoolExecutor(max(1, len(lanes)), thread_name_prefix="probes") as pool:
        list(pool.map(work, lanes.values()))
    return [made[at] for at in range(len(todo))]


_REST = 2
_LANES = {TargetKind.AKASHI: 0, TargetKind.HOST: 0, TargetKind.TLS: 1}
"""Kinds that go one after the other. What signs in at Akashi (``HOST`` may) must not fall between the counts of Akashi's own probes."""


def measure(one: Probe, target: Target, bench: Bench) -> Measurement:
    """One attempt; never raises for what the target or a tool does."""
    started = bench.clock.now_ms()
    if one.active and target.consent_until_ms <= started:
        return _attempt(one, target, bench, started, Reach.REFUSED, "consent")
    if one.name not in _COUNTING and _is_closed(target, bench.closed):
        return _attempt(one, target, bench, started, Reach.REFUSED, "closed")
    pace = Pace(target.rate, bench.patience)
    try:
        seen = one.measure(target, replace(bench, pace=pace))
    except Unreached as error:
        reason = str(error.params.get("reason", "unreached"))
        return _attempt(one, target, bench, started, Reach.UNREACHED, reason, _waited(pace))
    except (OSError, TimeoutError) as error:
        _LOG.info("probe %s: %s", one.name, type(error).__name__)
        return _attempt(one, target, bench, started, Reach.UNREACHED, "network", _waited(pace))
    except AkashiError as error:
        return _attempt(one, target, bench, started, Reach.BROKEN, error.code)
    except Exception as error:  # noqa: BLE001  # a probe reads what strangers send: whatever it trips over must not end the run
        _LOG.warning("probe %s: %s", one.name, type(error).__name__)
        return _attempt(one, target, bench, started, Reach.BROKEN, "probe")
    raw = seen.raw[:MAX_RAW]
    return Measurement(
        one.name, one.version, target.handle, bench.vantage, seen.tool, started, bench.clock.now_ms(), Reach.REACHED,
        {**seen.facts, **_waited(pace)}, "", sha256(raw).digest(), raw,
    )  # fmt: skip


_COUNTING = frozenset({"secrets"})
"""Probes that tell kinds and counts of what they read, and nothing of it."""
_READING = frozenset({TargetKind.FILE, TargetKind.BACKUP, TargetKind.MACHINE})


def _is_closed(target: Target, closed: Sequence[Path]) -> bool:
    """Whether the address or an option leads, over links and ``..`` too, into a closed folder."""
    if target.kind not in _READING:
        return False
    top = Path(target.address)
    named = [top, *(base / value for value in target.options.values() for base in (top, top.parent))]
    try:
        found = [os.path.realpath(path) for path in named]
        return any(Path(path).is_relative_to(os.path.realpath(folder)) for path in found for folder in closed)
    except (OSError, ValueError):
        return True


def _waited(pace: Pace) -> Facts:
    return {RAN_OUT: pace.ran_out_ms} if pace.ran_out_ms else {}


def _attempt(
    one: Probe, target: Target, bench: Bench, started: int, reach: Reach, note: str, facts: Facts | None = None
) -> Measurement:
    ended = bench.clock.now_ms()
    return Measurement(
        one.name, one.version, target.handle, bench.vantage, "", started, ended, reach, facts or {}, note
    )
