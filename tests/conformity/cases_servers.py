"""Good and broken fixtures of several servers, copies, mirrors, rehearsals, erasures and anchors.

What one server can show is measured by the real probes on a real home; what takes four servers and a fault is told by the facts that the probes gave then (``tests/app/test_conformity_servers.py`` measures real ones).
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any
from unittest.mock import patch

from akashi.app.mirrors.mirroring import accept, enrol, export
from akashi.app.networkcheck import outside as outside_probe
from akashi.app.networkcheck.rehearsing import REHEARSALS, rehearse
from akashi.app.wiring import KINDS
from akashi.conformity.model import Fact, Measurement
from akashi.keys.keystore import FileKeystore
from akashi.keys.model import FAST_UNSAFE_COST
from akashi.network.mirror.service import Mirror
from akashi.vault.store import BodyStore
from tests.app.service import DAY_MS, PASSPHRASE
from tests.conformity.akashi_stage import BROKEN, GOOD, Case, Stage, probed, said

OWN = b"invented passphrase of a mirror"
SERVERS: dict[str, Fact] = {
    "several": True, "voting": 4, "needed": 3, "leaves": 200, "hosts": 4, "asked": True, "answering": 4, "unfinished": 0,
    "note.signers": 3, "note.behind": 0, "split_views": 0, "incidents": 2, "incidents.open": 0, "scrub.seen": 1, "scrub.done": 1,
    "scrub.oldest_min": 50, "clocks.blocks": 5, "clocks.servers": 4, "clocks.spread_ms": 12,
}  # fmt: skip
COPIES: dict[str, Fact] = {
    "several": True, "voting": 4, "needed": 3, "hosts": 4, "mirrors": 1, "receipts.sendings": 3, "receipts.least": 3,
    "receipts.short": 0, "payloads": 9, "held.servers": 4, "held.least": 4, "held.altered": 0, "erasures": 2, "erasures.done": 2,
    "erasures.overdue": 0, "erasures.unproven": 0, "erasures.words": 10,
}  # fmt: skip
OUTSIDE: dict[str, Fact] = {
    "several": True, "leaves": 200, "mirrors": 1, "mirrors.apart": 1, "mirror.bundles": 7, "mirror.leaves": 190, "mirror.behind": 10,
    "mirror.age_min": 70, "rehearsals": 1, "rehearsals.wrong": 0, "rehearsal.leaves": 150, "rehearsal.payloads": 9,
    "rehearsal.missing": 0, "rehearsal.findings": 0, "rehearsal.age_h": 480, "stamps": 3, "stamp.age_min": 20, "stamp.leaves": 180,
    "stamp.own": False, "witnesses": 1, "witnesses.signed": 1, "witness.behind": 4,
}  # fmt: skip
PEERS: dict[str, Fact] = {
    "several": True, "servers": 4, "knocked": 4, "reached": 4, "pinned": 4, "nobody.refused": 4, "stranger.refused": 4,
    "older.refused": 4, "let_in": 0, "days_left": 300,
}  # fmt: skip
FACTS = {"servers": SERVERS, "copies": COPIES, "outside": OUTSIDE, "peers": PEERS}


def _said(probe: str, **changed: Fact) -> Callable[[], list[Measurement]]:
    """What the probe gave, but for what is changed (``__`` stands for a point)."""
    return lambda: said(probe, {**FACTS[probe], **{key.replace("__", "."): value for key, value in changed.items()}})


def mirror_of(st: Stage, bundles: int = 1, where: str = "away") -> Path:
    """A real mirror of the stage's server, with bundles carried and receipts taken in; its home."""
    home, carried, server = st.folder / where, st.folder / "carried", st.service.server
    for folder in (home, carried):
        folder.mkdir(exist_ok=True)
    trust = (server.paths.public / "trust.txt").read_bytes()
    with closing(Mirror.create(home, trust, OWN, KINDS, st.service.clock, cost=FAST_UNSAFE_COST)) as mirror:
        enrol(server, mirror.enrolment())
        for _ in range(bundles):
            mirror.take(export(server, mirror.handle, carried).path)
            accept(server, mirror.receipts())
    return home


def _far(measure: Callable[[], list[Measurement]]) -> Callable[[], list[Measurement]]:
    """As if the mirror's home were on another machine."""

    def run() -> list[Measurement]:
        with patch.object(outside_probe, "homes_of_mirrors", lambda _: frozenset()):
            return measure()

    return run


def _mirrored(after: Callable[[Stage], object] = lambda _: None, bundles: int = 2) -> Callable[[], list[Measurement]]:
    def prepare(st: Stage) -> None:
        mirror_of(st, bundles)
        after(st)

    return lambda: probed("outside", prepare)


def _later(ms: int) -> Callable[[Stage], None]:
    return lambda st: st.service.clock.advance(ms)


def rehearsed(st: Stage) -> None:
    """A real recovery from the stage's mirror, and its record where the probe looks."""
    with closing(Mirror.open(mirror_of(st), OWN, KINDS, st.service.clock)) as mirror:
        place = st.service.home / REHEARSALS
        place.mkdir()
        keys = st.service.server.paths.keys
        _, record = rehearse(
            mirror,
            st.folder / "again",
            keys,
            lambda at: FileKeystore.open(at, PASSPHRASE),
            PASSPHRASE,
            st.service.clock,
        )
        (place / "1.akashi").write_bytes(record)


def _forged(st: Stage) -> None:
    """A record with one bit changed."""
    rehearsed(st)
    path = st.service.home / REHEARSALS / "1.akashi"
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(bytes(data))


def _lost(st: Stage) -> None:
    """The bytes of a stored payload changed where they lie."""
    original = BodyStore.chunk

    def chunk(self: Any, payload: bytes, number: int) -> bytes | None:
        """One flipped bit in each piece."""
        found = original(self, payload, number)
        return None if found is None else bytes([found[0] ^ 1]) + found[1:]

    patch.object(BodyStore, "chunk", chunk).start()


def _altered() -> list[Measurement]:
    try:
        return probed("copies", _lost)
    finally:
        patch.stopall()


CASES: list[Case] = [
    ("servers.spare", "four of four", GOOD, _said("servers")),
    ("servers.spare", "one server", BROKEN, lambda: probed("servers")),
    ("servers.spare", "three servers", BROKEN, _said("servers", voting=3, needed=3, answering=3, hosts=3)),
    ("servers.spare", "two of four down", BROKEN, _said("servers", answering=2)),
    ("servers.spare", "one of four down", BROKEN, _said("servers", answering=3)),
    ("servers.spare", "all on one machine", BROKEN, _said("servers", hosts=1)),
    ("servers.spare", "a quorum of two", BROKEN, _said("servers", needed=2)),
    ("servers.separable", "four of four", GOOD, _said("servers")),
    ("servers.separable", "one server", BROKEN, lambda: probed("servers")),
    ("servers.separable", "two of four down", BROKEN, _said("servers", answering=2)),
    ("servers.separable", "none to spare", BROKEN, _said("servers", answering=3)),
    ("servers.separable", "not running", BROKEN, _said("servers", asked=False, answering=0)),
    ("servers.healthy", "all well", GOOD, _said("servers")),
    ("servers.healthy", "an incident is open", BROKEN, _said("servers", incidents__open=1)),
    ("servers.healthy", "two of four down", BROKEN, _said("servers", answering=2)),
    ("servers.healthy", "one of four down", BROKEN, _said("servers", answering=3)),
    ("servers.healthy", "an old scrub", BROKEN, _said("servers", scrub__oldest_min=26 * 60)),
    ("servers.healthy", "never scrubbed", BROKEN, _said("servers", scrub__done=0)),
    ("servers.healthy", "one server", BROKEN, lambda: probed("servers")),
    ("servers.clocks", "close", GOOD, _said("servers")),
    ("servers.clocks", "two seconds apart", BROKEN, _said("servers", clocks__spread_ms=2_000)),
    ("servers.clocks", "three of four", BROKEN, _said("servers", clocks__servers=3)),
    ("servers.clocks", "no votes", BROKEN, _said("servers", clocks__blocks=0)),
    ("ledger.agreed", "a quorum signed all", GOOD, _said("servers")),
    ("ledger.agreed", "two signed", BROKEN, _said("servers", note__signers=2)),
    ("ledger.agreed", "leaves behind", BROKEN, _said("servers", note__behind=3)),
    ("ledger.agreed", "a split view", BROKEN, _said("servers", split_views=1)),
    ("peers.authenticated", "strangers refused", GOOD, _said("peers")),
    ("peers.authenticated", "a stranger let in", BROKEN, _said("peers", let_in=1, stranger__refused=3)),
    ("peers.authenticated", "another key", BROKEN, _said("peers", pinned=3)),
    ("peers.authenticated", "one away", BROKEN, _said("peers", reached=3, pinned=3, nobody__refused=3, stranger__refused=3, older__refused=3)),
    ("peers.authenticated", "run out", BROKEN, _said("peers", days_left=0)),
    ("peers.authenticated", "one server", BROKEN, lambda: probed("peers")),
    ("copies.whole", "at all four", GOOD, _said("copies")),
    ("copies.whole", "at two of four", BROKEN, _said("copies", held__least=2)),
    ("copies.whole", "a receipt short", BROKEN, _said("copies", receipts__short=1)),
    ("copies.whole", "an altered copy", BROKEN, _altered),
    ("copies.whole", "one server", BROKEN, lambda: probed("copies")),
    ("copies.apart", "four machines", GOOD, _said("copies")),
    ("copies.apart", "one machine", BROKEN, _said("copies", hosts=1)),
    ("copies.apart", "one server", BROKEN, lambda: probed("copies")),
    ("erasure.everywhere", "all signed", GOOD, _said("copies")),
    ("erasure.everywhere", "overdue", BROKEN, _said("copies", erasures__done=1, erasures__overdue=1)),
    ("erasure.everywhere", "under way", BROKEN, _said("copies", erasures__done=1)),
    ("erasure.everywhere", "a retired holder proved nothing", BROKEN, _said("copies", erasures__unproven=1)),
    ("erasure.everywhere", "nothing ordered", BROKEN, lambda: probed("copies")),
    ("mirror.current", "fresh and elsewhere", GOOD, _far(_mirrored())),
    ("mirror.current", "stale", BROKEN, _far(_mirrored(_later(2 * DAY_MS)))),
    ("mirror.current", "on the same machine", BROKEN, _mirrored()),
    ("mirror.current", "enrolled, nothing carried", BROKEN, _far(_mirrored(bundles=0))),
    ("mirror.current", "none", BROKEN, lambda: probed("outside")),
    ("recovery.rehearsed", "recovered equal", GOOD, lambda: probed("outside", rehearsed)),
    ("recovery.rehearsed", "a mirror, no rehearsal", BROKEN, _mirrored()),
    ("recovery.rehearsed", "neither", BROKEN, lambda: probed("outside")),
    ("recovery.rehearsed", "a forged record", BROKEN, lambda: probed("outside", _forged)),
    ("recovery.rehearsed", "a year ago", BROKEN, _said("outside", rehearsal__age_h=366 * 24)),
    ("recovery.rehearsed", "it came out different", BROKEN, _said("outside", rehearsal__findings=1)),
    ("recovery.rehearsed", "wraps missing", BROKEN, _said("outside", rehearsal__missing=1)),
    ("anchors.outside", "stamped and witnessed", GOOD, _said("outside")),
    ("anchors.outside", "own authority only", BROKEN, lambda: probed("outside")),
    ("anchors.outside", "an old stamp", BROKEN, _said("outside", stamp__age_min=26 * 60)),
    ("anchors.outside", "the witness never signed", BROKEN, _said("outside", witnesses__signed=0)),
]  # fmt: skip
