"""Four servers of one ledger on this machine, each in a home of its own; keys and tree are real, nothing runs yet."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from akashi.app.config import ServerSettings, server_paths
from akashi.app.keys.opening import open_keystore
from akashi.app.network.joining import accept, found, make_server, prove
from akashi.app.roster.papers import Offer, parse_invitation
from akashi.app.server.home import Server
from akashi.clock import Clock
from akashi.keys.model import FAST_UNSAFE_COST
from akashi.ledger.wire.note import origin_parts
from akashi.network.model import Address

PASSPHRASE = b"invented passphrase of a test network"
NAME = "架空事務局"


@dataclass(frozen=True)
class Homes:
    """Where the servers live, founder first."""

    folders: tuple[Path, ...]


def found_four(root: Path, clock: Clock, ports: Sequence[int], servers: int = 4) -> Homes:
    """Found a ledger and hand it over to ``servers`` servers that will listen on ``ports``, two each."""
    addresses = [Address("127.0.0.1", ports[2 * at], ports[2 * at + 1]) for at in range(servers)]
    folders = tuple(root / f"server-{at}" for at in range(1, servers + 1))
    first = Server.create(folders[0], ServerSettings(), NAME, PASSPHRASE, clock, cost=FAST_UNSAFE_COST)
    try:
        offers = [
            _offer(folder, address, first, clock) for folder, address in zip(folders[1:], addresses[1:], strict=True)
        ]
        invitations = found(first, addresses[0], [Offer.parse(one.encode()) for one in offers])
        leaves = list(first.engine.leaves(0, first.engine.size))
    finally:
        first.close()
    for folder, invitation in zip(folders[1:], invitations, strict=True):
        keystore = open_keystore(folder, server_paths(folder).keys, PASSPHRASE, ServerSettings())
        accept(folder, keystore, parse_invitation(invitation.encode()), leaves)
    return Homes(folders)


def _offer(folder: Path, address: Address, first: Server, clock: Clock) -> Offer:
    made = make_server(folder, ServerSettings(), address, PASSPHRASE, clock, cost=FAST_UNSAFE_COST)
    keystore = open_keystore(folder, server_paths(folder).keys, PASSPHRASE, ServerSettings())
    return prove(keystore, made, origin_parts(first.engine.origin)[0], first.secretariat_handle)


def copied(homes: Homes, to: Path) -> Homes:
    """A copy of the homes; ports and keys are the same, so only one copy may run at a time."""
    folders = []
    for folder in homes.folders:
        target = to / folder.name
        shutil.copytree(folder, target)
        folders.append(target)
    return Homes(tuple(folders))
