"""A server's own ledger file, made from another's leaves.

Guarantees: every leaf is executed again (signature, rules, effects) and must come out byte for byte; the tree that results is the one that the caller
expects, or no file appears. What is stored is sealed and signed by this server's own keys. Refuses leaves that leave gaps, differ, or end elsewhere. Trusts
nobody but the expected size and root, which the caller took from where it trusts (docs/spec/network.md).
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable
from itertools import chain as chain_of
from itertools import groupby
from pathlib import Path
from typing import ClassVar

from akashi.clock import FixedClock
from akashi.durable import fsync_directory, make_directory
from akashi.errors import Conflict
from akashi.ledger.engine.chain import Chain, Draft, LogKeys
from akashi.ledger.engine.group import Pending, Ticket
from akashi.ledger.engine.replica import app_hash
from akashi.ledger.engine.rowseal import RowSeal
from akashi.ledger.errors import ProofError
from akashi.ledger.events import KindTable
from akashi.ledger.model import Leaf
from akashi.ledger.port import Acknowledged
from akashi.ledger.registry import LogIdentity
from akashi.ledger.state import ReadState
from akashi.ledger.store import DATABASE, connect, create_tables, translated
from akashi.ledger.wire.envelope import parse_operation
from akashi.ledger.wire.leaf import parse_leaf


class AlreadyThere(Conflict):
    """There is a ledger in this place."""

    code = "ledger.adopted"
    ja, en = "ここには台帳がすでにあります。", "There is a ledger in this place already."


def adopt(directory: Path, leaves: Iterable[bytes], expected: bytes, kinds: KindTable, keys: LogKeys) -> int:
    """Make ``directory``'s ledger from all leaves in order; ``expected`` is :func:`app_hash` of the tree. Returns its height.

    Raises ``EncodingError``, ``ProofError`` ``adopt.*``, what ``admit`` raises, :class:`AlreadyThere`.
    """
    final, building = directory / DATABASE, directory / f"{DATABASE}.new"
    if final.exists():
        raise AlreadyThere
    make_directory(directory)
    for name in (building.name, f"{building.name}-wal", f"{building.name}-shm"):
        building.with_name(name).unlink(missing_ok=True)
    create_tables(building)
    building.chmod(0o600)
    with translated():
        connection = connect(building, write=True)
        # Nothing is lost by a power cut before the file has its name: it is made anew.
        connection.execute("PRAGMA synchronous = OFF")
        try:
            height = _fill(connection, leaves, expected, kinds, keys)
        finally:
            connection.close()
    handle = os.open(building, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
    os.replace(building, final)
    fsync_directory(directory)
    return height


def _fill(
    connection: sqlite3.Connection, leaves: Iterable[bytes], expected: bytes, kinds: KindTable, keys: LogKeys
) -> int:
    parsed = map(parse_leaf, leaves)
    first = next(parsed, None)
    if first is None:
        raise ProofError("adopt.empty")
    ledger_id = parse_operation(first.envelope).statement.ledger
    chain = _Adopting(connection, RowSeal.of(keys.cosigner, ledger_id), kinds, keys, FixedClock(0), ledger_id)
    for height, group in groupby(chain_of([first], parsed), key=lambda leaf: leaf.height):
        chain.take_block(height, list(group))
    head = chain.head
    if head is None or app_hash(head.header.size, head.header.root) != expected:
        raise ProofError("adopt.root")
    return head.header.height


class _Adopting(Chain):
    """Executes blocks that others wrote, and compares."""

    orders_alone: ClassVar[bool] = False
    ends_at_handover: ClassVar[bool] = False

    def take_block(self, height: int, leaves: list[Leaf]) -> None:
        """One block: it must be the next one, and every leaf must be what executing gives."""
        head = self._check_head()
        block_ms = leaves[0].block_ms
        if height != head.header.height + 1 or block_ms < head.header.block_ms:
            raise ProofError("adopt.height")
        if any(leaf.block_ms != block_ms or leaf.result != 0 for leaf in leaves):
            raise ProofError("adopt.block")
        self._connection.execute("BEGIN IMMEDIATE")
        draft = Draft(self, head, block_ms, block_ms)
        ticket = Ticket()  # one for all: nobody waits for it
        for outcome in draft.take_all([Pending(parse_operation(leaf.envelope), ticket) for leaf in leaves]):
            if not isinstance(outcome, Acknowledged):
                raise outcome
        if [parse_leaf(row.leaf) for row in draft.rows] != leaves:
            raise ProofError("adopt.leaf")
        self.head, _ = self._store(draft, head)
        self._connection.execute("COMMIT")

    def _require_signer(self, state: ReadState, identity: LogIdentity, keys: LogKeys) -> None:
        """A server signs what it stores with its own keys."""
