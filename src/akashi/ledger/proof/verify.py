"""Verification of bundles and receipts, offline (docs/spec/verification.md; the numbers are its steps).

(1) format, (2) leaves, (3) tree, (4) ledger, (5) signers, (6) chain: ``bundle`` and ``walk``; (7) trust, (8) stamps,
(9) disclosures, (10) erasure: here.

Guarantees: whatever the bytes, the answer is a :class:`Verdict`, never a traceback; *verified* needs a trust file, and what
follows from no key in it is *self-consistent only*. Refuses to take trust from the evidence. Left to the caller: where the
trust file came from; whether the actor named is the one expected; that no newer checkpoint says otherwise.

>>> verify_file(b"anything", None).failure
'bundle.header'
"""

from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from hashlib import sha256

from akashi.ledger.errors import EncodingError, ProofError
from akashi.ledger.events import AnyKind
from akashi.ledger.proof.bundle import Bundle, StampItem, parse_bundle
from akashi.ledger.proof.stamp import leads_to_root, verify_token
from akashi.ledger.proof.trust import Trust, parse_trust
from akashi.ledger.proof.verdict import ErasureRow, Level, OperationRow, StampRow, Status, Verdict
from akashi.ledger.proof.walk import Sent, Walk
from akashi.ledger.registry import LEDGER_KINDS
from akashi.ledger.wire.cbor import Value
from akashi.ledger.wire.envelope import parse_operation
from akashi.ledger.wire.leaf import parse_leaf
from akashi.ledger.wire.merkle import leaf_hash, root_from_inclusion, verify_consistency
from akashi.ledger.wire.note import (
    Checkpoint,
    Line,
    NoteKey,
    NoteKind,
    origin_parts,
    parse_checkpoint,
    verify_cosignatures,
    verify_log,
)
from akashi.ledger.wire.receipt import parse_receipt

_RECEIPT = b"c2sp.org/tlog-proof@"
_WRAP_SIZE = 32
_ERASED_FIELDS = range(1, 9)


def verify_file(data: bytes, trust: bytes | None, kinds: Iterable[AnyKind] = LEDGER_KINDS) -> Verdict:
    """The verdict over a bundle or a receipt, with the bytes of a trust file or without one."""
    try:
        believed = None if trust is None else parse_trust(trust)
    except EncodingError as error:
        return Verdict.failed(error.failure)
    if data.startswith(_RECEIPT):
        return verify_receipt(data, believed)
    return verify_bundle(data, believed, kinds)


def verify_bundle(data: bytes, trust: Trust | None, kinds: Iterable[AnyKind] = LEDGER_KINDS) -> Verdict:
    """The verdict over a bundle. ``kinds``: those whose permitted signers are checked beside the ledger's own."""
    try:
        with _collector_at_rest():
            bundle = parse_bundle(data)  # (1)
            walk = Walk(bundle, kinds)
            walk.run()  # (2) to (6)
        return _judge(bundle, walk, trust)
    except (EncodingError, ProofError) as error:
        return Verdict.failed(error.failure)


@contextmanager
def _collector_at_rest() -> Iterator[None]:
    """Pause the cycle collector: a walk makes no cycles, and it would look through the growing list of rows again and again.

    Memory stays bounded by the bundle's own limits. Process-wide: whoever paused it first lets it go on.
    """
    paused = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if paused:
            gc.enable()


def _judge(bundle: Bundle, walk: Walk, trust: Trust | None) -> Verdict:
    checkpoint = bundle.checkpoint
    _verify_trust(checkpoint, walk, trust)  # (7)
    stamps = [_verify_stamp(stamp, checkpoint, walk, trust) for stamp in bundle.stamps]  # (8)
    for opened in bundle.disclosures:  # (9)
        _verify_disclosure(walk.sent.get(opened.operation), opened.salt, opened.digest)
    erasures = tuple(_verify_erasure(body, sent) for body, sent in walk.erased)  # (10)
    bounds = _Bounds(bundle.stamps, stamps, walk.stamped)
    rows = tuple(bounds.around(row) for row in walk.rows)
    level = Level.REPLAYED if walk.whole else Level.ATTESTED
    return Verdict(
        Status.SELF_CONSISTENT if trust is None else Status.VERIFIED,
        None,
        level,
        checkpoint.origin,
        checkpoint.size,
        rows,
        tuple(stamps),
        erasures,
        _unproven(trust, level, rows, ("kinds",) if walk.unknown_kinds else ()),
    )


def _unproven(
    trust: Trust | None, level: Level, rows: tuple[OperationRow, ...], more: tuple[str, ...]
) -> tuple[str, ...]:
    words = [] if trust is not None else ["no_trust"]
    if level is Level.ATTESTED:
        words.append("revocation_absence")
    if any(row.after_ms is None for row in rows):
        words.append("no_stamp_before")
    if any(row.before_ms is None for row in rows):
        words.append("no_stamp_after")
    return (*words, "effects", *more)


def _log_keys(checkpoint: Checkpoint, trust: Trust | None, derived: list[tuple[int, bytes]]) -> list[NoteKey]:
    """The keys believed for this checkpoint; ``derived`` are those of the ledger itself, by leaf index."""
    keys = [] if trust is None else [key for key in trust.logs if key.name == checkpoint.origin]
    if trust is None or trust.genesis is not None:
        own = [public for index, public in derived if index < checkpoint.size]
        if own:
            keys.append(NoteKey(checkpoint.origin, NoteKind.ED25519, own[-1]))
    return keys


def _verify_trust(checkpoint: Checkpoint, walk: Walk, trust: Trust | None) -> Line:
    """Step 7. Raises ``trust.genesis``, ``note.unsigned``, ``note.signature``, ``note.quorum``."""
    if trust is not None and trust.genesis not in (None, walk.genesis_hash):
        raise ProofError("trust.genesis")
    line = verify_log(checkpoint, _log_keys(checkpoint, trust, walk.log_keys))
    if trust is not None:
        _verify_quorum(checkpoint, trust)
    return line


def _verify_quorum(checkpoint: Checkpoint, trust: Trust) -> None:
    if not trust.quorum_met(set(verify_cosignatures(checkpoint, trust.witnesses))):
        raise ProofError("note.quorum")


def stamped_message(note: bytes, line: Line) -> bytes:
    """What a stamp is over: the checkpoint's body and the log's own signature line (spec/bundle.md, "Stamps")."""
    return parse_checkpoint(note).body + line.text.encode() + b"\n"


def _verify_stamp(stamp: StampItem, checkpoint: Checkpoint, walk: Walk, trust: Trust | None) -> StampRow:
    """Step 8 for one item."""
    noted = parse_checkpoint(stamp.note)
    line = verify_log(noted, _log_keys(noted, trust, walk.log_keys))
    if noted.origin != checkpoint.origin:
        raise ProofError("stamp")
    verify_consistency(noted.size, noted.root, checkpoint.size, checkpoint.root, stamp.consistency)
    token = verify_token(stamp.token, stamped_message(stamp.note, line), stamp.certificates)
    roots = () if trust is None else trust.tsa_roots
    return StampRow(noted.size, token.time_ms, leads_to_root(token, roots, stamp.crls))


class _Bounds:
    """Between which counted stamps a leaf lies (spec/bundle.md, "Stamps")."""

    def __init__(self, items: Iterable[StampItem], rows: Iterable[StampRow], stamped: dict[bytes, int]) -> None:
        counted = [(item, row) for item, row in zip(items, rows, strict=True) if row.counted]
        self._sizes = [(row.size, row.time_ms) for _, row in counted]
        self._leaves = [(stamped[item.token], row.time_ms) for item, row in counted if item.token in stamped]

    def around(self, row: OperationRow) -> OperationRow:
        """``row`` with its bounds, where there are any."""
        if not self._sizes:
            return row
        before = [time_ms for size, time_ms in self._sizes if size > row.at]
        after = [time_ms for index, time_ms in self._leaves if index < row.at]
        if not before and not after:
            return row
        return row._replace(after_ms=max(after, default=None), before_ms=min(before, default=None))


def _verify_disclosure(sent: Sent | None, salt: bytes, digest: bytes) -> None:
    """Step 9 for one item."""
    if sent is None or sent.commitment != sha256(b"akashi/commit/1\x00" + salt + digest).digest():
        raise ProofError("bundle.disclosure")


def _verify_erasure(body: dict[int, Value], earlier: list[Sent]) -> ErasureRow:
    """Step 10 for one ``payload.erased``; ``earlier``: what was sent under its payload id before."""
    match body:
        case {
            1: bytes(payload),
            2: bytes(order),
            3: bytes(digest),
            4: list(wraps),
            5: int(method),
            6: int(erased_ms),
            7: int(horizon),
            8: int(level),
        } if len(body) == len(_ERASED_FIELDS) and not any(isinstance(value, bool) for value in body.values()):
            pass
        case _:
            raise ProofError("erasure")
    shaped = (len(payload), len(order), len(digest)) == (16, 32, 32) and min(method, erased_ms, horizon, level) >= 0
    listed = _digests(wraps)
    if not shaped or listed is None:
        raise ProofError("erasure")
    if not any(sent.body_digest == digest and _digests(sent.wraps) == listed for sent in earlier):
        raise ProofError("erasure")
    return ErasureRow(payload.hex(), level, method, horizon)


def _digests(value: Value) -> list[bytes] | None:
    """A sorted list of digests, or ``None`` if ``value`` is none."""
    if not isinstance(value, list):
        return None
    found = [item for item in value if isinstance(item, bytes) and len(item) == _WRAP_SIZE]
    return sorted(found) if len(found) == len(value) else None


def verify_receipt(data: bytes, trust: Trust | None) -> Verdict:
    """The verdict over a receipt: inclusion and result; who signed needs the registry, which a bundle carries."""
    try:
        return _judge_receipt(data, trust)
    except (EncodingError, ProofError) as error:
        return Verdict.failed(error.failure)


def _judge_receipt(data: bytes, trust: Trust | None) -> Verdict:
    receipt = parse_receipt(data)  # (1)
    checkpoint = receipt.checkpoint
    leaf = parse_leaf(receipt.leaf)  # (2)
    operation = parse_operation(leaf.envelope)
    hashed = leaf_hash(receipt.leaf)
    if root_from_inclusion(hashed, receipt.index, checkpoint.size, receipt.path) != checkpoint.root:  # (3)
        raise ProofError("proof.inclusion")
    statement = operation.statement
    if statement.ledger != origin_parts(checkpoint.origin)[0]:  # (4)
        raise ProofError("op.foreign")
    if trust is not None:  # (7)
        if receipt.index == 0 and trust.genesis not in (None, hashed):
            raise ProofError("trust.genesis")
        verify_log(checkpoint, _log_keys(checkpoint, trust, []))
        _verify_quorum(checkpoint, trust)
    actor = statement.actor
    row = OperationRow(
        receipt.index,
        operation.id.hex(),
        statement.kind,
        leaf.result,
        actor.institution,
        actor.person,
        leaf.block_ms,
    )
    return Verdict(
        Status.SELF_CONSISTENT if trust is None else Status.VERIFIED,
        None,
        Level.ATTESTED,
        checkpoint.origin,
        checkpoint.size,
        (row,),
        unproven=_unproven(trust, Level.ATTESTED, (row,), ("signer",)),
    )
