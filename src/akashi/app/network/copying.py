"""The payload copies of one server: what it stages, gives, fetches and erases among several.

Guarantees: what the ledger ordered to erase is gone before a peer or a party is answered, also in a vault that came from an older copy; every erasure is reported by this
server's own key. Where one server keeps the ledger alone, staging is its vault's and nothing else. Trusts: as ``network.payloads``.
"""

from __future__ import annotations

from typing import NamedTuple

from akashi.app.network.running import NetworkNode
from akashi.clock import Clock
from akashi.ledger.author import Author
from akashi.network.payloads.copies import Copies
from akashi.network.payloads.erasing import SWEEP_EVERY_MS, Erased, Erasures, erase_before_serving
from akashi.network.payloads.gate import Gate
from akashi.network.payloads.intake import Fetching, Intake, fetch_missing
from akashi.network.payloads.overview import CopyOverview, Reminders
from akashi.network.payloads.plane import PayloadSide, PlanePeer
from akashi.network.payloads.port import PeerVault
from akashi.network.scrub.copies import CopyScrub
from akashi.vault.events import payload_record
from akashi.vault.service import Vault

EVERY_MS = 5_000
LOOK_EVERY_MS = 20_000
"""How often all announced payloads are looked through for copies that are missing here; until none is missing, in every turn."""


class Kept(NamedTuple):
    """What one turn did."""

    erased: Erased
    fetched: Fetching


class CopyKeeper:
    """Joins a vault to the peers of a node. Make it before the node starts; :meth:`run_once` by one thread."""

    def __init__(
        self, node: NetworkNode, vault: Vault, machine: Author, clock: Clock, *, orphan_after_ms: int | None = None
    ) -> None:
        """``orphan_after_ms``: how long what was offered and never announced stays; ``None``: somebody else sees to it (the founding server's housekeeping)."""
        self._node, self._vault, self._clock, self._orphan_after_ms = node, vault, clock, orphan_after_ms
        self._swept_ms: int | None = None
        self._reminders = Reminders()
        self._looked_ms: int | None = None
        erase_before_serving(node.engine, vault)
        self.store = Copies(node.engine, vault, self._peers)
        """What parties stage to and read from."""
        self._intake = Intake(node.engine, vault, self._peers)
        self.scrub = CopyScrub(node.engine, vault, self._intake, self._peers)
        """Re-reads the copies that are here."""
        self._erasures = Erasures(machine, vault, clock)
        gate = Gate(self._has_caught_up, lambda: erase_before_serving(node.engine, vault))
        node.desk.copies = PayloadSide(self._intake, gate)

    def _peers(self) -> list[PeerVault]:
        return [PlanePeer(peer) for peer in self._node.links.peers().values()]

    def _has_caught_up(self) -> bool:
        """Whether the node has the newest blocks: before that nobody here knows what was ordered while this server was away."""
        return not self._node.process.client.status().catching_up

    def run_once(self) -> Kept:
        """Erase and report what is due, drop what was never announced, fetch what is missing, and see who owes what."""
        kept = Kept(self._erasures.run_once(), self._fetched())
        now_ms = self._clock.now_ms()
        self._drop_orphans(now_ms)
        owed, alarms = self._reminders.look(self._node.engine, now_ms)
        self._node.copies = CopyOverview(owed, dict(self._intake.mistrusted))
        for one in alarms:
            self._node.tell(one)
        return kept

    def _drop_orphans(self, now_ms: int) -> None:
        """Once an hour, and only with the newest blocks: an announcement may be among those that are missing here."""
        if self._orphan_after_ms is None:
            return
        if self._swept_ms is not None and 0 <= now_ms - self._swept_ms < SWEEP_EVERY_MS:
            return
        if not self._has_caught_up():
            return
        self._swept_ms = now_ms
        with self._node.engine.view() as state:
            self._vault.expire_orphans(lambda one: payload_record(state, one) is not None, self._orphan_after_ms)

    def _fetched(self) -> Fetching:
        now_ms = self._clock.now_ms()
        if self._looked_ms is not None and now_ms - self._looked_ms < LOOK_EVERY_MS:
            return Fetching(0, ())
        done = fetch_missing(self._intake)
        self._looked_ms = now_ms if done == Fetching(0, ()) else None
        return done

    def close(self) -> None:
        """Stop pushing."""
        self.store.close()
