r"""The witness protocol as pure functions: the request's one encoding, what may be cosigned, how often (C2SP tlog-witness v1).

Guarantees: ``parse_submission`` accepts exactly what ``format_submission`` makes; ``judge`` names the HTTP status of the specification
for every request and says 200 only for a tree that extends the latest one. Refuses lax numbers and base64. Leaves to the caller: whose
signature counts, and that judging and remembering are one step.

>>> judge(5, 9, Latest(7, bytes(32)))
409
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from akashi.ledger.errors import EncodingError, ProofError
from akashi.ledger.wire.merkle import HASH_SIZE, verify_consistency
from akashi.ledger.wire.note import decode_base64, decode_decimal, encode_base64, parse_checkpoint
from akashi.network.witness.model import Latest, Submission

MAX_BODY = 64 * 1024
MAX_PROOF = 63
OK, MALFORMED, UNSIGNED, UNKNOWN, STALE, INCONSISTENT, BUSY = 200, 400, 403, 404, 409, 422, 429
SIZE_TYPE = "text/x.tlog.size"
PATH = "/add-checkpoint"
_MAX_SIZE_BODY = 20


def format_submission(old: int, proof: Sequence[bytes], note: bytes) -> bytes:
    """The body of an ``add-checkpoint`` request."""
    rows = [f"old {old}", *map(encode_base64, proof), "", ""]
    return "\n".join(rows).encode("ascii") + note


def parse_submission(body: bytes) -> Submission:
    """Strict inverse of :func:`format_submission`. Raises :class:`EncodingError` ``witness.format`` or ``note.*``."""
    head, separator, note = body.partition(b"\n\n")
    if len(body) > MAX_BODY or not separator:
        raise EncodingError("witness.format")
    try:
        first, *rest = head.decode("ascii").split("\n")
    except UnicodeDecodeError as error:
        raise EncodingError("witness.format") from error
    word, _, number = first.partition(" ")
    old, hashes = decode_decimal(number), [decode_base64(row) for row in rest]
    proof = tuple(one for one in hashes if one is not None and len(one) == HASH_SIZE)
    if word != "old" or old is None or len(proof) != len(rest) or len(proof) > MAX_PROOF:
        raise EncodingError("witness.format")
    return Submission(old, proof, note, parse_checkpoint(note))


def parse_size(body: bytes) -> int | None:
    """The size in a 409's body; ``None`` for every other body."""
    if len(body) > _MAX_SIZE_BODY or not body.endswith(b"\n"):
        return None
    try:
        return decode_decimal(body[:-1].decode("ascii"))
    except UnicodeDecodeError:
        return None


def judge(old: int, size: int, latest: Latest) -> int:
    """The status for a request that claims ``old`` and brings a tree of ``size``: 400, 409, or 200 (the proof is still to be checked)."""
    if old > size:
        return MALFORMED
    return OK if old == latest.size else STALE


def extends(submission: Submission, latest: Latest) -> bool:
    """Whether the proof shows that the new tree holds the latest one (RFC 6962 section 2.1.2)."""
    new = submission.checkpoint
    try:
        verify_consistency(latest.size, latest.root, new.size, new.root, submission.proof)
    except ProofError:
        return False
    return True


@dataclass(slots=True)
class Allowance:
    """So many in a minute, at most that many at once (a token bucket). Not thread-safe; a clock that steps back gives nothing."""

    per_minute: int
    left: float = -1.0
    at_ms: int = 0

    def take(self, now_ms: int) -> bool:
        """Whether one more is allowed now.

        >>> [Allowance(1).take(0), Allowance(0).take(0)]
        [True, False]
        """
        if self.left < 0:
            self.left, self.at_ms = float(self.per_minute), now_ms
        gained = max(0, now_ms - self.at_ms) * self.per_minute / 60_000
        self.left, self.at_ms = min(float(self.per_minute), self.left + gained), now_ms
        if self.left < 1:
            return False
        self.left -= 1
        return True
