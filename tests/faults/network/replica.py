"""One server's ledger opened from its files alone, to execute blocks without a network: by a forger, or by another Python.

Guarantees: opened with the home's own keys, as the server opens it; the server must not run.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path

from akashi.app.config import ServerSettings, server_paths
from akashi.app.keys.opening import open_keystore
from akashi.app.network.places import AddressBook, NetworkPlaces, replica_keys
from akashi.app.wiring import KINDS
from akashi.clock import SystemClock
from akashi.ledger.engine.opening import open_checks
from akashi.ledger.engine.replica import ReplicaChain
from akashi.ledger.engine.rowseal import RowSeal
from akashi.ledger.store import DATABASE, connect
from akashi.ledger.wire.note import origin_parts
from akashi.network.errors import TransactionMalformed
from akashi.network.transactions import unpack
from tests.app.network.four import PASSPHRASE


def open_chain(home: Path) -> tuple[sqlite3.Connection, ReplicaChain]:
    """The writer of a home; close the connection."""
    paths = server_paths(home)
    keystore = open_keystore(home, paths.keys, PASSPHRASE, ServerSettings())
    origin = (paths.public / "origin").read_text().strip()
    keys = replica_keys(keystore, origin, AddressBook.read(NetworkPlaces.of(paths).book).me.number)
    ledger_id = origin_parts(origin)[0]
    connection = connect(paths.ledger / DATABASE, write=True)
    open_checks(connection, keys, replica=True)
    chain = ReplicaChain(connection, RowSeal.of(keys.cosigner, ledger_id), KINDS, keys, SystemClock(), ledger_id)
    chain.load()
    return connection, chain


def execute(chain: ReplicaChain, height: int, block_ms: int, txs: Sequence[bytes]) -> bytes:
    """Execute and commit a block as the application does: the app hash."""
    operations = []
    for tx in txs:
        try:
            operations += unpack(tx)
        except TransactionMalformed:
            continue
    done = chain.execute(height, block_ms, operations)
    chain.settle()
    return done.app_hash
