"""A ledger file and a vault made from a mirror alone.

Guarantees: ``rebuild_ledger`` executes every leaf again from the pinned genesis and gives a file that the embedded engine opens and the auditor
finds clean: Ed25519 signs deterministically and the time of a cosignature is the block's, so that the log's own keys give the very checkpoints that
were published. ``refill_vault`` stages every payload that is alive and whose wraps the generation in use holds; nothing that is ordered to be
erased. Refuses to write where something is. Trusts the keys that were restored; what may be continued with them is ``rules.decide_origin``'s.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Protocol

from akashi.durable import fsync_directory, make_directory
from akashi.ledger.audit import Replay
from akashi.ledger.engine.rowseal import RowSeal
from akashi.ledger.events import KindTable
from akashi.ledger.registry import LogIdentity, log_identity
from akashi.ledger.service import LedgerExists
from akashi.ledger.state import Memory, Overlay
from akashi.ledger.store import DATABASE, BlockRow, LeafRow, Tables, connect, create_tables, translated
from akashi.ledger.wire.leaf import parse_header, parse_leaf
from akashi.ledger.wire.merkle import leaf_hash
from akashi.ledger.wire.note import NoteSigner, cosign, origin_parts, parse_checkpoint, sign_checkpoint
from akashi.network.mirror.copy import LedgerCopy
from akashi.network.mirror.errors import MirrorDamaged, MirrorKeysMissing
from akashi.network.mirror.model import SealedWraps
from akashi.network.mirror.service import Mirror
from akashi.vault.events import PayloadPhase, payload_record
from akashi.vault.model import PayloadStatus

_FLUSH = 500
_EVERYWHERE = 1 << 62


class Staging(Protocol):
    """The vault that is filled."""

    def stage(self, payload_id: bytes, wraps: Sequence[bytes], body: Iterable[bytes]) -> bytes:
        """Store durably."""
        ...

    def announce(self, payload_id: bytes) -> None:
        """It is no orphan."""
        ...


def rebuild_ledger(
    copy: LedgerCopy, target: Path, kinds: KindTable, log_keys: Mapping[bytes, NoteSigner], cosigner: NoteSigner
) -> int:
    """Write ``target/ledger.db``; returns its leaves. Raises :class:`MirrorKeysMissing`, :class:`MirrorDamaged`, ``LedgerExists``."""
    make_directory(target)
    final, building = target / DATABASE, target / f".{DATABASE}.new"
    if final.exists():
        raise LedgerExists
    building.unlink(missing_ok=True)
    create_tables(building)
    building.chmod(0o600)
    with translated(), closing(connect(building, write=True)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        size = _Rebuild(connection, kinds, log_keys, cosigner).run(copy)
        connection.execute("COMMIT")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    os.replace(building, final)
    fsync_directory(target)
    return size


class _Rebuild:
    def __init__(
        self,
        connection: sqlite3.Connection,
        kinds: KindTable,
        log_keys: Mapping[bytes, NoteSigner],
        cosigner: NoteSigner,
    ) -> None:
        self._tables = Tables(connection)
        self._connection = connection
        self._replay = Replay(kinds)
        self._log_keys, self._cosigner = log_keys, cosigner
        self._rows: list[LeafRow] = []

    def run(self, copy: LedgerCopy) -> int:
        """All leaves and blocks, then the state under its seal."""
        replay, newest = self._replay, b""
        for block in copy.tables.blocks(1, _EVERYWHERE):
            newest = self._block(copy, block)
        if replay.frontier.size != copy.size or replay.ledger_id is None:
            raise MirrorDamaged("chain.size")
        if parse_checkpoint(newest).body != parse_checkpoint(copy.note).body:
            raise MirrorDamaged("chain.head")
        seal = RowSeal.of(self._cosigner, replay.ledger_id)
        # an empty base: the table is, and every row is new
        amount = Tables(self._connection, seal).write_state(dict(replay.state.rows), Memory())
        total = seal.total(replay.previous, amount)
        self._connection.execute("UPDATE blocks SET rows = ? WHERE height = ?", (total, replay.height))
        return replay.frontier.size

    def _block(self, copy: LedgerCopy, block: BlockRow) -> bytes:
        """One block again; returns its checkpoint."""
        replay, stored = self._replay, parse_header(block.header)
        for row in copy.tables.leaves(replay.frontier.size, stored.size):
            hashed = leaf_hash(row.leaf)
            if row.nodes != hashed + b"".join(replay.frontier.append(hashed)):
                raise MirrorDamaged("tree.node")
            said = replay.leaf(parse_leaf(row.leaf))
            if (row.operation_id, row.subject, row.kind) != said:
                raise MirrorDamaged("leaf.columns")
            self._rows.append(row)
        self._tables.write_leaves(self._rows)
        self._rows = []
        if replay.header(block.height, stored.block_ms) != block.header:
            raise MirrorDamaged("chain.header")
        identity = log_identity(Overlay(replay.state))
        if identity is None:
            raise MirrorDamaged("state.log")
        note = self._note(identity, stored.size, stored.root, stored.block_ms)
        self._tables.write_block(BlockRow(block.height, block.header, note, bytes(32)))
        return note

    def _note(self, identity: LogIdentity, size: int, root: bytes, block_ms: int) -> bytes:
        """The checkpoint that was published with the block, byte for byte."""
        log = self._log_keys.get(identity.log_key)
        if log is None:
            raise MirrorKeysMissing(name="log")
        if identity.cosigner_key != self._cosigner.public_key:
            raise MirrorKeysMissing(name="cosigner")
        return cosign(sign_checkpoint(identity.origin, size, root, log), self._cosigner, block_ms // 1000)


def alive(mirror: Mirror) -> Iterator[bytes]:
    """Payloads whose bodies the mirror has and that nobody ordered to be erased."""
    for row in mirror.bodies.with_status(PayloadStatus.ANNOUNCED):
        record = payload_record(mirror.copy.state, row.payload_id)
        if record is not None and record.phase is PayloadPhase.ANNOUNCED:
            yield row.payload_id


def refill_vault(mirror: Mirror, vault: Staging, wraps: Iterable[SealedWraps]) -> tuple[int, int]:
    """Stage every payload that is alive; (payloads, of these without wraps and so left out)."""
    known = {one.payload: one.wraps for one in wraps}
    staged = missing = 0
    for payload in alive(mirror):
        row = mirror.bodies.find(payload)
        if row is None or not known.get(payload):
            missing += 1
            continue
        vault.stage(payload, known[payload], mirror.body(payload, row.size))
        vault.announce(payload)
        staged += 1
    return staged, missing


def ledger_id_of(copy: LedgerCopy) -> bytes:
    """The ledger's id, 16 bytes."""
    return origin_parts(copy.origin)[0]
