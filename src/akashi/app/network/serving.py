"""A further server of a network: ledger, vault and peers, without the secretariat's keys.

Guarantees: holds no key that opens a payload, enrols a person or issues a certificate; erases what was ordered before it answers anybody; goes on when a turn of its own work
fails. Trusts: its home; the ledger for who the others are.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from pathlib import Path
from typing import Self

from akashi.app.config import ServerSettings, load_settings, server_paths
from akashi.app.errors import HomeMissing
from akashi.app.keys.opening import open_keystore
from akashi.app.network.copying import EVERY_MS, CopyKeeper
from akashi.app.network.running import NetworkNode
from akashi.app.network.status import new_alarms, offer_status
from akashi.app.repair.mending import open_repaired
from akashi.app.repair.repairing import Repairer
from akashi.app.repair.scrubbing import Guard, Pace
from akashi.app.roster.meeting import offer_learning
from akashi.app.roster.rekeying import offer_rekeying
from akashi.app.server.founding import SECRETARIAT_KEY, SERVER_KEY
from akashi.clock import Clock
from akashi.errors import AkashiError
from akashi.keys.keystore import FileKeystore
from akashi.ledger.author import Author
from akashi.network.errors import FirstServer
from akashi.network.node.process import START_S
from akashi.vault.service import Vault

_LOG = logging.getLogger("akashi.network")


class ReplicaServer:
    """One opened home of a further server. :meth:`start`, then :meth:`stop`."""

    def __init__(
        self,
        home: Path,
        keystore: FileKeystore,
        clock: Clock,
        pace: Pace | None = None,
        alarms: deque[AkashiError] | None = None,
    ) -> None:
        self.paths, self.clock = server_paths(home), clock
        self.settings = load_settings(self.paths.settings, ServerSettings)
        self.alarms: deque[AkashiError] = new_alarms() if alarms is None else alarms
        """What went wrong lately, newest last, in one list for all openings of the home by one process."""
        self.node = NetworkNode(self.paths, keystore, clock, alarm=self._told)
        self.engine = self.node.engine
        offer_status(self.node, self.alarms)
        offer_learning(self.node)
        self.vault = Vault(self.paths.vault, keystore.signer(SERVER_KEY), self.engine.ledger_id, clock)
        secretariat = (self.paths.public / "secretariat").read_text(encoding="utf-8").strip()
        self.machine = Author(self.engine, keystore.signer(SERVER_KEY), secretariat, clock)
        offer_rekeying(self.node, self.machine)
        self.keeper = CopyKeeper(
            self.node, self.vault, self.machine, clock, orphan_after_ms=self.settings.orphan_after_ms
        )
        self.damaged = threading.Event()
        """Set when this server found its own data damaged and stopped voting, or its chain handed over: close it and open it again, which repairs it
        or begins the next chain."""
        self.node.on_next_chain.append(self.damaged.set)
        self.guard = Guard(
            self.node, self.machine, clock, lambda _: self.damaged.set(), copies=self.keeper.scrub, pace=pace
        )
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._repeat, name="akashi-copies", daemon=True)

    @classmethod
    def open(
        cls,
        home: Path,
        passphrase: bytes,
        clock: Clock,
        alarms: deque[AkashiError] | None = None,
        ended: threading.Event | None = None,
    ) -> Self:
        """Repaired first, where it is damaged; ``alarms``: of the openings before. Raises ``HomeMissing``, ``NetworkMissing``, ``FirstServer``, what a repair raises, wrong-passphrase errors."""
        paths = server_paths(home)
        if not paths.settings.exists():
            raise HomeMissing(name=home.name)
        settings = load_settings(paths.settings, ServerSettings)
        keystore = open_keystore(home, paths.keys, passphrase, settings)
        if SECRETARIAT_KEY in keystore.names():
            raise FirstServer
        return cls.reopen(home, keystore, clock, alarms=alarms, ended=ended)

    @classmethod
    def reopen(
        cls,
        home: Path,
        keystore: FileKeystore,
        clock: Clock,
        pace: Pace | None = None,
        alarms: deque[AkashiError] | None = None,
        ended: threading.Event | None = None,
    ) -> Self:
        """As :meth:`open`, with an opened key store. With ``ended`` a repair is tried again until it came to its end, or that is set."""
        paths = server_paths(home)
        return open_repaired(
            lambda: Repairer(paths, keystore, clock, ended=ended, patient=ended is not None),
            paths,
            lambda: cls(home, keystore, clock, pace, alarms),
        )

    def start(self, timeout_s: float = START_S) -> None:
        """Order, cosign, keep copies. Raises what kept the node from starting."""
        self.node.start(timeout_s)
        self._thread.start()
        self.guard.start()

    def stop(self) -> None:
        """Finish what is under way."""
        self._ended.set()
        self.guard.stop()
        if self._thread.is_alive():
            self._thread.join()
        self.keeper.close()
        self.node.stop()
        self.vault.close()

    def _told(self, problem: AkashiError) -> None:
        self.alarms.append(problem)
        _LOG.warning("network: %s", problem.code)

    def _repeat(self) -> None:
        while not self._ended.wait(EVERY_MS / 1000):
            try:
                self.keeper.run_once()
                self.node.trust.renew()
            except AkashiError as error:
                self._told(error)
            except Exception as error:  # noqa: BLE001 - the next turn finds what this one left
                _LOG.error("network: unexpected %s", type(error).__name__)
