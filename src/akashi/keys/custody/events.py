"""What the ledger records of shares (namespace ``shr``): that a set was made, and that shares were brought together.

Guarantees: a set is recorded once, with its threshold and the digest of every share, so that an officer sees that the share in their
hands is one of it; uses name shares of that set, as many as are needed, each once. Refuses: anything else, with a stable reason. Trusts
the signing institution that what it says happened: the ledger has no part of the secret and opens nothing.
"""

from __future__ import annotations

from akashi.keys.custody.model import MAX_SHARES, SET_SIZE, SharePurpose, ShareSet, ShareUse
from akashi.ledger.errors import Refused
from akashi.ledger.events import AnyKind, Context, Kind, digest, enum, event, integer, many, number, octets
from akashi.ledger.model import Purpose
from akashi.ledger.state import ReadState, WriteState
from akashi.ledger.wire.cbor import Value

SPACE = "shr"


@event("shares.made", signers={Purpose.SECRETARIAT, Purpose.GATEWAY})
class SharesMade:
    """A recovery key was split, and the whole was forgotten."""

    of_set: bytes = number(1, octets(SET_SIZE, SET_SIZE))
    threshold: int = number(2, integer(2, MAX_SHARES))
    digests: tuple[bytes, ...] = number(3, many(digest(), MAX_SHARES))
    purpose: SharePurpose = number(4, enum(SharePurpose))


@event("shares.used", signers={Purpose.SECRETARIAT, Purpose.GATEWAY})
class SharesUsed:
    """These shares were brought together."""

    of_set: bytes = number(1, octets(SET_SIZE, SET_SIZE))
    digests: tuple[bytes, ...] = number(2, many(digest(), MAX_SHARES))
    use: ShareUse = number(3, enum(ShareUse))


def share_set(state: ReadState, of_set: bytes) -> ShareSet | None:
    """What the ledger knows of a set."""
    match state.get(SPACE, of_set):
        case [str(institution), int(threshold), list(digests), int(purpose), int(uses)]:
            kept = tuple(one for one in digests if isinstance(one, bytes))
            return ShareSet(of_set, institution, threshold, kept, SharePurpose(purpose), uses)
    return None


def share_sets(state: ReadState, institution: str) -> list[ShareSet]:
    """All sets of an institution, in the order of their ids."""
    found = [share_set(state, at) for at, _ in state.scan(SPACE, b"")]
    return [one for one in found if one is not None and one.institution == institution]


def _apply_made(state: WriteState, body: SharesMade, context: Context) -> None:
    if state.get(SPACE, body.of_set) is not None:
        raise Refused("shares.again")
    if body.threshold > len(body.digests) or len(set(body.digests)) != len(body.digests):
        raise Refused("shares.plan")
    institution = context.statement.actor.institution
    row: list[Value] = [institution, body.threshold, [*body.digests], int(body.purpose), 0]
    state.put(SPACE, body.of_set, row)


def _apply_used(state: WriteState, body: SharesUsed, context: Context) -> None:
    known = share_set(state, body.of_set)
    if known is None:
        raise Refused("shares.unknown")
    if known.institution != context.statement.actor.institution:
        raise Refused("shares.foreign")
    if len(set(body.digests)) != len(body.digests) or not set(body.digests) <= set(known.digests):
        raise Refused("shares.digests")
    if len(body.digests) < known.threshold:
        raise Refused("shares.few")
    row: list[Value] = [known.institution, known.threshold, [*known.digests], int(known.purpose), known.uses + 1]
    state.put(SPACE, body.of_set, row)


CUSTODY_KINDS: tuple[AnyKind, ...] = (Kind(SharesMade, _apply_made), Kind(SharesUsed, _apply_used))
