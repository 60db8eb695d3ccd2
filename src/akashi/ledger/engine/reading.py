"""Reading one ledger's file: what the embedded engine and a server of a network have in common.

Guarantees: every answer is of one height; a leaf that is given out still hashes to what the tree holds; a proof is against the checkpoint that this
reader publishes. Refuses to write. Trusts the file as far as its opener checked it; what is read is checked again, row by row.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from akashi.errors import NotFound
from akashi.ledger.engine.chain import Head, acknowledged
from akashi.ledger.errors import LedgerDamaged, LedgerStopped
from akashi.ledger.port import Entry
from akashi.ledger.registry import LogIdentity
from akashi.ledger.state import Overlay, ReadState
from akashi.ledger.store import LeafRow, Pool, Tables
from akashi.ledger.wire.merkle import consistency_proof, inclusion_proof, range_proof
from akashi.ledger.wire.note import origin_parts
from akashi.ledger.wire.receipt import format_receipt

Outside = Callable[[int, int], tuple[bytes, int] | None]
"""Given a leaf's index and how many leaves there are: a checkpoint that others have cosigned too and that holds the leaf, with its size."""


class UnknownOperation(NotFound):
    """No accepted operation has this id."""

    code = "ledger.unknown_operation"
    ja, en = "その操作は台帳にありません（{operation}）。", "No such operation on the ledger ({operation})."


class LedgerReader:
    """One open ledger, for reading. Thread-safe. Whoever inherits says which head and which checkpoint are the newest."""

    def __init__(self, path: Path, pool: Pool, identity: LogIdentity) -> None:
        self._path = path
        self._pool = pool
        self._identity = identity
        self._closed = False
        self.outside: Outside | None = None

    def _head(self) -> Head:
        raise LedgerStopped("closed")

    def _published(self, tables: Tables, _index: int) -> tuple[bytes, int]:
        """The checkpoint that the receipt of leaf ``_index`` is made against, and its size: of this snapshot's newest block."""
        block = tables.newest_block()
        if block is None:
            raise LedgerDamaged("chain.empty")
        return block.note, tables.size()

    @property
    def ledger_id(self) -> bytes:
        """16 bytes; goes into every statement."""
        return origin_parts(self._identity.origin)[0]

    @property
    def origin(self) -> str:
        """The origin line of its checkpoints."""
        return self._identity.origin

    @property
    def path(self) -> Path:
        """The database file."""
        return self._path

    @property
    def size(self) -> int:
        """Leaves in the newest checkpoint."""
        return self._head().header.size

    @property
    def height(self) -> int:
        """Height of the newest block."""
        return self._head().header.height

    @property
    def mark(self) -> str:
        """What names the newest state: it is another one after every block, and never that of another history."""
        header = self._head().header
        return f"{header.size}-{header.root.hex()}"

    def checkpoint(self) -> bytes:
        """The newest signed checkpoint."""
        return self._head().row.note

    @contextmanager
    def view(self) -> Iterator[ReadState]:
        """A consistent view of the replicated state at one height; never blocks a writer."""
        with self._reading() as tables:
            yield Overlay(tables.state)

    @contextmanager
    def _reading(self) -> Iterator[Tables]:
        if self._closed:
            raise LedgerStopped("closed")
        with self._pool.reading() as tables:
            yield tables

    def entries(self, subject: str) -> Sequence[Entry]:
        """All leaves whose statement names ``subject``, in log order."""
        with self._reading() as tables:
            return [_entry(row) for row in tables.leaves_of(subject)]

    def registry(self) -> Sequence[Entry]:
        """All leaves of the ledger's own kinds (genesis, keys, stamps, log keys, clock), in log order."""
        with self._reading() as tables:
            return [_entry(row) for row in tables.registry_leaves()]

    def entry(self, operation_id: bytes) -> Entry | None:
        """The leaf of one accepted operation."""
        with self._reading() as tables:
            row = tables.leaf(operation_id)
        return None if row is None else _entry(row)

    def leaves(self, start: int, end: int) -> Iterator[bytes]:
        """Leaves ``[start, end)`` as stored, of one snapshot; fewer where the log is shorter."""
        with self._reading() as tables:
            for row in tables.leaves(start, end):
                yield _entry(row).leaf

    def header(self, height: int) -> bytes:
        """The encoded header of a block (spec/tree.md section 3). Raises ``NotFound``."""
        with self._reading() as tables:
            for row in tables.blocks(height, height + 1):
                return row.header
        raise NotFound

    def note(self, height: int) -> bytes:
        """The checkpoint published with a block. Raises ``NotFound``."""
        with self._reading() as tables:
            for row in tables.blocks(height, height + 1):
                return row.note
        raise NotFound

    def receipt(self, operation_id: bytes) -> bytes:
        """The C2SP tlog-proof (spec/checkpoint.md section 3) against the newest checkpoint, or one that witnesses cosigned too.

        Raises ``UnknownOperation``.
        """
        with self._reading() as tables:
            row = tables.leaf(operation_id)
            if row is None:
                raise UnknownOperation(operation=operation_id.hex()[:16])
            _entry(row)
            cosigned = None if self.outside is None else self.outside(row.index, tables.size())
            note, size = cosigned or self._published(tables, row.index)
            path = inclusion_proof(row.index, size, tables.subtree)
        return format_receipt(row.leaf, row.index, path, note)

    def consistency(self, old: int, new: int) -> list[bytes]:
        """Proof that the tree of ``new`` leaves extends that of ``old``; RFC 6962 2.1.2. Raises ``ProofError``."""
        with self._reading() as tables:
            return consistency_proof(old, new, tables.subtree)

    def range(self, start: int, end: int, size: int | None = None) -> list[bytes]:
        """Range proof of leaves ``[start, end)`` in the tree of ``size`` leaves, the newest by default (spec/tree.md 4)."""
        with self._reading() as tables:
            return range_proof(start, end, tables.size() if size is None else size, tables.subtree)


def _entry(row: LeafRow) -> Entry:
    acknowledged(row)  # the stored leaf still hashes to what the tree holds
    return Entry(row.index, row.operation_id, row.leaf)
