"""A service with institutions that two servers keep, both real and in this process, with a mirror beside them."""

from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from unittest.mock import patch

from akashi.app.config import ServerSettings, server_paths
from akashi.app.keys.opening import open_keystore
from akashi.app.network.joining import accept, found, make_server, prove
from akashi.app.network.serving import ReplicaServer
from akashi.app.roster.papers import Offer, parse_invitation
from akashi.app.server.home import Server
from akashi.clock import FixedClock, SystemClock
from akashi.keys.model import FAST_UNSAFE_COST
from akashi.ledger.wire.note import origin_parts
from akashi.network.model import Address
from tests.app import service as stage
from tests.app.service import PASSPHRASE, Cast, Service
from tests.ports import free_ports


class Two:
    """The homes, and what runs of them."""

    def __init__(self, folder: Path) -> None:
        self.home, self.other = folder / "home", folder / "other"
        with patch.object(stage, "START", SystemClock().now_ms()):
            self.cast: Cast = stage.found_home(self.home)
        self.clock = FixedClock(SystemClock().now_ms())
        self._hand_over()
        self.replica = ReplicaServer.open(self.other, PASSPHRASE, SystemClock())
        with ThreadPoolExecutor(2) as pool:
            started = pool.submit(self.replica.start)
            self.service = pool.submit(Service, self.home, self.cast, self.clock).result()
            started.result()

    def _hand_over(self) -> None:
        ports = free_ports(4)
        here, there = (Address("127.0.0.1", ports[2 * at], ports[2 * at + 1]) for at in range(2))
        clock = SystemClock()
        server = Server.open(self.home, PASSPHRASE, clock)
        try:
            made = make_server(self.other, ServerSettings(), there, PASSPHRASE, clock, cost=FAST_UNSAFE_COST)
            keystore = open_keystore(self.other, server_paths(self.other).keys, PASSPHRASE, ServerSettings())
            offer = prove(keystore, made, origin_parts(server.engine.origin)[0], server.secretariat_handle)
            (invitation,) = found(server, here, [Offer.parse(offer.encode())])
            leaves = list(server.engine.leaves(0, server.engine.size))
        finally:
            server.close()
        accept(self.other, keystore, parse_invitation(invitation.encode()), leaves)

    def now(self) -> None:
        """The institutions' clock goes on: the blocks' time does."""
        self.clock.set(SystemClock().now_ms())

    def stop(self) -> None:
        """End both servers; once."""
        self.service.close()
        if self.replica is not None:
            self.replica.stop()
            self.replica = None  # type: ignore[assignment]  # nothing runs any more

    def lose(self) -> None:
        """Both servers are gone, the institutions' gateways are at the institutions."""
        self.stop()
        shutil.rmtree(self.home / "server")
        shutil.rmtree(self.other)
