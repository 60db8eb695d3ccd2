"""One operation against the state: the deterministic step that the engine, the auditor and the rebuild share.

Guarantees: ``admit`` either returns the change set of the operation or raises and changes nothing; the same state, operation
and block time give the same change set everywhere. The checks run in this order: (1) this ledger and this moment, (2) the kind is known,
(3) the signing key is enrolled and may sign, (4) the signature verifies, (5) the kind's ``apply``. Left to the caller: that the operation id is
new, and that the leaf is stored. A fault inside ``apply`` (a bug of ours) refuses the operation with ``apply.failed``.
"""

from __future__ import annotations

from akashi.errors import AkashiError
from akashi.ledger.errors import LedgerDamaged, Refused
from akashi.ledger.events import Context, KindTable, load_body
from akashi.ledger.model import KeyRecord, Operation, Statement
from akashi.ledger.registry import Genesis, genesis_record, record_of
from akashi.ledger.rules import Denied, decide_signer, decide_time
from akashi.ledger.state import Change, Overlay, RawState
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
    context = Context(statement, operation.id, operation.key, record.purpose, block_ms)
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
