"""The demonstration's isolated mirror: enrolled, two bundles carried, receipts carried back, and the whole service recovered from it once.

Guarantees: the product's own steps (docs/mirror.md) with real keys and files; the recovery is a rehearsal in a scratch folder, whose signed record stays with the service. What it is not is said by the sheet: the mirror's home lies on the
server's own machine. Refuses: a home that is served (its ledger is in use). Trusts: the home that the demo made.
"""

from __future__ import annotations

import secrets
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from akashi.app.config import server_paths
from akashi.app.mirrors.mirroring import accept, enrol, export
from akashi.app.networkcheck.rehearsing import REHEARSALS, Rehearsal, rehearse
from akashi.app.server.home import Server
from akashi.app.wiring import KINDS
from akashi.clock import Clock
from akashi.durable import make_directory, write_file
from akashi.keys.keystore import FileKeystore
from akashi.network.mirror.service import Mirror

AWAY, CARRIED = "away", "carried"
BUNDLES = 2


@dataclass(frozen=True, slots=True)
class Mirrored:
    """What was shown: bundles carried, leaves and bodies that the mirror verified, and the rehearsal."""

    bundles: int
    leaves: int
    bodies: int
    rehearsal: Rehearsal


def mirrored(home: Path, passphrase: bytes, clock: Clock) -> Mirrored:
    """Set a mirror up in ``home/away``, carry, and rehearse. Raises what the parts refuse."""
    away, carried = home / AWAY, home / CARRIED
    for folder in (away, carried, home / REHEARSALS):
        make_directory(folder)
    own = secrets.token_urlsafe(24).encode()
    write_file(away / "passphrase", own)
    paths = server_paths(home)
    mirror = Mirror.create(away, (paths.public / "trust.txt").read_bytes(), own, KINDS, clock)
    with closing(mirror):
        with closing(Server.open(home, passphrase, clock)) as server:
            enrol(server, mirror.enrolment())
            for _ in range(BUNDLES):
                mirror.take(export(server, mirror.handle, carried).path)
                accept(server, mirror.receipts())
        leaves, bodies = mirror.verify()
        unlock = partial(FileKeystore.open, passphrase=passphrase)
        said, record = rehearse(mirror, home / "rehearsal", paths.keys, unlock, passphrase, clock)
        write_file(home / REHEARSALS / f"{said.made_ms}.akashi", record)
    return Mirrored(BUNDLES, leaves, bodies, said)
