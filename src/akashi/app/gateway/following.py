"""The trust file a gateway has pinned, and how it follows a changed log key without believing the server.

Guarantees: a log key is added only if an evidence bundle verifies under the file as it is, begins with the pinned genesis, shows the
chain of ``log.rekeyed`` operations that the secretariat signed and that was committed to before, is signed by the newest of these
keys itself, and extends the newest checkpoint seen here. Lines are added, none is changed; the file is replaced whole. Refuses
everything else, and then changes nothing; a file without ``#!genesis`` is never added to. Trusts: whoever can write the file.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

from akashi.app.wiring import KINDS
from akashi.durable import write_file
from akashi.ledger.errors import ProofError
from akashi.ledger.events import load_body
from akashi.ledger.proof.bundle import Bundle, parse_bundle
from akashi.ledger.proof.trust import Trust, add_logs, parse_trust
from akashi.ledger.proof.verdict import Status
from akashi.ledger.proof.verify import verify_bundle
from akashi.ledger.registry import Genesis, LogRekeyed
from akashi.ledger.wire.envelope import parse_operation
from akashi.ledger.wire.leaf import parse_leaf
from akashi.ledger.wire.note import NoteKey, NoteKind, verify_log

UNSIGNED = "note.unsigned"
"""How a checkpoint fails whose log key the trust file does not name: the log may have changed its key."""


class PinnedTrust:
    """One gateway's trust file. Thread-safe; several processes may follow at once, each replaces the file whole."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()

    def read(self) -> Trust:
        """What the file says now. Raises ``EncodingError`` ``trust.format``."""
        return parse_trust(self._path.read_bytes())

    def follow(self, evidence: bytes, extends: Callable[[bytes], None]) -> Trust:
        """Add the log keys that ``evidence`` proves; returns what the file says then.

        ``extends`` gets the bundle's checkpoint and raises where it is not one history with what was seen before. Raises
        ``ProofError`` or ``EncodingError``, and then the file is as it was.
        """
        with self._lock:
            data = self._path.read_bytes()
            trust = parse_trust(data)
            keys = _proven(evidence, trust)
            extends(parse_bundle(evidence).note)
            added = add_logs(data, keys)
            if added != data:
                write_file(self._path, added, 0o644)
            return parse_trust(added)


def _proven(evidence: bytes, trust: Trust) -> list[NoteKey]:
    """The log keys that a bundle proves, oldest first."""
    if trust.genesis is None:
        raise ProofError(UNSIGNED)  # nothing pinned from which a key could follow
    verdict = verify_bundle(evidence, trust, KINDS)
    if verdict.status is not Status.VERIFIED:
        raise ProofError(verdict.failure or UNSIGNED)
    bundle = parse_bundle(evidence)
    keys = _log_keys(bundle)
    verify_log(bundle.checkpoint, keys[-1:])  # an older key's signature shows no change
    return keys


def _log_keys(bundle: Bundle) -> list[NoteKey]:
    """The log's keys by a verified bundle: the genesis' and each successor's."""
    found = []
    for part in bundle.ranges:
        for data in part.leaves:
            leaf = parse_leaf(data)
            statement = parse_operation(leaf.envelope).statement
            if leaf.result != 0 or statement.version != 1:
                continue
            if statement.kind == "ledger.genesis":
                found.append(load_body(Genesis, statement.body).log_key)
            elif statement.kind == "log.rekeyed":
                found.append(load_body(LogRekeyed, statement.body).log_key)
    return [NoteKey(bundle.checkpoint.origin, NoteKind.ED25519, public) for public in found]
