"""One operation against the state: the deterministic step that the engine, the auditor and the rebuild share.

Guarantees: ``admit`` either returns the change set of the operation or raises and changes nothing; the same state, operation
and block time give the same change set everywhere. The checks run in this order: (1) this ledger and this moment, (2) the kind is known,
(3) the signing key is enrolled and may sign, (4) the signature verifies, (4b) so do the approvals of persons, all of them
active people of the acting institution as the table of kinds says, (5) the kind's ``apply``. Left to the caller: that the operation id is
new, and that the leaf is stored. A fault inside ``apply`` (a bug of ours) refuses the operation with ``apply.failed``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from akashi.errors import AkashiError
from akashi.ledger.errors import LedgerDamaged, ProofError, Refused
from akashi.ledger.events import Context, KindTable, load_body
from akashi.ledger.keyring.records import record_of
from akashi.ledger.model import Algorithm, Approval, Approver, KeyRecord, Operation, Statement
from akashi.ledger.registry import Genesis, genesis_record
from akashi.ledger.rules import Denied, decide_approver, decide_signer, decide_time
from akashi.ledger.state import Change, Overlay, RawState
from akashi.ledger.wire.approval import signed_message
from akashi.ledger.wire.envelope import verify_signature

Changes = dict[Change, bytes | None]


def signer_record(state: RawState, statement: Statement, key: bytes, block_ms: int) -> KeyRecord | None:
    """The key that may have signed: enrolled, or named by the genesis itself while nothing is enrolled yet."""
    raw = state.get_raw("key", key)
    if raw is not None:
        return record_of(key, raw)
    if statement.kind != "ledger.genesis" or state.get_raw("log", b"genesis") is not None:
        return None
    record = genesis_record(load_body(Genesis, statement.body), block_ms)
    return record if record.key == key else None


class Approved(NamedTuple):
    """One approval that holds if ``signature`` verifies under ``spki`` over ``message``."""

    approver: Approver
    algorithm: Algorithm
    spki: bytes
    message: bytes
    signature: bytes

    def verify(self) -> None:
        """Raises :class:`Refused` ``approval.signature``."""
        try:
            verify_signature(self.algorithm, self.spki, self.message, self.signature)
        except ProofError as error:
            raise Refused("approval.signature") from error


def approvals_of(operation: Operation, find: Callable[[bytes], KeyRecord | None], block_ms: int) -> Iterator[Approved]:
    """The approvals of an operation in their order, each judged but for its signature.

    ``find``: the key enrolled under a key id, valid or not. Raises :class:`Refused` ``approval.*`` at the first that does not hold; each key and each person
    counts once.
    """
    persons: set[str] = set()
    for approval in operation.approvals:
        one = judge(approval, operation.id, operation.statement.actor.institution, find(approval.key), block_ms)
        if one.approver.person in persons:
            raise Refused("approval.again")
        persons.add(one.approver.person)
        yield one


def judge(
    approval: Approval, operation_id: bytes, institution: str, record: KeyRecord | None, block_ms: int
) -> Approved:
    """One approval by the key enrolled as ``record``, judged but for its signature. Raises :class:`Refused` ``approval.*``."""
    allowed = decide_approver(record, approval, institution, block_ms)
    if isinstance(allowed, Denied):
        raise Refused(allowed.reason)
    if record is None or record.person is None or record.basis is None:  # decide_approver has denied these
        raise Refused("approval.unknown")
    message = signed_message(approval, operation_id, record.rp_id_hash, record.origin_digest)
    approver = Approver(record.person, approval.kind, approval.key, record.basis)
    return Approved(approver, Algorithm(record.algorithm), record.spki, message, approval.signature)


def verify_approvals(
    operation: Operation, find: Callable[[bytes], KeyRecord | None], block_ms: int
) -> tuple[Approver, ...]:
    """Who approved an operation, signatures verified. Raises :class:`Refused` ``approval.*``."""
    found = []
    for one in approvals_of(operation, find, block_ms):
        one.verify()
        found.append(one.approver)
    return tuple(found)


def _finder(state: RawState) -> Callable[[bytes], KeyRecord | None]:
    def find(key: bytes) -> KeyRecord | None:
        raw = state.get_raw("key", key)
        return None if raw is None else record_of(key, raw)

    return find


def admit(
    kinds: KindTable,
    state: RawState,
    operation: Operation,
    ledger_id: bytes,
    block_ms: int,
    verified: bytes | None = None,
) -> Changes:
    """What accepting ``operation`` changes. Raises ``Refused``, ``EncodingError``, ``ProofError``, ``LedgerDamaged``.

    ``verified``: a public key (SPKI) under which the caller has verified this very operation's signature; if the state names
    another, or none was given, (4) is done here.
    """
    statement = operation.statement
    timely = decide_time(statement, ledger_id, block_ms)  # (1)
    if isinstance(timely, Denied):
        raise Refused(timely.reason)
    kind = kinds.find(statement.kind, statement.version)  # (2)
    record = signer_record(state, statement, operation.key, block_ms)
    allowed = decide_signer(record, statement, operation.algorithm, block_ms)  # (3)
    if record is None or isinstance(allowed, Denied):
        raise Refused(allowed.reason if isinstance(allowed, Denied) else "signer.unknown")
    if record.spki != verified:
        verify_signature(operation.algorithm, record.spki, operation.signed_bytes, operation.signature)  # (4)
    overlay = Overlay(state)
    approvers = verify_approvals(operation, _finder(state), block_ms) if operation.approvals else ()  # (4b)
    if not all(kinds.is_active(overlay, one.person, statement.actor.institution) for one in approvers):
        raise Refused("approval.person")
    context = Context(statement, operation.id, operation.key, record.purpose, block_ms, approvers)
    try:
        kind.run(overlay, context)  # (5)
    except AkashiError:
        raise
    except RecursionError as error:
        raise LedgerDamaged("apply.recursion") from error
    except Exception as error:
        # A bug in one kind must neither stop the ledger nor leave half of its changes.
        raise Refused("apply.failed") from error
    return overlay.changes
