"""What runs beside the requests: housekeeping, stamps, revocation lists, session sweeps, the outbox, the journal's anchor.

Guarantees: each chore runs alone, again and again, until stopped; one that fails is counted by its code and tried again at its next
turn, the others go on. Refuses to log what a failure said. A stop waits for the chore under way.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from cryptography import x509

from akashi.api.tls import TlsServer
from akashi.app.gateway.home import Gateway
from akashi.app.server.dashboard import ErrorCounter
from akashi.app.server.home import Server
from akashi.errors import AkashiError, Misuse
from akashi.identity import events as identity

_LOG = logging.getLogger("akashi.api")
CRL_EVERY_MS = 2_000
GATEWAY_CRL_EVERY_MS = 5_000
OUTBOX_EVERY_MS = 10_000
SWEEP_EVERY_MS = 30_000
ANCHOR_EVERY_MS = 3_600_000
PICKUPS_EVERY_MS = 3_600_000


@dataclass(frozen=True, slots=True)
class Chore:
    """Something to do every so often. ``name`` is for the log."""

    name: str
    every_ms: int
    do: Callable[[], object]


class Chores:
    """Runs each chore in a thread of its own."""

    def __init__(self, chores: Sequence[Chore], errors: ErrorCounter) -> None:
        self._errors = errors
        self._ended = threading.Event()
        self._threads = [
            threading.Thread(target=self._repeat, args=(chore,), name=f"akashi-{chore.name}", daemon=True)
            for chore in chores
        ]

    def start(self) -> None:
        """Begin; each chore has its first turn after its interval."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """End; waits for the chores under way."""
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
    settings = server.settings

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
    return Chores(chores, errors)


def of_gateway(gateway: Gateway, origin: TlsServer, errors: ErrorCounter) -> Chores:
    """A gateway's own work."""

    def revoked() -> frozenset[int]:
        return frozenset(entry.serial_number for entry in x509.load_pem_x509_crl(newest_crl(gateway)))

    def unsaid() -> None:
        if gateway.paths.conformity.exists():  # nobody has used conformity here yet: its books need not be read
            gateway.conformity.resume()

    chores = [
        Chore("outbox", OUTBOX_EVERY_MS, gateway.exchange.resume),
        Chore("conformity", OUTBOX_EVERY_MS, unsaid),
        Chore("notices", OUTBOX_EVERY_MS, gateway.exchange.poll),
        Chore("sweep", SWEEP_EVERY_MS, gateway.accounts.sweep),
        Chore("drafts", SWEEP_EVERY_MS, gateway.drafts.sweep),
        Chore("anchor", ANCHOR_EVERY_MS, gateway.anchor_journal),
        Chore("crl", GATEWAY_CRL_EVERY_MS, _Reload(origin, revoked)),
    ]
    return Chores(chores, errors)


def newest_crl(gateway: Gateway) -> bytes:
    """The server's newest revocation list, PEM; OpenSSL checks its signature when it is loaded."""
    channel = gateway.line.channel
    if channel is None:
        raise Misuse(what="a gateway served without a line over HTTPS")
    return channel.call("GET", "/api/v1/crl").content


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
