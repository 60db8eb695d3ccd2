"""What periodic reviews, resets and reviews of access reports say on the ledger.

Guarantees: a review commits to its findings when it opens, and closes only when exactly those findings were decided: the state recomputes
the digest from the decisions. Reducing and disabling take effect in the operation that decides. Refuses: deciding on oneself, on a finding
twice, resets without the identity check that their method asks for. State: ``rvw`` review; ``rvd`` review, subject, finding;
``rst`` reset; ``axr`` key of the gateway to the last reviewed period.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from akashi.identity import events as identity
from akashi.identity.lifecycle.acting import acting_person, own, own_person
from akashi.identity.lifecycle.model import AccessVerdict, Decision, Finding, Reset, ResetMethod, Review
from akashi.identity.lifecycle.rules import CHECKERS, DECIDERS, REVIEWERS, decide_check, findings_digest
from akashi.identity.lifecycle.standing import TEMPORARY
from akashi.identity.model import ALL_ROLES, Role
from akashi.ledger.errors import LedgerDamaged, Refused
from akashi.ledger.events import (
    MAX_MS,
    AnyKind,
    Context,
    Kind,
    any_handle,
    digest,
    enum,
    event,
    handle,
    integer,
    moment,
    number,
    require,
)
from akashi.ledger.model import Purpose
from akashi.ledger.state import ReadState, WriteState
from akashi.ledger.wire.cbor import Value

_GATEWAY = {Purpose.GATEWAY}
REVIEWS, DECISIONS, RESETS, ACCESS_REVIEWS = "rvw", "rvd", "rst", "axr"
MAX_FINDINGS = 100_000
_NOT_REDUCED = (Finding.NO_ACCOUNT, Finding.NOT_ON_LEDGER, Finding.DISABLED_WITH_KEYS, Finding.ORPHANED)


@event("review.opened", signers=_GATEWAY)
class ReviewOpened:
    """A review of all accounts begins; ``accounts`` commits to its ``count`` findings (docs/identity-lifecycle.md section 3)."""

    review: str = number(1, handle("rev"))
    accounts: bytes = number(2, digest())
    count: int = number(3, integer(0, MAX_FINDINGS))


@event("review.decided", signers=_GATEWAY)
class ReviewDecided:
    """What is done about one finding; ``roles``: what is left after reducing."""

    review: str = number(1, handle("rev"))
    subject: str = number(2, any_handle())
    finding: Finding = number(3, enum(Finding))
    decision: Decision = number(4, enum(Decision))
    roles: int | None = number(5, integer(1, ALL_ROLES), default=None)


@event("review.closed", signers=_GATEWAY)
class ReviewClosed:
    """Every finding was decided."""

    review: str = number(1, handle("rev"))


@event("person.reset", signers=_GATEWAY)
class PersonReset:
    """Somebody's identity was checked so that they may set new secrets; ``document`` is the digest of the copy that was looked at."""

    reset: str = number(1, handle("rst"))
    person: str = number(2, handle("per"))
    method: ResetMethod = number(3, enum(ResetMethod))
    document: bytes | None = number(4, digest(), default=None)
    witness: str | None = number(5, handle("per"), default=None)


@event("access.reviewed", signers=_GATEWAY)
class AccessReviewed:
    """The access journal of a period, up to ``head``, was looked through; ``findings`` entries were marked."""

    from_ms: int = number(1, moment())
    to_ms: int = number(2, moment())
    head: bytes = number(3, digest())
    findings: int = number(4, integer(0, MAX_MS))
    verdict: AccessVerdict = number(5, enum(AccessVerdict))


def review(state: ReadState, name: str) -> Review | None:
    """One review."""
    row = state.get(REVIEWS, name.encode())
    return None if row is None else _review(name, row)


def reviews(state: ReadState, institution: str) -> Iterator[Review]:
    """All reviews of an institution, in the order of their handles."""
    for key, row in state.scan(REVIEWS):
        found = _review(key.decode(), row)
        if found.institution == institution:
            yield found


def decisions(state: ReadState, name: str) -> list[tuple[str, Finding, Decision, str, int]]:
    """``(subject, finding, decision, by, at ms)`` of a review, by subject and finding."""
    prefix = f"{name}/".encode()
    result = []
    for key, row in state.scan(DECISIONS, prefix):
        subject, _, number_of = key[len(prefix) :].decode().partition("/")
        match row:
            case [str(), int(decision), str(by), int(at)]:
                result.append((subject, Finding(int(number_of)), Decision(decision), by, at))
            case _:
                raise LedgerDamaged("state.rvd")
    return result


def resets(state: ReadState, institution: str) -> Iterator[Reset]:
    """The ledger of resets of an institution, in the order of their handles."""
    for key, row in state.scan(RESETS):
        match row:
            case [
                str(of),
                str(person),
                int(method),
                (bytes() | None) as document,
                str(by),
                (str() | None) as seen,
                int(at),
            ]:
                if of == institution:
                    yield Reset(key.decode(), of, person, ResetMethod(method), document, by, seen, at)
            case _:
                raise LedgerDamaged("state.rst")


def last_access_review(state: ReadState, institution: str) -> tuple[int, str, int] | None:
    """``(to ms, by, at ms)`` of the period that was reviewed last."""
    match state.get(ACCESS_REVIEWS, institution.encode()):
        case None:
            return None
        case [str(), int(to_ms), str(by), int(at)]:
            return to_ms, by, at
    raise LedgerDamaged("state.axr")


def _review(name: str, row: Value) -> Review:
    match row:
        case [str(of), bytes(committed), int(count), int(decided), int(opened), (int() | None) as closed]:
            return Review(name, of, committed, count, decided, opened, closed)
    raise LedgerDamaged("state.rvw")


def _put_review(state: WriteState, of: Review) -> None:
    row: list[Value] = [of.institution, of.digest, of.count, of.decided, of.opened_ms, of.closed_ms]
    state.put(REVIEWS, of.handle.encode(), row)


def _open_review(state: ReadState, name: str, context: Context) -> Review:
    found = own(review(state, name), context, "review.unknown")
    if found.closed_ms is not None:
        raise Refused("review.closed")
    return found


def apply_review_opened(state: WriteState, body: ReviewOpened, context: Context) -> None:
    """Begin; its handle must be new."""
    actor = acting_person(state, context, DECIDERS)
    if review(state, body.review) is not None:
        raise Refused("review.exists")
    _put_review(state, Review(body.review, actor.institution, body.accounts, body.count, 0, context.block_ms, None))


def apply_review_decided(state: WriteState, body: ReviewDecided, context: Context) -> None:
    """Keep the decision and, for a person, put it in force. 1. not on oneself; 2. once; 3. reducing takes roles away and gives none."""
    actor = acting_person(state, context, DECIDERS)
    found = _open_review(state, body.review, context)
    if actor.handle == body.subject:  # (1)
        raise Refused("actor.self")
    key = f"{body.review}/{body.subject}/{int(body.finding)}".encode()
    if state.get(DECISIONS, key) is not None:  # (2)
        raise Refused("review.decided")
    if found.decided >= found.count:
        raise Refused("review.count")
    if (body.decision is Decision.REDUCE) != (body.roles is not None):
        raise Refused("review.roles")
    if body.decision in (Decision.REDUCE, Decision.DISABLE) and body.subject.startswith("per-"):
        _take_away(state, body, context)
    state.put(DECISIONS, key, [found.institution, int(body.decision), actor.handle, context.block_ms])
    _put_review(state, replace(found, decided=found.decided + 1))


def _take_away(state: WriteState, body: ReviewDecided, context: Context) -> None:
    known = identity.person(state, body.subject)
    if known is not None and not known.enabled and body.decision is Decision.DISABLE:
        return  # another finding about the same person was decided so before
    person = own_person(state, body.subject, context)
    if body.decision is Decision.DISABLE:
        identity.put_person(state, replace(person, enabled=False))
        return
    left = Role(body.roles or 0)
    if body.finding in _NOT_REDUCED or left & ~person.roles or left == person.roles:  # (3)
        raise Refused("review.roles")
    state.delete(TEMPORARY, body.subject.encode())
    identity.put_person(state, replace(person, roles=left))


def apply_review_closed(state: WriteState, body: ReviewClosed, context: Context) -> None:
    """End it: the findings that were decided are those that it opened with, all of them and no others."""
    acting_person(state, context, DECIDERS)
    found = _open_review(state, body.review, context)
    decided = [(subject, int(finding)) for subject, finding, *_ in decisions(state, body.review)]
    if len(decided) != found.count:
        raise Refused("review.undecided")
    if findings_digest(decided) != found.digest:
        raise Refused("review.digest")
    _put_review(state, replace(found, closed_ms=context.block_ms))


def apply_person_reset(state: WriteState, body: PersonReset, context: Context) -> None:
    """Write the identity check into the ledger of resets."""
    actor = acting_person(state, context, CHECKERS)
    person = own_person(state, body.person, context)
    if body.witness is not None:
        own_person(state, body.witness, context)
    require(decide_check(person.handle, actor.handle, body.method, body.document, body.witness))
    if body.method is ResetMethod.IN_PERSON_BY_MANAGER and not actor.roles & Role.MANAGER:
        raise Refused("reset.manager")
    if person.roles & Role.EMERGENCY:
        raise Refused("reset.emergency")  # its secret is sealed: only opening gives it, only rotating replaces it
    if state.get(RESETS, body.reset.encode()) is not None:
        raise Refused("reset.exists")
    row: list[Value] = [person.institution, body.person, int(body.method), body.document, actor.handle, body.witness]
    state.put(RESETS, body.reset.encode(), [*row, context.block_ms])


def apply_access_reviewed(state: WriteState, body: AccessReviewed, context: Context) -> None:
    """Keep how far access was reviewed; periods go forward, and end before they are reviewed."""
    actor = acting_person(state, context, REVIEWERS)
    if not body.from_ms < body.to_ms <= context.block_ms:
        raise Refused("access.time")
    last = last_access_review(state, actor.institution)
    if last is not None and body.to_ms <= last[0]:
        raise Refused("access.backwards")
    row: list[Value] = [actor.institution, body.to_ms, actor.handle, context.block_ms]
    state.put(ACCESS_REVIEWS, actor.institution.encode(), row)


REVIEW_KINDS: tuple[AnyKind, ...] = (
    Kind(ReviewOpened, apply_review_opened),
    Kind(ReviewDecided, apply_review_decided),
    Kind(ReviewClosed, apply_review_closed),
    Kind(PersonReset, apply_person_reset),
    Kind(AccessReviewed, apply_access_reviewed),
)
