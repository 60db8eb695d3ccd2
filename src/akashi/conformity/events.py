"""The kinds of conformity: targets with consent, runs, answers, evidence (permanent tags; docs/conformity.md).

Guarantees: the ledger holds handles, digests, counts and times; what was measured or answered is behind salted commitments. A run is
recorded once; evidence is a sealed payload that the owning institution announces. Refuses: other institutions' handles, people who are
unknown or disabled, a target whose consent ends before it begins, a run from the future.
"""

from __future__ import annotations

from akashi.conformity.deliveries import deliver
from akashi.conformity.model import Audience
from akashi.identity import events as identity
from akashi.ledger.errors import Refused
from akashi.ledger.events import (
    AnyKind,
    Context,
    Kind,
    digest,
    enum,
    event,
    handle,
    integer,
    many,
    moment,
    number,
    octets,
)
from akashi.ledger.model import MAX_AHEAD_MS, Purpose
from akashi.ledger.state import ReadState, WriteState
from akashi.ledger.wire.cbor import Value
from akashi.vault.model import MAX_WRAPS
from akashi.vault.receipt import MAX_COPIES, MAX_RECEIPT

TARGETS, RUNS, ANSWERS = "cftgt", "cfrun", "cfans"
"""Namespaces of the state; every value begins with the institution that owns it."""
MAX_COUNT = 1 << 20
MAX_RATE = 1000


@event("conformity.target_registered", signers={Purpose.GATEWAY})
class TargetRegistered:
    """The institution consents to be probed here; the address is behind ``commitment``."""

    target: str = number(1, handle("tgt"))
    commitment: bytes = number(2, digest())
    consent_until_ms: int = number(3, moment())
    rate: int = number(4, integer(1, MAX_RATE))


@event("conformity.target_withdrawn", signers={Purpose.GATEWAY})
class TargetWithdrawn:
    """The consent ends now."""

    target: str = number(1, handle("tgt"))


@event("conformity.run_recorded", signers={Purpose.GATEWAY})
class RunRecorded:
    """One run: ``root`` over all its facts, answers and verdicts; ``counts`` of the five verdicts in the order of their numbers."""

    run: str = number(1, handle("run"))
    root: bytes = number(2, digest())
    items: int = number(3, integer(1, MAX_COUNT))
    started_ms: int = number(4, moment())
    judged_ms: int = number(5, moment())
    counts: tuple[int, ...] = number(6, many(integer(0, MAX_COUNT), 5))


@event("conformity.answers_kept", signers={Purpose.GATEWAY})
class AnswersKept:
    """A person answered ``count`` items; ``root`` over the salted commitments to item, answer, owner and text."""

    answers: str = number(1, handle("ans"))
    root: bytes = number(2, digest())
    count: int = number(3, integer(1, MAX_COUNT))


@event("conformity.evidence_kept", signers={Purpose.GATEWAY})
class EvidenceKept:
    """An evidence file: ``commitment`` to its name and bytes; the bytes are sealed in the vault."""

    evidence: str = number(1, handle("evd"))
    commitment: bytes = number(2, digest())
    audience: Audience = number(3, enum(Audience))
    payload: bytes = number(4, octets(16, 16))
    body_digest: bytes = number(5, digest())
    wraps: tuple[bytes, ...] = number(6, many(digest(), MAX_WRAPS))
    storage: bytes = number(7, octets(1, 1024))
    copies: tuple[bytes, ...] | None = number(8, many(octets(1, MAX_RECEIPT), MAX_COPIES), default=None)


def _person(state: ReadState, context: Context) -> str:
    """The acting institution; its person must be known and enabled."""
    actor = context.statement.actor
    found = identity.institution(state, actor.institution)
    if found is None or not found.enabled:
        raise Refused("conformity.institution")
    person = identity.person(state, actor.person) if actor.person is not None else None
    if person is None or not person.enabled or person.institution != actor.institution:
        raise Refused("conformity.person")
    return actor.institution


def _new(state: WriteState, space: str, name: str, context: Context, values: list[Value]) -> None:
    institution = _person(state, context)
    if context.statement.subject != name:
        raise Refused("conformity.subject")
    if state.get(space, name.encode()) is not None:
        raise Refused("conformity.again")
    state.put(space, name.encode(), [institution, context.block_ms, *values])


def apply_target(state: WriteState, body: TargetRegistered, context: Context) -> None:
    """Register a target with its consent."""
    if body.consent_until_ms <= context.block_ms:
        raise Refused("conformity.consent")
    _new(state, TARGETS, body.target, context, [body.commitment, body.consent_until_ms, body.rate, False])


def apply_withdrawn(state: WriteState, body: TargetWithdrawn, context: Context) -> None:
    """End a consent; for good."""
    institution = _person(state, context)
    match state.get(TARGETS, body.target.encode()):
        case [str(owner), int(since), bytes(commitment), int(until), int(rate), False] if owner == institution:
            row: list[Value] = [owner, since, commitment, min(until, context.block_ms), rate, True]
            state.put(TARGETS, body.target.encode(), row)
        case _:
            raise Refused("conformity.target")


def apply_run(state: WriteState, body: RunRecorded, context: Context) -> None:
    """Record a run; one that says to have judged after this block would make its verdicts last longer."""
    if body.judged_ms > context.block_ms + MAX_AHEAD_MS:
        raise Refused("conformity.run_ahead")
    if len(body.counts) != 5 or body.judged_ms < body.started_ms:  # five verdicts
        raise Refused("conformity.run")
    _new(state, RUNS, body.run, context, [body.root, body.items, body.judged_ms, *body.counts])


def apply_answers(state: WriteState, body: AnswersKept, context: Context) -> None:
    """Record that answers were given."""
    _new(state, ANSWERS, body.answers, context, [body.root, body.count])


def apply_evidence(state: WriteState, body: EvidenceKept, context: Context) -> None:
    """Record an evidence file; only its owner can read it until it is handed to somebody."""
    _new(state, ANSWERS, body.evidence, context, [body.commitment, int(body.audience), body.payload])
    deliver(
        state,
        context,
        payload=body.payload,
        body_digest=body.body_digest,
        wraps=body.wraps,
        storage=body.storage,
        copies=body.copies or (),
        owner=context.statement.actor.institution,
        readers=(),
        subject=body.evidence,
    )


def consent_until(state: ReadState, target: str) -> int:
    """Until when a target may be probed; 0 for one that is not registered or was withdrawn."""
    match state.get(TARGETS, target.encode()):
        case [str(), int(), bytes(), int(until), int(), False]:
            return until
        case _:
            return 0


def is_withdrawn(state: ReadState, target: str) -> bool:
    """Whether a target was withdrawn by its owner, for good."""
    match state.get(TARGETS, target.encode()):
        case [str(), int(), bytes(), int(), int(), True]:
            return True
        case _:
            return False


CONFORMITY_KINDS: tuple[AnyKind, ...] = (
    Kind(TargetRegistered, apply_target),
    Kind(TargetWithdrawn, apply_withdrawn),
    Kind(RunRecorded, apply_run),
    Kind(AnswersKept, apply_answers),
    Kind(EvidenceKept, apply_evidence),
)
"""The kinds that ``app`` hands to the ledger for this part."""
