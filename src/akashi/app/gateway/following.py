"""The trust file a gateway has pinned, and how it follows a changed log key, or other servers, without believing the server.

Guarantees: a log key is added only if an evidence bundle verifies under the file as it is, begins with the pinned genesis, shows the
chain of ``log.rekeyed`` operations that the secretariat signed and that was committed to before, is signed by the newest of these
keys itself, and extends the newest checkpoint seen here. Other servers sign only if a trust chain leads there from the file as it is
(``network.trustchain``); the file is then computed here, and the one before stays beside it as ``trust-<digest>.txt``, for bundles that were made under it: from
then on nothing is believed that satisfies that one alone. The file is replaced whole. Refuses everything else, and then changes nothing; a file without
``#!genesis`` is never changed, nor one with a policy of its owner's. Trusts: whoever can write the file.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from time import monotonic

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
from akashi.ledger.wire.note import Checkpoint, NoteKey, NoteKind, verify_log
from akashi.network.trustchain import follow_chain, servers_of

UNSIGNED = "note.unsigned"
"""How a checkpoint fails whose log key the trust file does not name: the log may have changed its key."""
QUORUM = "note.quorum"
"""How it fails with too few cosignatures that the file names: other servers may sign by now."""
LOOK_EVERY_S = 600.0
"""How often it is asked whether other servers sign by now, while nothing shows it."""


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

    def follow_servers(self, chain: bytes, extends: Callable[[bytes], None]) -> Trust:
        """Believe the servers that ``chain`` leads to; returns what the file says then. Raises as :meth:`follow`.

        A file without ``#!genesis``, or with its owner's policy, stays as it is: who made it changes it.
        """
        with self._lock:
            data = self._path.read_bytes()
            if not may_follow(trust := parse_trust(data)):
                return trust
            found = follow_chain(chain, data)
            if found.note is not None:
                extends(found.note)
            if found.text != data:
                kept = self._path.with_name(f"trust-{sha256(data).hexdigest()[:16]}.txt")
                write_file(kept, data, 0o644)
                write_file(self._path, found.text, 0o644)
            return parse_trust(found.text)


def may_follow(trust: Trust) -> bool:
    """Whether a file is of the form that other servers are written into."""
    try:
        servers_of(trust)
    except ProofError:
        return False
    return trust.genesis is not None


class Lookout:
    """When it is time to ask whether other servers sign by now. Used by one ledger's line; races only ask twice."""

    def __init__(self) -> None:
        self._asked: float | None = None

    def is_due(self, checkpoint: Checkpoint, trust: Trust) -> bool:
        """Whether a believed checkpoint carries a line of a server that the file does not name, or nobody asked lately."""
        if not may_follow(trust):
            return False
        known = {(key.name, key.hash) for key in (*trust.logs, *trust.witnesses.values())}
        place = checkpoint.origin.rpartition("/")[0] + "/server/"
        others = any(line.name.startswith(place) and (line.name, line.hash) not in known for line in checkpoint.lines)
        now = monotonic()
        if not others and self._asked is not None and now - self._asked < LOOK_EVERY_S:
            return False
        self._asked = now
        return True


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
