"""What runs beside the requests: housekeeping, stamps, revocation lists, session sweeps, the outbox, the journal's anchor.

Guarantees: each chore runs alone, again and again, until stopped; one that fails is counted by its code and tried again at its next
turn, the others go on. Refuses to log what a failure said. A stop waits for the chore under way.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from akashi.api.tls import TlsServer
from akashi.app.gateway.home import Gateway
from akashi.app.gateway.revocations import newest_crl, revoked_serials
from akashi.app.mirrors.asking import answering
from akashi.app.mirrors.daily import LOOK_EVERY_MS, MirrorDesk
from akashi.app.network.copying import EVERY_MS
from akashi.app.people import reviews
from akashi.app.people.devices import remind
from akashi.app.server.dashboard import ErrorCounter
from akashi.app.server.home import Server
from akashi.errors import AkashiError
from akashi.identity import events as identity

_LOG = logging.getLogger("akashi.api")
CRL_EVERY_MS = 2_000
GATEWAY_CRL_EVERY_MS = 5_000
OUTBOX_EVERY_MS = 10_000
SWEEP_EVERY_MS = 30_000
ANCHOR_EVERY_MS = 3_600_000
PICKUPS_EVERY_MS = 3_600_000
REMIND_EVERY_MS = 3_600_000
SEALS_EVERY_MS = 86_400_000
"""Each seal costs a password hash; a start looks at once at what the ledger says (``Gateway.recover``)."""


@dataclass(frozen=True, slots=True)
class Chore:
    """Something to do every so often. ``name`` is for the log."""

    name: str
    every_ms: int
    do: Callable[[], object]


def _nothing() -> None:
    """Where nobody is answered."""


class Chores:
    """Runs each chore in a thread of its own."""

    def __init__(
        self, chores: Sequence[Chore], errors: ErrorCounter, answer: Callable[[], Callable[[], None]] = lambda: _nothing
    ) -> None:
        """``answer``: begins to answer who asks meanwhile, and gives what ends that."""
        self._errors, self._answer, self._silence = errors, answer, _nothing
        self._ended = threading.Event()
        self._threads = [
            threading.Thread(target=self._repeat, args=(chore,), name=f"akashi-{chore.name}", daemon=True)
            for chore in chores
        ]

    def start(self) -> None:
        """Begin; each chore has its first turn after its interval."""
        self._silence = self._answer()
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """End; waits for the chores under way."""
        self._silence()
        self._ended.set()
        for thread in self._threads:
            thread.join()

    def _repeat(self, chore: Chore) -> None:
        while not self._ended.wait(max(chore.every_ms, 100) / 1000):
            try:
                chore.do()
            except AkashiError as error:
                self._errors.add(error.code)
            except Exception as error:  # noqa: BLE001 - a chore must not end because of one bad turn
                self._errors.add(AkashiError.code)
                _LOG.error("chore %s: unexpected %s", chore.name, type(error).__name__)


def of_server(server: Server, api: TlsServer, errors: ErrorCounter) -> Chores:
    """The server's own work."""
    settings, mirrors = server.settings, MirrorDesk(server)

    def revoked() -> frozenset[int]:
        with server.engine.view() as state:
            return frozenset(serial for serial, _ in identity.revoked_serials(state))

    chores = [
        Chore("housekeeping", settings.housekeeping_every_ms, server.housekeeping.run_once),
        Chore("erasing", settings.housekeeping_every_ms, server.erase_delivered),
        Chore("stamp", settings.stamp_every_ms, server.stamper.stamp),
        Chore("crl", CRL_EVERY_MS, _Reload(api, revoked)),
        Chore("pickups", PICKUPS_EVERY_MS, server.pickups.sweep),
    ]
    if server.keeper is not None:
        chores.append(Chore("copies", EVERY_MS, server.keeper.run_once))
    if server.witnessing.wanted:
        chores.append(Chore("witness", settings.witness_every_ms, server.witnessing.run_once))
    if settings.mirror_outbox or settings.mirror_inbox:
        chores.append(Chore("mirrors", min(settings.mirror_every_ms or LOOK_EVERY_MS, LOOK_EVERY_MS), mirrors.turn))
    return Chores(chores, errors, lambda: answering(server.paths, mirrors))


def of_gateway(gateway: Gateway, origin: TlsServer, errors: ErrorCounter) -> Chores:
    """A gateway's own work."""

    def revoked() -> frozenset[int]:
        return revoked_serials(newest_crl(gateway))

    def unsaid() -> None:
        if gateway.paths.conformity.exists():  # nobody has used conformity here yet: its books need not be read
            gateway.conformity.resume()

    def unsaid_of_maps() -> None:
        if gateway.paths.map_documents.exists():
            gateway.map_approvals.resume()

    chores = [
        Chore("outbox", OUTBOX_EVERY_MS, gateway.exchange.resume),
        Chore("conformity", OUTBOX_EVERY_MS, unsaid),
        Chore("maps", OUTBOX_EVERY_MS, unsaid_of_maps),
        Chore("notices", OUTBOX_EVERY_MS, gateway.exchange.poll),
        Chore("sweep", SWEEP_EVERY_MS, gateway.accounts.sweep),
        Chore("reset documents", REMIND_EVERY_MS, gateway.people.resets.expire_documents),
        Chore("review due", REMIND_EVERY_MS, lambda: reviews.remind(gateway)),
        Chore("people", SWEEP_EVERY_MS, gateway.people.settle),
        Chore("seals", SEALS_EVERY_MS, gateway.people.check_seals),
        Chore("drafts", SWEEP_EVERY_MS, gateway.drafts.sweep),
        Chore("results", SWEEP_EVERY_MS, gateway.results.sweep),
        Chore("map files", SWEEP_EVERY_MS, gateway.map_files.sweep),
        Chore("anchor", ANCHOR_EVERY_MS, gateway.anchor_journal),
        Chore("devices", REMIND_EVERY_MS, lambda: remind(gateway)),
        Chore("recover", OUTBOX_EVERY_MS, gateway.recover_later),
        Chore("crl", GATEWAY_CRL_EVERY_MS, _Reload(origin, revoked)),
    ]
    return Chores(chores, errors)


class _Reload:
    """Reload an origin's TLS context when a device was revoked; the door refuses it meanwhile."""

    def __init__(self, origin: TlsServer, revoked: Callable[[], frozenset[int]]) -> None:
        self._origin, self._revoked = origin, revoked
        self._known = revoked()

    def __call__(self) -> None:
        now = self._revoked()
        if now != self._known:
            self._origin.reload()
            self._known = now
