"""What is checked before an engine takes a ledger file into use.

Guarantees: ``open_checks`` returns only if the schema, SQLite's structure and indexes, the head's header, tree edge, chain link, checkpoint signatures, every state row,
and the newest ``RECENT`` leaves (hash, tree, signature) agree. Left to ``audit``: everything older. Refuses, in ``check_witnessed``, a ledger that is
older than, or different from, a checkpoint that somebody has seen: continuing it would fork the log and bring erased data back.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable

from akashi.ledger.engine.chain import Head, LogKeys, block_ms_of, read_head, require_signer, verify_note
from akashi.ledger.engine.rowseal import RowSeal
from akashi.ledger.errors import EncodingError, LedgerDamaged, ProofError, Refused
from akashi.ledger.registry import LogIdentity, log_identity, record_of
from akashi.ledger.state import Overlay
from akashi.ledger.store import Tables, check_schema, check_structure
from akashi.ledger.wire.envelope import parse_operation, verify_signature
from akashi.ledger.wire.leaf import header_hash, parse_leaf
from akashi.ledger.wire.note import origin_parts, parse_checkpoint

RECENT = 64


def open_checks(connection: sqlite3.Connection, keys: LogKeys, *, replica: bool = False) -> LogIdentity:
    """Check a ledger file; returns what it says about itself. Raises :class:`LedgerDamaged`.

    ``replica``: one server of a network: it signs what it stored with its own keys, also what came before its own enrolment.
    """
    try:
        check_schema(connection)
        check_structure(connection)
        head = read_head(Tables(connection))
        identity = log_identity(Overlay(Tables(connection).state))
        if identity is None:
            raise LedgerDamaged("state.log")
        ledger_id, _ = origin_parts(identity.origin)
        tables = Tables(connection, RowSeal.of(keys.cosigner, ledger_id))
        if not replica:
            require_signer(Overlay(tables.state), identity, keys)
        own = (keys.cosigner.name, keys.cosigner.public_key)
        verify_note(head.row.note, head.header, identity.origin, keys.log.public_key, own)
        _check_chain(tables, head)
        _check_state(tables, head)
        _check_recent(tables, head.header.size)
    except (EncodingError, ProofError) as error:
        raise LedgerDamaged(error.failure) from error
    except Refused as error:
        raise LedgerDamaged(error.reason) from error
    except (TypeError, ValueError, OverflowError) as error:
        raise LedgerDamaged("store.row") from error
    return identity


def _check_chain(tables: Tables, head: Head) -> None:
    before = next(tables.blocks(head.row.height - 1, head.row.height), None)
    previous = bytes(32) if before is None else header_hash(before.header)
    if head.header.previous != previous or (before is None) != (head.row.height == 1):
        raise LedgerDamaged("chain.previous")


def _check_state(tables: Tables, head: Head) -> None:
    if tables.seal is None or tables.seal.total(head.hash, tables.state.amount()) != head.row.rows:
        raise LedgerDamaged("state.total")


def _check_recent(tables: Tables, size: int) -> None:
    """The newest leaves, as a sample: hash, columns and signature (validity was judged when they were accepted)."""
    for row in tables.leaves(max(0, size - RECENT), size):
        block_ms_of(row)
        leaf = parse_leaf(row.leaf)
        operation = parse_operation(leaf.envelope)
        raw = tables.state.get_raw("key", operation.key)
        if operation.id != row.operation_id or leaf.height != row.height or raw is None:
            raise LedgerDamaged("leaf.row")
        record = record_of(operation.key, raw)
        verify_signature(operation.algorithm, record.spki, operation.signed_bytes, operation.signature)


def check_witnessed(tables: Tables, origin: str, notes: Iterable[bytes]) -> None:
    """Refuse to continue a ledger that is behind, or beside, what others have seen. Raises :class:`LedgerDamaged`."""
    size = tables.size()
    for note in notes:
        try:
            seen = parse_checkpoint(note)
        except EncodingError as error:
            raise LedgerDamaged("witness.format") from error
        if seen.origin != origin:
            continue
        if seen.size > size:
            raise LedgerDamaged("rolled_back")
        if seen.size and tables.frontier(seen.size).root() != seen.root:
            raise LedgerDamaged("forked")
