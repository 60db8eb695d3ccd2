"""Rehearsing a recovery: the whole service made again from a mirror in a scratch folder, verified, thrown away, and the outcome signed by the mirror.

Guarantees: what is rehearsed is the product's own recovery (``app.mirrors.recovering``) with all that it needs: the mirror, a copy of the key store, its passphrase or shares; the recovered ledger is audited leaf by
leaf; the scratch folder, with the copied key store in it, is removed whatever happens; the record is made only of a recovery that opened. A reader accepts a record only from a mirror that the ledger names,
with a size and root that its own ledger has. Refuses: a scratch folder that is there. Trusts: the machine of the mirror for the moment that it names. The running service is not touched.

Record: COSE_Sign1 of type :data:`TYPE` over ``[1, origin, mirror, size, root, payloads, missing, findings, made_ms]`` by the mirror's own key.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from akashi.app.config import server_paths
from akashi.app.errors import HomeExists
from akashi.app.mirrors.recovering import Unlock, Wish, recover
from akashi.app.wiring import KINDS
from akashi.clock import Clock
from akashi.durable import make_directory
from akashi.ledger.audit import audit
from akashi.ledger.errors import EncodingError, ProofError
from akashi.ledger.model import Algorithm
from akashi.ledger.store import DATABASE, Tables, connect
from akashi.ledger.wire import cbor
from akashi.ledger.wire.envelope import key_id, parse_cose, sign_cose, verify_signature
from akashi.network.mirror.model import MirrorRecord
from akashi.network.mirror.service import SIGN_KEY, Mirror

TYPE = "akashi-mirror-rehearsal/1"
REHEARSALS = "rehearsals"
"""The folder of a service's home where records are put that came back from mirrors."""
_ROOT_BYTES = 32
_MOST = 1 << 53


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What a rehearsed recovery gave: so many leaves with this root, so many payloads (some without wraps), so many findings of the audit."""

    origin: str
    mirror: str
    size: int
    root: bytes
    payloads: int
    missing: int
    findings: int
    made_ms: int

    def encode(self) -> bytes:
        """What is signed."""
        return cbor.encode(
            [1, self.origin, self.mirror, self.size, self.root, self.payloads, self.missing, self.findings, self.made_ms]
        )  # fmt: skip


def rehearse(
    mirror: Mirror, into: Path, key_copy: Path, unlock: Unlock, passphrase: bytes, clock: Clock
) -> tuple[Rehearsal, bytes]:
    """Recover into ``into`` (which must not be there; it is gone afterwards); the outcome and its signed record. Raises as ``recovering.recover``."""
    if into.exists():
        raise HomeExists(name=into.name)
    make_directory(into)
    try:
        # The same log, so that the result can be compared leaf by leaf; nothing of it is ever served.
        made = recover(mirror, into, key_copy, unlock, passphrase, Wish(same_log=True), clock)
        report = audit(server_paths(into).ledger, KINDS)
        size = mirror.copy.size
        with closing(connect(server_paths(into).ledger / DATABASE)) as connection:
            root = Tables(connection).frontier(size).root()
    finally:
        shutil.rmtree(into, ignore_errors=True)
    findings = len(report.findings) + (root != mirror.copy.frontier.root())
    said = Rehearsal(
        made.origin, mirror.handle, size, root, made.payloads, made.without_wraps, findings, clock.now_ms()
    )
    return said, sign_cose(mirror.keystore.signer(SIGN_KEY), TYPE, said.encode())


def verify_rehearsal(data: bytes, known: Sequence[MirrorRecord], ledger: Path) -> Rehearsal:
    """A record of one of ``known``'s mirrors about the tree in the folder ``ledger``. Raises ``EncodingError`` or ``ProofError``."""
    algorithm, key, payload, signed, signature = parse_cose(data, TYPE)
    signer = next((one for one in known if key_id(one.spki) == key), None)
    if signer is None or int(algorithm) != signer.algorithm:
        raise ProofError("key")
    verify_signature(Algorithm(algorithm), signer.spki, signed, signature)
    said = _parse(payload)
    if said.mirror != signer.handle:
        raise ProofError("key")
    with closing(connect(ledger / DATABASE)) as connection:
        tables = Tables(connection)
        if not 0 < said.size <= tables.size() or tables.frontier(said.size).root() != said.root:
            raise ProofError("root")
    return said


def _parse(payload: bytes) -> Rehearsal:
    match cbor.decode(payload):
        case [
            1,
            str(origin),
            str(mirror),
            int(size),
            bytes(root),
            int(payloads),
            int(missing),
            int(findings),
            int(made),
        ]:
            said = Rehearsal(origin, mirror, size, root, payloads, missing, findings, made)
        case _:
            raise EncodingError("rehearsal.shape")
    counts = (size, payloads, missing, findings, made)
    if not all(0 <= one < _MOST for one in counts) or len(root) != _ROOT_BYTES or said.encode() != payload:
        raise EncodingError("rehearsal.shape")
    return said
