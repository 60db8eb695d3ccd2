"""Taking one bundle in: what the mirror remembers of imports, and the one transaction that a bundle is.

Guarantees: a bundle counts from one commit on, that of the ledger file: leaves, checkpoint, the record of the import, the orders to erase.
Before it bodies are only staged and a generation lies beside the one in use; after it :meth:`Mirror.settle` finishes the rest, however often it was
interrupted. The digest of the first pass must be that of the second, so that a file that changes under the reader is refused. Refuses
whatever ``rules.decide_import`` does not take. Trusts the pinned trust file for whose checkpoints count, and the ledger for whose bundles.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256

from akashi.ledger.model import Purpose
from akashi.ledger.registry import key_record
from akashi.ledger.rules import is_current
from akashi.ledger.state import ReadState
from akashi.ledger.wire.note import parse_checkpoint
from akashi.network.mirror.copy import Extension, LedgerCopy
from akashi.network.mirror.errors import (
    BundleForeign,
    BundleForged,
    BundleGap,
    BundleMalformed,
    BundleReplayed,
    BundleRollback,
)
from akashi.network.mirror.framing import BundleReader, Item
from akashi.network.mirror.generation import (
    KEYS,
    MAX_GENERATION_BYTES,
    SEALED,
    Generation,
    parse_keys_item,
    sealed_part,
)
from akashi.network.mirror.model import BundleHeader, Gone, Imported
from akashi.network.mirror.rules import ImportDecision, decide_import
from akashi.vault.events import SPACE, PayloadPhase, PayloadRecord, payload_record
from akashi.vault.model import MAX_BODY_BYTES, PayloadStatus, StoredPayload
from akashi.vault.sealing.wraps import digest_of_digests
from akashi.vault.store import BodyStore

LEAVES, CHECKPOINT, BODY, PIECE, ERASE = "leaves", "checkpoint", "body", "piece", "erase"
_MAX_PIECE = (1 << 20) + 4096
_SCHEMA = """
CREATE TABLE IF NOT EXISTS imports (
    number INTEGER PRIMARY KEY, digest BLOB NOT NULL, start INTEGER NOT NULL, size INTEGER NOT NULL,
    transport INTEGER NOT NULL, at_ms INTEGER NOT NULL, acknowledged INTEGER NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS gone (
    payload BLOB PRIMARY KEY, order_id BLOB NOT NULL, transport INTEGER NOT NULL, erased_ms INTEGER, final INTEGER
) STRICT;
"""


class ImportTables:
    """What was imported and what was ordered to be erased, in the ledger copy's own file: one commit covers all."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection
        connection.executescript(_SCHEMA)

    def last(self) -> Imported | None:
        """The newest import."""
        columns = "number, digest, start, size, transport, at_ms, acknowledged"
        row = self._db.execute(f"SELECT {columns} FROM imports ORDER BY number DESC LIMIT 1").fetchone()
        return None if row is None else Imported(*row)

    def record(self, one: Imported) -> None:
        """Remember an import; within the caller's transaction."""
        values = (one.number, one.digest, one.start, one.end, one.transport, one.at_ms, one.acknowledged)
        self._db.execute("INSERT INTO imports VALUES (?, ?, ?, ?, ?, ?, ?)", values)

    def order(self, payload: bytes, order: bytes, transport: int) -> None:
        """Remember that a payload must go; its wraps lay under ``transport`` at the latest."""
        self._db.execute("INSERT OR IGNORE INTO gone VALUES (?, ?, ?, NULL, NULL)", (payload, order, transport))

    def to_erase(self) -> list[tuple[bytes, bytes]]:
        """(payload, order) of what is not erased yet."""
        rows = self._db.execute("SELECT payload, order_id FROM gone WHERE erased_ms IS NULL ORDER BY payload")
        return [(bytes(payload), bytes(order)) for payload, order in rows]

    def erased(self, payload: bytes, at_ms: int) -> None:
        """The body of a payload is gone."""
        self._db.execute("UPDATE gone SET erased_ms = ? WHERE payload = ? AND erased_ms IS NULL", (at_ms, payload))

    def finalise(self, destroyed: int, number: int) -> None:
        """Erasures that no transport key is left for are final as of import ``number``."""
        sql = "UPDATE gone SET final = ? WHERE final IS NULL AND erased_ms IS NOT NULL AND transport <= ?"
        self._db.execute(sql, (number, destroyed))

    def final(self, after: int) -> list[Gone]:
        """Erasures that became final with an import after ``after``, in the order of payload ids."""
        sql = "SELECT payload, order_id, erased_ms FROM gone WHERE final > ? ORDER BY payload"
        return [Gone(*row) for row in self._db.execute(sql, (after,))]

    def counts(self) -> tuple[int, int]:
        """(erased for good, ordered and not yet for good)."""
        every, final = self._db.execute("SELECT count(*), count(final) FROM gone").fetchone()
        return final, every - final


@dataclass(frozen=True, slots=True)
class Examined:
    """What the first pass over a file said of it."""

    header: BundleHeader
    digest: bytes
    """Of all bytes before the end item."""
    note: bytes
    """Its checkpoint, unverified; kept as proof where it shows another history."""


def examine(reader: BundleReader, mirror: str, origin: str) -> Examined:
    """Read a whole bundle and change nothing: framing, count, digest, for whom. Raises what :class:`BundleReader` raises, :class:`BundleForeign`."""
    header = reader.header
    if header.mirror != mirror:
        raise BundleForeign(failure="mirror")
    if header.origin != origin:
        raise BundleForeign(failure="origin")
    note = b""
    for item in reader.items():
        if item[0] == CHECKPOINT and isinstance(item[-1], bytes):
            note = item[-1]
    reader.signer  # noqa: B018 - raises where the signature is of another file
    return Examined(header, reader.digest, note)


def decide(examined: Examined, last: Imported | None, size: int) -> bool:
    """Whether to take it (true) or only to finish and answer again (false). Raises :class:`BundleGap` and its siblings."""
    header = examined.header
    decision = decide_import(
        last, size, start=header.start, end=header.end, number=header.number, digest=examined.digest
    )
    match decision:
        case ImportDecision.GAP:
            raise BundleGap(size=size, start=header.start)
        case ImportDecision.REPLAYED:
            raise BundleReplayed(number=header.number)
        case ImportDecision.ROLLBACK:
            raise BundleRollback(size=size, end=header.end)
    return decision is ImportDecision.TAKE


class Taking:
    """The second pass: everything of a bundle, inside the copy's transaction."""

    def __init__(
        self, copy: LedgerCopy, bodies: BodyStore, extension: Extension, examined: Examined, now_ms: int
    ) -> None:
        self._copy, self._bodies, self._extension = copy, bodies, extension
        self._examined, self._now_ms = examined, now_ms
        self._head: Generation | None = None
        self._sealed: list[bytes] = []
        self.note = b""

    def run(self, reader: BundleReader) -> Generation | None:
        """Take all items; returns the generation of wraps, if the bundle has one. Raises and leaves the transaction to be undone."""
        header = self._examined.header
        if reader.header != header:
            raise BundleForged("changed")
        items = _Ahead(reader.items())
        at = header.start
        while items.is_next(LEAVES):
            at = self._leaves(items.take(), at)
        if at != header.end:
            raise BundleMalformed("leaves")
        self._checkpoint(items.take(), header)
        while items.is_next(BODY):
            self._body(items)
        if items.is_next(ERASE):
            self._erase(items.take())
        if items.is_next(KEYS):
            self._head = parse_keys_item(items.take())
            self._collect(items)
        if not items.ended:
            raise BundleMalformed("item")
        if reader.digest != self._examined.digest:
            raise BundleForged("changed")
        self._verify_signer(reader)
        if self._head is None:
            return None
        head = self._head
        return Generation(head.transport, head.recovery, head.suite, head.hpke, tuple(self._sealed))

    def _leaves(self, item: Item, at: int) -> int:
        match item:
            case [str(), int(start), list(leaves)] if start == at and leaves:
                for leaf in leaves:
                    if not isinstance(leaf, bytes):
                        raise BundleMalformed("leaves")
                    self._extension.add(at, leaf)
                    at += 1
                return at
        raise BundleMalformed("leaves")

    def _checkpoint(self, item: Item, header: BundleHeader) -> None:
        match item:
            case [str(name), bytes(note)] if name == CHECKPOINT:
                self._extension.finish(note)
                self.note = note
            case _:
                raise BundleMalformed("checkpoint")
        if parse_checkpoint(note).size != header.end:
            raise BundleMalformed("checkpoint")

    def _body(self, items: _Ahead) -> None:
        match items.take():
            case [str(), bytes(payload), int(size)] if 0 < size <= MAX_BODY_BYTES:
                pass
            case _:
                raise BundleMalformed("body")
        record = payload_record(self._extension.state, payload)
        if record is None:
            raise BundleForged("body.unknown")
        upload = self._bodies.begin_upload(self._now_ms)
        kept = False
        try:
            self._receive(items, upload, size, record.body_digest)
            kept = self._keep(payload, record, upload, size)
        finally:
            if not kept:
                self._bodies.drop_upload(upload)

    def _receive(self, items: _Ahead, upload: int, size: int, expected: bytes) -> None:
        digest, at, got = sha256(), 0, 0
        while got < size:
            match items.take():
                case [str(name), bytes(piece)] if name == PIECE and 0 < len(piece) <= _MAX_PIECE:
                    digest.update(piece)
                    self._bodies.add_chunks(upload, at, [piece])
                    at, got = at + 1, got + len(piece)
                case _:
                    raise BundleMalformed("body")
        if got != size or digest.digest() != expected:
            raise BundleForged("body.digest")

    def _keep(self, payload: bytes, record: PayloadRecord, upload: int, size: int) -> bool:
        """Make an upload a staged payload, unless it is ordered to be erased or was staged before."""
        if record.phase is not PayloadPhase.ANNOUNCED or self._bodies.find(payload) is not None:
            return False
        wraps = digest_of_digests(record.wrap_digests)
        row = StoredPayload(
            payload, PayloadStatus.STAGED, record.body_digest, wraps, record.wrap_digests, size, self._now_ms
        )
        self._bodies.insert(row, upload, ())
        return True

    def _erase(self, item: Item) -> None:
        """The orders that the exporter names must be the ledger's own; those are what counts (:func:`orders`)."""
        match item:
            case [str(), list(rows)]:
                for row in rows:
                    match row:
                        case [bytes(payload), bytes(order)]:
                            record = payload_record(self._extension.state, payload)
                            if record is None or record.order_id != order:
                                raise BundleForged("erase.order")
                        case _:
                            raise BundleMalformed("erase")
            case _:
                raise BundleMalformed("erase")

    def _collect(self, items: _Ahead) -> None:
        total = 0
        while items.is_next(SEALED):
            part = sealed_part(items.take())
            total += len(part)
            if total > MAX_GENERATION_BYTES:
                raise BundleMalformed("keys")
            self._sealed.append(part)

    def _verify_signer(self, reader: BundleReader) -> None:
        """The bundle is signed by a server of this ledger, current at its checkpoint."""
        record = key_record(self._extension.state, reader.signer)
        if record is None or record.purpose is not Purpose.SERVER or not is_current(record, self._extension.block_ms):
            raise BundleForged("signer")
        reader.verify(record.algorithm, record.spki)


class _Ahead:
    """Items with the next one in sight."""

    def __init__(self, items: Iterator[Item]) -> None:
        self._items = items
        self._next = next(items, None)

    @property
    def ended(self) -> bool:
        """Whether everything was taken."""
        return self._next is None

    def is_next(self, name: str) -> bool:
        """Whether the next item has this name."""
        return self._next is not None and self._next[0] == name

    def take(self) -> Item:
        """The next item. Raises :class:`BundleMalformed` at the end."""
        if self._next is None:
            raise BundleMalformed("item")
        item, self._next = self._next, next(self._items, None)
        return item


def orders(state: ReadState) -> Iterator[tuple[bytes, bytes]]:
    """(payload, order) of everything that the ledger ordered to be erased."""
    for payload, _ in state.scan(SPACE):
        record = payload_record(state, payload)
        if record is not None and record.order_id is not None:
            yield payload, record.order_id
