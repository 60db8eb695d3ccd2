"""What was handed in and what was acknowledged, kept by the driver alone; and the judgement over all homes at the end.

Guarantees: :func:`judge` reads the files of stopped servers, re-does every leaf (``ledger.audit``), and compares with the driver's own books; it asks no server. ``lost``: an
acknowledged operation that some home does not hold at its index. ``invented``: a leaf whose operation nobody handed in. ``unrepaired``: a home whose audit
finds something or whose tree is not the others'.
"""

from __future__ import annotations

import base64
import random
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from akashi.app.config import ServerSettings, server_paths
from akashi.app.keys.opening import open_keystore
from akashi.app.network.places import AddressBook, NetworkPlaces, replica_keys
from akashi.app.server.founding import SECRETARIAT_KEY
from akashi.app.wiring import KINDS
from akashi.clock import SystemClock
from akashi.identity.events import InstitutionRegistered
from akashi.identity.handles import ALPHABET, LENGTH
from akashi.ledger.audit import audit
from akashi.ledger.events import dump_body, info_of
from akashi.ledger.model import MAX_LIFETIME_MS, Actor, Auth, AuthMethod, Statement
from akashi.ledger.store import DATABASE, Tables, connect
from akashi.ledger.wire.envelope import parse_operation, seal_operation
from akashi.ledger.wire.leaf import parse_leaf
from akashi.ledger.wire.note import origin_parts
from tests.app.network.four import PASSPHRASE

OWN = "server.incident"
"""The one kind that servers say by themselves here."""


@dataclass
class Books:
    """The driver's account of one run."""

    given: dict[bytes, str] = field(default_factory=dict)
    acknowledged: dict[bytes, int] = field(default_factory=dict)
    refused: Counter[str] = field(default_factory=Counter)
    moved: int = 0
    """Acknowledged twice at different places; must stay 0."""

    def give(self, envelopes: Iterable[str]) -> None:
        """These are handed in now."""
        for one in envelopes:
            self.given[parse_operation(base64.b64decode(one)).id] = one

    def answer(self, envelopes: Sequence[str], outcomes: Sequence[int | str]) -> int:
        """What a server said of them; how many are acknowledged."""
        done = 0
        for one, outcome in zip(envelopes, outcomes, strict=True):
            id_ = parse_operation(base64.b64decode(one)).id
            if isinstance(outcome, str):
                self.refused[outcome] += 1
                continue
            done += 1
            self.moved += self.acknowledged.setdefault(id_, outcome) != outcome
        return done

    def unanswered(self) -> list[str]:
        """Handed in and never acknowledged (未確定): to be asked about again."""
        return [one for id_, one in self.given.items() if id_ not in self.acknowledged]


class Composer:
    """Signs invented institutions with the secretariat's key, outside of all servers; names follow from the seed (nonces do not)."""

    def __init__(self, founder: Path, seed: int) -> None:
        paths = server_paths(founder)
        self._signer = open_keystore(founder, paths.keys, PASSPHRASE, ServerSettings()).signer(SECRETARIAT_KEY)
        self._secretariat = (paths.public / "secretariat").read_text().strip()
        self._ledger, _ = origin_parts((paths.public / "origin").read_text().strip())
        self._draw = random.Random(f"compose-{seed}")

    def make(self, count: int) -> list[str]:
        """So many signed envelopes, base64."""
        return [self._one() for _ in range(count)]

    def names(self, count: int) -> list[str]:
        """The next invented handles."""
        return ["inst-" + "".join(self._draw.choice(ALPHABET) for _ in range(LENGTH)) for _ in range(count)]

    def _one(self) -> str:
        (handle,) = self.names(1)
        body = InstitutionRegistered(institution=handle, roles=1, directory=self._draw.randbytes(32))
        now, info = SystemClock().now_ms(), info_of(type(body))
        statement = Statement(
            ledger=self._ledger, kind=info.tag, version=info.version, actor=Actor(self._secretariat, None, None),
            auth=Auth(AuthMethod.MACHINE, now), subject=handle, body=dump_body(body), claimed_ms=now,
            not_after_ms=now + MAX_LIFETIME_MS, nonce=self._draw.randbytes(16),
        )  # fmt: skip
        return base64.b64encode(seal_operation(statement, self._signer)).decode()


@dataclass
class Report:
    """What a run came to; times in seconds."""

    item: str
    seed: int
    acknowledged: int = 0
    lost: int = 0
    invented: int = 0
    unrepaired: int = 0
    leaves: int = 0
    detect: list[float] = field(default_factory=list)
    repair: list[float] = field(default_factory=list)
    seen: dict[str, object] = field(default_factory=dict)
    findings: list[str] = field(default_factory=list)

    @property
    def good(self) -> bool:
        """Nothing lost, invented or left unrepaired."""
        return not (self.lost or self.invented or self.unrepaired or self.findings)

    def line(self) -> str:
        """One row for people."""
        seen = ", ".join(f"{name} {value}" for name, value in self.seen.items())
        counts = f"acknowledged {self.acknowledged}, lost {self.lost}, invented {self.invented}, unrepaired {self.unrepaired}"
        told = [
            f"{self.item} (seed {self.seed}): {counts}",
            f"detect {_span(self.detect)}, repair {_span(self.repair)}",
            seen,
            " ".join(self.findings),
        ]
        return "; ".join(part for part in told if part)


def _span(seconds: list[float]) -> str:
    if not seconds:
        return "-"
    ordered = sorted(seconds)
    return f"p50 {ordered[len(ordered) // 2]:.2f} s, max {ordered[-1]:.2f} s ({len(ordered)})"


def judge(report: Report, homes: Sequence[Path], base: int, books: Books) -> Report:
    """Re-do every home; ``base``: how many leaves there were before the run. The servers must not run."""
    roots: Counter[tuple[int, bytes]] = Counter()
    report.acknowledged = len(books.acknowledged)
    for number, home in enumerate(homes, start=1):
        found, tree, leaves = _redone(home)
        roots[tree] += 1
        if found:
            report.unrepaired += 1
            report.findings += [f"server {number}: {one}" for one in found[:3]]
        report.leaves = max(report.leaves, tree[0])
        places = {id_: at for at, (id_, _) in enumerate(leaves)}
        report.lost += sum(places.get(id_) != at for id_, at in books.acknowledged.items())
        report.invented += sum(id_ not in books.given and kind != OWN for id_, kind in leaves[base:])
    if len(roots) > 1:
        report.unrepaired += len(homes) - max(roots.values())
        report.findings.append(f"trees of sizes {sorted(size for size, _ in roots)}")
    if books.moved:
        report.findings.append(f"{books.moved} acknowledged at two places")
    return report


def _redone(home: Path) -> tuple[list[str], tuple[int, bytes], list[tuple[bytes, str]]]:
    paths = server_paths(home)
    keystore = open_keystore(home, paths.keys, PASSPHRASE, ServerSettings())
    origin = (paths.public / "origin").read_text().strip()
    keys = replica_keys(keystore, origin, AddressBook.read(NetworkPlaces.of(paths).book).me.number)
    report = audit(paths.ledger, KINDS, cosigner=keys.cosigner)
    connection = connect(paths.ledger / DATABASE)
    try:
        tables = Tables(connection)
        size = tables.size()
        tree = (size, tables.frontier(size).root())
        operations = [parse_operation(parse_leaf(row.leaf).envelope) for row in tables.leaves(0, size)]
    finally:
        connection.close()
    return [one.failure for one in report.findings], tree, [(one.id, one.statement.kind) for one in operations]


def size_of(home: Path) -> int:
    """How many leaves a home holds."""
    connection = connect(server_paths(home).ledger / DATABASE)
    try:
        return Tables(connection).size()
    finally:
        connection.close()
