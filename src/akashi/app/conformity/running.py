"""A run at a gateway: all probes on all registered targets, in the foreground or beside the pages, with progress.

Guarantees: one run at a time for a gateway; scratch files lie in the gateway's own folder and are gone afterwards; outside tools are looked
for in the program's own folder and the system's, never in the home; the machine's key stays in memory. Refuses: people who may not probe. Trusts: ``selfcheck`` for what it
tries on the running system.
"""

from __future__ import annotations

import logging
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from akashi.app.config import GatewaySettings
from akashi.app.conformity.desk import PROBE, journalled
from akashi.app.conformity.probes import host_probes, let_in
from akashi.app.errors import SettingsInvalid
from akashi.app.gateway.home import MACHINE_KEY, Gateway
from akashi.app.gateway.machine_tls import in_memory_file, key_pem
from akashi.app.selfcheck.context import SelfContext
from akashi.app.selfcheck.probes import self_probes
from akashi.conformity.probing import ANSWER_LEAST_MS, ANSWER_MOST_MS, Bench, Pace, Patience, Probe, Progress
from akashi.conformity.service import RunRecord
from akashi.durable import make_directory
from akashi.errors import AkashiError
from akashi.identity.model import Session

ROOT = Path(__file__).resolve().parents[4]
TOOLS = (ROOT / ".tools" / "bin", Path("/usr/local/bin"), Path("/usr/bin"), Path("/usr/sbin"), Path("/bin"))
VANTAGE = "gateway"
SYSTEM = (Path("/proc"), Path("/sys"), Path("/dev"))
"""What the system shows of running processes, ours among them."""
_LOG = logging.getLogger("akashi.conformity")


FRESH = frozenset({"permissions", "proofs", "resets", "revocation", "sessions", "visits"})
"""Probes that do what only a person may do who has proven lately that they are there: they go first, before that proof is too old."""


def all_probes(context: SelfContext) -> list[Probe]:
    """The probes of the network, of the machine, and of Akashi itself; those of :data:`FRESH` first."""
    return sorted([*host_probes(), *self_probes(context)], key=lambda one: one.name not in FRESH)


def run(context: SelfContext, session: Session, progress: Progress | None = None) -> RunRecord:
    """Measure, judge and record. Raises ``PermissionDenied`` and what the ledger raises."""
    gateway = context.gateway
    own = key_pem(gateway.keystore.private_key(MACHINE_KEY))
    with journalled(gateway, session, PROBE), _scratch(gateway) as scratch, in_memory_file(own) as key:
        bench = bench_of(gateway, scratch)
        probes = [let_in(one, gateway.paths.certificate, key) for one in all_probes(context)]
        return gateway.conformity.run(probes, bench, session, progress)


def bench_of(gateway: Gateway, scratch: Path) -> Bench:
    """What the probes of a run may use, as the gateway's settings say. Raises :class:`SettingsInvalid`."""
    home = gateway.paths.root.parent.parent
    closed = (home / "server", home / "gateways", *SYSTEM)
    return Bench(gateway.clock, VANTAGE, Pace(20), scratch, TOOLS, closed, patience_of(gateway.settings))


def patience_of(settings: GatewaySettings) -> Patience:
    """How long probes wait, as it is set. Raises :class:`SettingsInvalid` beyond the bounds."""
    if not ANSWER_LEAST_MS <= settings.probe_answer_ms <= ANSWER_MOST_MS:
        raise SettingsInvalid(setting="probe_answer_ms")
    return Patience(settings.probe_answer_ms)


@contextmanager
def _scratch(gateway: Gateway) -> Iterator[Path]:
    """A folder for the time of a run, emptied before and after."""
    folder = gateway.paths.root / "scratch"
    shutil.rmtree(folder, ignore_errors=True)
    make_directory(folder)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@dataclass(frozen=True, slots=True)
class Standing:
    """How a run beside the pages stands. ``failure``: the code of what ended it."""

    running: bool = False
    probe: str = ""
    done: int = 0
    total: int = 0
    record: RunRecord | None = None
    failure: str = ""


class RunDesk:
    """Starts runs in a thread of their own and tells how they stand; one for each gateway process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._standing = Standing()
        self._thread: threading.Thread | None = None

    @property
    def standing(self) -> Standing:
        """How the newest run stands."""
        with self._lock:
            return self._standing

    def start(self, context: SelfContext, session: Session) -> bool:
        """Start a run unless one is under way. Raises ``PermissionDenied``."""
        context.gateway.accounts.require(session, PROBE)
        with self._lock:
            if self._standing.running:
                return False
            self._standing = Standing(running=True)
            self._thread = threading.Thread(target=self._work, args=(context, session), name="conformity", daemon=True)
            self._thread.start()
        return True

    def wait(self, seconds: float) -> None:
        """Wait for the run under way."""
        thread = self._thread
        if thread is not None:
            thread.join(seconds)

    def _tell(self, probe: str, _target: str, done: int, total: int) -> None:
        with self._lock:
            self._standing = replace(self._standing, probe=probe, done=done, total=total)

    def _work(self, context: SelfContext, session: Session) -> None:
        try:
            record = run(context, session, self._tell)
            ended = Standing(record=record)
        except AkashiError as error:
            ended = Standing(failure=error.code)
        except Exception as error:  # noqa: BLE001  # a thread has nobody to raise to: the page says that the run ended
            _LOG.error("run ended: %s", type(error).__name__)  # a traceback could show addresses
            ended = Standing(failure="conformity.run")
        with self._lock:
            self._standing = ended
