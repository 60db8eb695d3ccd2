"""The log's keys in a server's key store (``log-1``, ``log-2`` …), and the trust file that names them.

Guarantees: which key is the log's is what the ledger's state says, never what a file beside it says; the published trust file gets a
line for every log key, older lines stay. Both hold again at the next start, whenever a change of keys was interrupted. Trusts the
ledger's file for a hint only: ``Engine.open`` judges the key that is chosen here.
"""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path

from akashi.app.config import ServerPaths
from akashi.durable import write_file
from akashi.errors import AkashiError
from akashi.keys.keystore import FileKeystore
from akashi.ledger.engine.reading import LedgerReader
from akashi.ledger.proof.trust import add_logs
from akashi.ledger.registry import LogIdentity, log_identity
from akashi.ledger.state import Overlay
from akashi.ledger.store import DATABASE, Tables, connect, translated
from akashi.ledger.wire.note import NoteKey, NoteKind, key_hash, parse_checkpoint
from akashi.network.store import NetworkStore

FIRST = "log-1"
TRUST_FILE = "trust.txt"
_NAME = re.compile(r"log-[1-9][0-9]{0,5}", re.ASCII)


def log_key_names(keystore: FileKeystore) -> list[str]:
    """The log keys in the key store, oldest first."""
    return sorted(filter(_NAME.fullmatch, keystore.names()), key=number_of)


def number_of(name: str) -> int:
    """1 for ``log-1``."""
    return int(name.removeprefix("log-"))


def log_public(keystore: FileKeystore, name: str) -> bytes:
    """The public key of a log key, 32 bytes."""
    return keystore.note_signer(name, name).public_key


def current_log_key(paths: ServerPaths, keystore: FileKeystore) -> str:
    """The name of the key that the ledger's state calls the log's; the first where it cannot be told before opening."""
    stated = _stated(paths.ledger / DATABASE)
    names = log_key_names(keystore)
    return next((name for name in names if stated is not None and log_public(keystore, name) == stated.log_key), FIRST)


def log_key_by_notes(paths: ServerPaths, keystore: FileKeystore) -> str | None:
    """The name of the own key that signed the newest note of a quorum, for a server of several whose ledger cannot be asked."""
    path, origin = paths.root / "network" / "network.db", (paths.public / "origin").read_text(encoding="utf-8").strip()
    if not path.is_file():
        return None
    with suppress(AkashiError):
        store = NetworkStore(path)
        try:
            newest = store.newest_note()
        finally:
            store.close()
        signed = set() if newest is None else {line.hash for line in parse_checkpoint(newest[1]).lines}
        names = reversed(log_key_names(keystore))
        own = {name: key_hash(origin, NoteKind.ED25519, log_public(keystore, name)) for name in names}
        return next((name for name, hash_ in own.items() if hash_ in signed), None)
    return None


def _stated(database: Path) -> LogIdentity | None:
    """What the ledger's file says of its keys, unverified."""
    if not database.is_file():
        return None
    with suppress(AkashiError, TypeError, ValueError), translated():
        connection = connect(database)
        try:
            return log_identity(Overlay(Tables(connection).state))
        finally:
            connection.close()
    return None


def publish_log_key(paths: ServerPaths, engine: LedgerReader) -> None:
    """Add the log's present key to the published trust file, if it is not there."""
    with engine.view() as state:
        identity = log_identity(state)
    if identity is None:
        return
    path = paths.public / TRUST_FILE
    data = path.read_bytes()
    added = add_logs(data, [NoteKey(identity.origin, NoteKind.ED25519, identity.log_key)])
    if added != data:
        write_file(path, added, 0o644)
