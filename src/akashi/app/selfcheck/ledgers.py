"""The ledger and the journal: audited, read record by record, damaged in a copy, and exported and verified again.

Guarantees: everything is read from one snapshot; damage is done to copies only. Refuses: to call a drill passed where the untouched copy
does not verify. Trusts: the auditor and the verifier for what they find; the pinned trust file for whose signatures count.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from akashi.app.databases import translated
from akashi.app.desk.evidence import collected
from akashi.app.errors import HomeMissing
from akashi.app.selfcheck.context import TOOL, SelfContext, copy_database, newest, scratch
from akashi.app.wiring import KINDS
from akashi.conformity.errors import Unreached
from akashi.conformity.model import Fact, Target
from akashi.conformity.probing import Bench, Observed
from akashi.durable import make_directory
from akashi.errors import AkashiError
from akashi.exchange.model import Status as TransferStatus
from akashi.exchange.records import transfer
from akashi.identity.events import anchored
from akashi.identity.journal import Journal
from akashi.identity.store import Database
from akashi.ledger.audit import AuditReport, Replay, audit
from akashi.ledger.model import MAX_AHEAD_MS, AuthMethod, Statement
from akashi.ledger.proof.evidence import export_all
from akashi.ledger.proof.verdict import Status, Verdict
from akashi.ledger.proof.verify import verify_file
from akashi.ledger.state import Memory, Overlay, ReadState
from akashi.ledger.store import DATABASE, STORE_FAULTS, Tables, connect
from akashi.ledger.wire.envelope import parse_operation
from akashi.ledger.wire.leaf import parse_leaf

MACHINE_KINDS = frozenset({"transfer.expired", "transfer.erased"})
"""What the server does by itself: no person acts."""
_TRAILS = 20
MANY_LEAVES = 5_000
"""From so many leaves on, fewer drills."""


@dataclass(frozen=True, slots=True)
class Line:
    """One leaf: its place, height, block time and what it says."""

    index: int
    height: int
    block_ms: int
    accepted: bool
    statement: Statement
    operation: bytes
    approvals: int = 0
    """How many people signed it with keys of their own."""


@dataclass(frozen=True, slots=True)
class Books:
    """A snapshot of the ledger, read and executed again."""

    folder: Path
    lines: Sequence[Line] = field(repr=False)
    state: ReadState = field(repr=False)


@contextmanager
def books(here: SelfContext, bench: Bench) -> Iterator[Books]:
    """The ledger as of now, while the block runs. Raises :class:`Unreached` where its database is not in reach."""
    with scratch(bench) as folder:
        ledger = folder / "ledger"
        make_directory(ledger)
        copy_database(here.server_paths.ledger / DATABASE, ledger / DATABASE)
        lines, state = _read(ledger / DATABASE)
        yield Books(ledger, lines, state)


def _read(path: Path) -> tuple[list[Line], ReadState]:
    """Every leaf that parses, and the state that they make; what does not fit is the audit's to report."""
    lines: list[Line] = []
    replay = Replay(KINDS)
    try:
        with closing(connect(path)) as connection:
            for row in Tables(connection).leaves(0, 1 << 62):
                leaf = parse_leaf(row.leaf)
                operation = parse_operation(leaf.envelope)
                said = (operation.statement, operation.id, len(operation.approvals))
                lines.append(Line(row.index, leaf.height, leaf.block_ms, leaf.result == 0, *said))
                replay.leaf(leaf)
    except (*STORE_FAULTS, AkashiError) as error:
        raise Unreached(reason="ledger.damaged") from error
    memory: Memory = replay.state
    return lines, Overlay(memory)


def ledger(here: SelfContext, _target: Target, bench: Bench) -> Observed:
    """Audit the whole ledger; heights and times in order."""
    with scratch(bench) as folder:
        copy = _copy_ledger(here, folder)
        report = audit(copy, KINDS)
        try:
            lines, _ = _read(copy / DATABASE)
        except Unreached:
            lines = []
    facts = _audited(report) | order_of(lines)
    return Observed(facts, json.dumps([(one.step, one.failure, one.at) for one in report.findings]).encode(), TOOL)


def _copy_ledger(here: SelfContext, folder: Path) -> Path:
    copy = folder / "ledger"
    make_directory(copy)
    copy_database(here.server_paths.ledger / DATABASE, copy / DATABASE)
    return copy


def _audited(report: AuditReport) -> dict[str, Fact]:
    return {
        "leaves": report.leaves,
        "blocks": report.blocks,
        "state.rows": report.rows,
        "findings": len(report.findings),
        "findings.steps": tuple(sorted({str(one.step) for one in report.findings})),
        "findings.kinds": tuple(sorted({one.failure for one in report.findings}))[:8],
    }


def order_of(lines: Sequence[Line]) -> dict[str, Fact]:
    """How often heights leave a gap, times run backwards, or a claimed time lies ahead of its block's."""
    pairs = list(pairwise(lines))
    return {
        "read": len(lines),
        "order.index_gaps": sum(1 for number, line in enumerate(lines) if line.index != number),
        "order.height_gaps": sum(1 for old, new in pairs if new.height - old.height not in (0, 1)),
        "order.backwards": sum(1 for old, new in pairs if new.block_ms < old.block_ms),
        "order.claimed_ahead": sum(1 for one in lines if one.statement.claimed_ms > one.block_ms + MAX_AHEAD_MS),
    }


def records(here: SelfContext, _target: Target, bench: Bench) -> Observed:
    """Who, how authenticated and when, of every transfer operation; and whether superseded versions are still there."""
    with books(here, bench) as opened:
        facts = attribution(opened.lines) | versions(opened)
    return Observed(facts, json.dumps(facts).encode(), TOOL)


def attribution(lines: Sequence[Line]) -> dict[str, Fact]:
    """Which transfer operations lack a person (or the device of a machine client), a way of authentication, or a time."""
    mine = [one for one in lines if one.accepted and one.statement.kind.startswith("transfer.")]
    people = [one for one in mine if one.statement.kind not in MACHINE_KINDS]
    lacking = [one for one in people if not _attributed(one)]
    return {
        "operations": len(mine),
        "operations.by_people": len(people),
        "operations.attributed": len(people) - len(lacking),
        "lacking": tuple(sorted({one.statement.kind for one in lacking})),
    }


def _attributed(line: Line) -> bool:
    said = line.statement
    # A machine client acts as itself: its own certificate's device is the one to answer for it, and no person is named.
    machine = said.auth.method is AuthMethod.CLIENT
    who = said.actor.device if machine else said.actor.person
    return bool(
        who
        and said.auth.method is not AuthMethod.MACHINE
        and said.auth.at_ms > 0
        and said.claimed_ms > 0
        and line.block_ms > 0
    )


def versions(opened: Books) -> dict[str, Fact]:
    """Every transfer's announcement is still on the ledger; every chain of versions has both ends."""
    announced = {one.operation for one in opened.lines if one.statement.kind == "transfer.sent" and one.accepted}
    found = [transfer(opened.state, name.decode()) for name, _ in opened.state.scan("tr")]
    known = {one.handle: one for one in found if one is not None}
    chains = [one for one in known.values() if one.supersedes is not None]
    broken = 0
    for one in chains:
        older = known.get(one.supersedes or "")
        whole = older is not None and older.superseded_by == one.handle and older.status in _OLDER
        broken += 0 if whole else 1
    broken += sum(1 for one in known.values() if one.superseded_by is not None and one.superseded_by not in known)
    return {
        "transfers": len(known),
        "transfers.announced": sum(1 for one in known.values() if one.operation in announced),
        "versions": len(chains),
        "versions.broken": broken,
    }


_OLDER = frozenset(TransferStatus) - {TransferStatus.SENT, TransferStatus.OPENED}
"""A superseded version is over."""


def tamper(here: SelfContext, _target: Target, bench: Bench) -> Observed:
    """Change copies of journal and ledger in several ways; each must be found, the untouched copies must verify."""
    with scratch(bench) as folder:
        last = _last_anchor(here)
        journal = _Drill(_journal_verifies(here, last))
        source = here.gateway.paths.database
        drills = _JOURNAL_DRILLS if last is None else _JOURNAL_DRILLS | {"tail": _cut(last[0])}
        for name, change in drills.items():
            journal.run(f"journal.{name}", copy_database(source, folder / f"journal-{name}.db"), change)
        kinds = ["journal"]
        try:
            database = here.server_paths.ledger / DATABASE
        except (Unreached, HomeMissing):
            ledgers = _Drill(lambda _path: True)
        else:
            ledgers = _Drill(lambda path: audit(path.parent, KINDS).clean)
            kinds.append("ledger")
            for name, change in _affordable(database).items():
                make_directory(folder / name)
                ledgers.run(f"ledger.{name}", copy_database(database, folder / name / DATABASE), change)
    facts: dict[str, Fact] = {
        "kinds": tuple(kinds),
        "untouched": journal.untouched and ledgers.untouched,
        "drills": journal.count + ledgers.count,
        "found": journal.found + ledgers.found,
        "missed": (*journal.missed, *ledgers.missed),
        "anchored": last is not None,
        "entries.unanchored": newest(here.gateway) - (0 if last is None else last[0]),
    }
    return Observed(facts, json.dumps(facts).encode(), TOOL)


Change = Callable[[sqlite3.Connection], int]
"""Damages a copy; returns how many rows it could change."""


class _Drill:
    """One verifier, tried on a copy before and after each change."""

    def __init__(self, verifies: Callable[[Path], bool]) -> None:
        self._verifies, self.untouched, self.count, self.found = verifies, True, 0, 0
        self.missed: tuple[str, ...] = ()

    def run(self, name: str, path: Path, change: Change | None) -> None:
        """Change the copy at ``path`` and look whether the verifier says so; ``None``: leave it as it is."""
        if change is None:
            self.untouched = self._verifies(path)
            return
        with closing(sqlite3.connect(path)) as db, db:
            changed = change(db)
        if not changed:
            return  # nothing there to damage
        self.count += 1
        if self._verifies(path):
            self.missed = (*self.missed, name)
        else:
            self.found += 1


def _last_anchor(here: SelfContext) -> tuple[int, bytes] | None:
    """Count and head of the journal as the ledger has them; without it a cut tail cannot be noticed."""
    with here.gateway.ledger.view() as state:
        last = anchored(state, here.gateway.author.key)
    return None if last is None else (last[1], last[0])


def _journal_verifies(here: SelfContext, last: tuple[int, bytes] | None) -> Callable[[Path], bool]:
    gateway = here.gateway

    def verifies(path: Path) -> bool:
        with closing(Database(path)) as copy:
            try:
                Journal(copy, gateway.clock).verify([] if last is None else [last])
            except AkashiError:
                return False
        return True

    return verifies


def _flip(table: str, column: str, key: str) -> Change:
    """Flip one byte in the middle of one cell in the middle of a table."""

    def change(db: sqlite3.Connection) -> int:
        for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            db.execute(f'DROP TRIGGER "{name}"')
        rows = db.execute(f"SELECT {key}, {column} FROM {table} ORDER BY {key}").fetchall()
        if not rows:
            return 0
        at, cell = rows[len(rows) // 2]
        data = bytearray(cell)
        data[len(data) // 2] ^= 1
        return db.execute(f"UPDATE {table} SET {column} = ? WHERE {key} = ?", (bytes(data), at)).rowcount

    return change


def _drop(table: str, key: str) -> Change:
    """Delete one row in the middle of a table."""

    def change(db: sqlite3.Connection) -> int:
        for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            db.execute(f'DROP TRIGGER "{name}"')
        rows = db.execute(f"SELECT {key} FROM {table} ORDER BY {key}").fetchall()
        if len(rows) < 2:
            return 0  # cutting off the only row leaves an empty table, which is another drill
        return db.execute(f"DELETE FROM {table} WHERE {key} = ?", rows[(len(rows) - 1) // 2]).rowcount

    return change


def _cut(count: int) -> Change:
    """Cut the tail off, from the last anchored entry on."""

    def change(db: sqlite3.Connection) -> int:
        db.execute("DROP TRIGGER IF EXISTS journal_no_delete")
        return db.execute("DELETE FROM journal WHERE number >= ?", (count,)).rowcount

    return change


_JOURNAL_DRILLS: dict[str, Change | None] = {
    "untouched": None,
    "entry": _flip("journal", "entry", "number"),
    "digest": _flip("journal", "digest", "number"),
    "row": _drop("journal", "number"),
}
_LEDGER_DRILLS: dict[str, Change | None] = {
    "untouched": None,
    "leaf": _flip("leaves", "leaf", "idx"),
    "node": _flip("leaves", "nodes", "idx"),
    "header": _flip("blocks", "header", "height"),
    "row": _drop("leaves", "idx"),
}


def _affordable(database: Path) -> dict[str, Change | None]:
    """All drills of the ledger; of a large one two, for each takes a whole audit."""
    with translated(database), closing(connect(database)) as connection:
        large = Tables(connection).size() > MANY_LEAVES
    few = ("untouched", "leaf", "row")
    return {name: change for name, change in _LEDGER_DRILLS.items() if not large or name in few}


def signatures(here: SelfContext, _target: Target, _bench: Bench) -> Observed:
    """Export evidence, verify it under the pinned trust file, and verify that damaged evidence does not verify."""
    trust = here.gateway.paths.trust.read_bytes()
    bundles = list(_bundles(here))
    verdicts = [verify_file(data, trust, KINDS) for data in bundles]
    spoiled = [one for data in bundles[:2] for one in _spoiled(data)]
    refused = sum(1 for data in spoiled if verify_file(data, trust, KINDS).status is not Status.VERIFIED)
    facts: dict[str, Fact] = {
        "bundles": len(bundles),
        "verified": sum(1 for one in verdicts if one.status is Status.VERIFIED),
        "failures": tuple(sorted({one.failure for one in verdicts if one.failure})),
        "operations": max((len(one.operations) for one in verdicts), default=0),
        "stamps": sum(len(one.stamps) for one in verdicts[:1]),
        "stamps.counted": sum(1 for one in verdicts[:1] for stamp in one.stamps if stamp.counted),
        "spoiled": len(spoiled),
        "spoiled.refused": refused,
        "trust_file": True,
    }
    return Observed(facts, json.dumps([_short(one) for one in verdicts]).encode(), TOOL)


def _short(verdict: Verdict) -> dict[str, object]:
    return {"status": str(verdict.status), "failure": verdict.failure, "size": verdict.size}


def _bundles(here: SelfContext) -> Iterator[bytes]:
    """The whole ledger where the server is in this process; else the institution's own evidence and its newest transfers'."""
    if here.server is not None:
        yield export_all(here.server.engine)
        return
    if here.gateway.line.channel is None:
        raise Unreached(reason="server")
    yield collected(here.gateway, here.gateway.institution)
    exchange = here.gateway.exchange
    for one in [*exchange.inbox(), *exchange.outbox()][:_TRAILS]:
        yield collected(here.gateway, one.handle)


def _spoiled(data: bytes) -> Iterator[bytes]:
    """One bit wrong at the beginning, in the middle and near the end; and the end cut off."""
    for at in (len(data) // 7, len(data) // 2, len(data) - 40):
        copy = bytearray(data)
        copy[at] ^= 4
        yield bytes(copy)
    yield data[: len(data) * 3 // 4]
