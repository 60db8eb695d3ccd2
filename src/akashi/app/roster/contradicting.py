"""Kept split views as files: two signed checkpoints of one size that cannot both be true, for whoever must see the proof.

Guarantees: each pair is verified again under the trust files that this server published, the present one and all before, so what is handed out as proof convinces anybody who
has one of these; what does not verify is written too and called unproven. The files hold origins, sizes, roots and signatures, and nothing of anybody's data. Refuses
nothing. Trusts: ``network.db`` for what was kept, not for what it is worth.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from akashi.app.config import server_paths
from akashi.app.network.local import homes, number_of
from akashi.app.network.places import NetworkPlaces
from akashi.app.server.logkeys import TRUST_FILE
from akashi.ledger.errors import EncodingError, ProofError
from akashi.ledger.proof.trust import Trust, parse_trust
from akashi.ledger.wire.note import Checkpoint, NoteKey, NoteKind, parse_checkpoint, verify_cosignatures, verify_log
from akashi.network.peers.lines import cosigner_name
from akashi.network.store import Evidence, NetworkStore


@dataclass(frozen=True, slots=True)
class Contradiction:
    """A split view that the server with number ``seen_by`` kept; ``proven``: the signatures of both notes verify."""

    seen_by: int
    found: Evidence
    proven: bool

    @property
    def stem(self) -> str:
        """What its files are called, without their endings."""
        one = self.found
        return f"split-{one.size}-server-{one.member}-against-{one.against}-seen-by-{self.seen_by}-{one.found_ms}"

    def row(self) -> dict[str, object]:
        """For the list beside the notes."""
        one = self.found
        return {
            "signed_by": one.member, "against": one.against, "size": one.size, "found_ms": one.found_ms, "seen_by": self.seen_by,
            "proven": self.proven, "files": [f"{self.stem}-one.note", f"{self.stem}-other.note"],
        }  # fmt: skip


def contradictions(home: Path) -> list[Contradiction]:
    """What the servers of this machine kept, running or not. Raises ``HomeMissing``, ``NetworkMissing``, ``NetworkStoreFailed``."""
    found = []
    for one in homes(home):
        paths = server_paths(one)
        store = NetworkStore(NetworkPlaces.of(paths).store)
        try:
            kept = store.evidence()
        finally:
            store.close()
        believed = _published(paths.public)
        found += [Contradiction(number_of(one), each, is_proven(each, believed)) for each in kept]
    return found


def files_of(found: Sequence[Contradiction]) -> dict[str, bytes]:
    """Name to content: two notes each, and the list of all."""
    files = {f"{one.stem}-one.note": one.found.one for one in found}
    files |= {f"{one.stem}-other.note": one.found.other for one in found}
    files["split-views.json"] = json.dumps([one.row() for one in found], indent=2).encode() + b"\n"
    return files


def is_proven(found: Evidence, believed: Iterable[Trust]) -> bool:
    """Whether both notes are of one ledger and size with different roots, each signed by the server that it is said to be of."""
    trusts = list(believed)
    try:
        one, other = parse_checkpoint(found.one), parse_checkpoint(found.other)
    except EncodingError:
        return False
    if (one.origin, one.size, other.size) != (other.origin, found.size, found.size) or one.root == other.root:
        return False
    return _signed(one, found.against, trusts) and _signed(other, found.member, trusts)


def _signed(note: Checkpoint, number: int, trusts: Sequence[Trust]) -> bool:
    """Whether a key of this server, as a published file named it, cosigned this note together with a log key of that file."""
    name = cosigner_name(note.origin, number)
    for trust in trusts:
        own = {label: key for label, key in trust.witnesses.items() if key.name == name}
        with suppress(ProofError):
            verify_log(note, [key for key in trust.logs if _is_of(key, note)])
            if verify_cosignatures(note, own):
                return True
    return False


def _is_of(key: NoteKey, note: Checkpoint) -> bool:
    return key.name == note.origin and key.kind is NoteKind.ED25519


def _published(public: Path) -> list[Trust]:
    trusts = []
    for path in (public / TRUST_FILE, *sorted(public.glob("trust-*.txt"))):
        with suppress(EncodingError):
            trusts.append(parse_trust(path.read_bytes()))
    return trusts
