"""Which ledger a server's home holds: one that it keeps alone, or its part of one that several keep.

Guarantees: what is opened is what the home says, and refuses to go on from an old copy; a server of several begins its work (node, peers) when the
caller starts the node that is returned. Refuses what ``Engine.open`` and ``NetworkNode`` refuse. Trusts: the home only as far as these verify it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from akashi.app.config import ServerPaths, gateway_paths, gateways_in
from akashi.app.gateway.seen import SeenCheckpoint
from akashi.app.network.places import NetworkPlaces
from akashi.app.network.running import NetworkNode
from akashi.app.network.witnessing import witnessed_notes
from akashi.app.repair.mending import open_repaired
from akashi.app.repair.repairing import Repairer
from akashi.app.server.founding import COSIGNER_KEY
from akashi.app.server.logkeys import current_log_key, log_key_by_notes
from akashi.app.wiring import KINDS
from akashi.clock import Clock
from akashi.errors import AkashiError
from akashi.keys.keystore import FileKeystore
from akashi.ledger.service import Engine
from akashi.network.service import NetworkEngine

AnyEngine = Engine | NetworkEngine


def open_ledger(
    paths: ServerPaths,
    keystore: FileKeystore,
    clock: Clock,
    alarm: Callable[[AkashiError], None],
    ended: threading.Event | None = None,
    *,
    patient: bool = False,
) -> tuple[AnyEngine, NetworkNode | None]:
    """The ledger of a home, and the node that runs it if there are several servers. ``ended`` cuts a repair short, which then goes on at the next opening; ``patient``: as ``Repairer`` has it."""
    log_name = current_log_key(paths, keystore)
    if NetworkPlaces.of(paths).exists:
        node = open_repaired(
            lambda: Repairer(
                paths,
                keystore,
                clock,
                log_name=log_key_by_notes(paths, keystore) or log_name,
                ended=ended,
                patient=patient,
            ),
            paths,
            lambda: NetworkNode(paths, keystore, clock, alarm=alarm, log_name=current_log_key(paths, keystore)),
        )
        return node.engine, node
    origin, cosigner = ((paths.public / name).read_text(encoding="utf-8").strip() for name in ("origin", "cosigner"))
    engine = Engine.open(
        paths.ledger,
        kinds=KINDS,
        log_key=keystore.note_signer(log_name, origin),
        cosigner=keystore.note_signer(COSIGNER_KEY, cosigner),
        clock=clock,
        witnessed=[*_seen_by_gateways(paths), *witnessed_notes(paths)],
        seen=paths.root / "seen.note",
    )
    return engine, None


def _seen_by_gateways(paths: ServerPaths) -> list[bytes]:
    """The newest checkpoints that the gateways beside this server remember."""
    home = paths.root.parent
    notes = (SeenCheckpoint.peek(gateway_paths(home, one).database) for one in gateways_in(home))
    return [note for note in notes if note is not None]
