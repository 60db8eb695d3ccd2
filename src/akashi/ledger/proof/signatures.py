"""Checks many signatures on all cores while the caller goes on reading.

Guarantees: ``finish`` names the lowest place whose signature does not verify, as a single loop would. OpenSSL works outside of
Python's lock, so threads help here and nowhere else in verification. Refuses to keep more than one batch of signed bytes.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from akashi.ledger.admission import Approved
from akashi.ledger.errors import ProofError
from akashi.ledger.model import Algorithm, KeyRecord, Operation
from akashi.ledger.wire.envelope import verify_signature

BATCH = 256
MAX_WORKERS = 4

Place = tuple[int, int]
"""Leaf index, and which signature of the leaf: 0 the envelope's, then its approvals'."""

Pending = tuple[Place, Algorithm, bytes, bytes, bytes]
"""Place, algorithm, SPKI, signed bytes, signature: no more than it takes, so that the rest of an operation is let go at once."""


def _first_wrong(pending: Sequence[Pending]) -> Place | None:
    for place, algorithm, spki, signed_bytes, signature in pending:
        try:
            verify_signature(algorithm, spki, signed_bytes, signature)
        except ProofError:  # also for an enrolled key that is none of its algorithm
            return place
    return None


@dataclass
class SignatureQueue:
    """Takes signatures in log order; ``workers`` 1 checks them in the calling thread."""

    workers: int = field(default_factory=lambda: min(MAX_WORKERS, len(os.sched_getaffinity(0))))
    wrong: Place | None = None
    """The lowest place known to be wrong."""
    _pending: list[Pending] = field(default_factory=list, repr=False)

    def add(self, index: int, record: KeyRecord, operation: Operation) -> None:
        """One more; the record's algorithm was already compared with the envelope's."""
        self._pending.append(
            ((index, 0), operation.algorithm, record.spki, operation.signed_bytes, operation.signature)
        )
        if len(self._pending) == BATCH:
            self._check()

    def add_approval(self, place: Place, approved: Approved) -> None:
        """One approval of the operation that was added last."""
        self._pending.append((place, approved.algorithm, approved.spki, approved.message, approved.signature))
        if len(self._pending) == BATCH:
            self._check()

    def finish(self) -> Place | None:
        """Check what is left; the lowest wrong place, or ``None``."""
        self._check()
        return self.wrong

    def _check(self) -> None:
        pending, self._pending = self._pending, []
        if self.wrong is not None:
            return
        if self.workers == 1 or len(pending) < BATCH:
            self.wrong = _first_wrong(pending)
            return
        # Interleaved shares: each thread gets as much as the others whatever the keys' algorithms are.
        shares = [pending[at :: self.workers] for at in range(self.workers)]
        with ThreadPoolExecutor(self.workers) as pool:
            found = [place for place in pool.map(_first_wrong, shares) if place is not None]
        self.wrong = min(found, default=None)
