"""A service that was recovered, with its gateways, handed over to several servers again: real nodes, all in this process."""

from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from akashi.app.config import ServerPaths, gateway_paths, gateways_in, server_paths
from akashi.app.mirrors.adopting import adopt, parse_epoch
from akashi.app.mirrors.recovering import Wish, recover
from akashi.app.network.local import homes, make_network
from akashi.app.network.serving import ReplicaServer
from akashi.clock import FixedClock, SystemClock
from akashi.keys.keystore import FileKeystore
from akashi.keys.model import FAST_UNSAFE_COST
from akashi.network.mirror.service import Mirror
from tests.app.service import PASSPHRASE, Cast, Service
from tests.ports import free_ports


def recovered(mirror: Mirror, home: Path, key_copy: Path, clock: FixedClock) -> None:
    """The service in ``home`` again, from its mirror, under a new epoch; every gateway there adopts it."""
    recover(mirror, home, key_copy, _unlocked, PASSPHRASE, Wish(same_log=False), clock)
    epoch = parse_epoch((server_paths(home).public / "epoch-2.akashi-epoch").read_bytes())
    for one in gateways_in(home):
        adopt(gateway_paths(home, one), epoch)


def _unlocked(folder: Path) -> FileKeystore:
    return FileKeystore.open(folder, PASSPHRASE)


def copied_keys(paths: ServerPaths, to: Path) -> Path:
    """What the officers keep."""
    shutil.copytree(paths.keys, to)
    return to


class Regrown:
    """The servers at work: the founding one with the institutions' gateways, and the others."""

    def __init__(self, home: Path, cast: Cast, servers: int) -> None:
        make_network(home, servers, _in_a_row(2 * servers), PASSPHRASE, SystemClock(), FAST_UNSAFE_COST)
        self.replicas = [ReplicaServer.open(one, PASSPHRASE, SystemClock()) for one in homes(home)[1:]]
        self.clock = FixedClock(SystemClock().now_ms())
        with ThreadPoolExecutor(servers) as pool:
            started = [pool.submit(one.start) for one in self.replicas]
            self.service = pool.submit(Service, home, cast, self.clock).result()
            for one in started:
                one.result()

    def now(self) -> None:
        """The institutions' clock goes on: the blocks' time does."""
        self.clock.set(SystemClock().now_ms())

    def stop(self) -> None:
        """End all."""
        self.service.close()
        for one in self.replicas:
            one.stop()


def _in_a_row(count: int) -> int:
    """The first of ``count`` ports that follow each other and are nobody else's."""
    found = free_ports(1)
    while len(found) < count:
        (port,) = free_ports(1)
        found = [*found, port] if port == found[-1] + 1 else [port]
    return found[0]
