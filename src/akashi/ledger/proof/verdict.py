"""What a verification says: the result that both implementations give for the same file (docs/spec/verification.md).

Guarantees: stable keys and words; handles, digests, counts and times only. A failed verdict says which class of failure came first and
nothing else about the file, because nothing else of it can be believed.

>>> Verdict.failed("bundle.end").to_json()["status"]
'failed'
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple


class Status(StrEnum):
    """Overall answer."""

    VERIFIED = "verified"
    SELF_CONSISTENT = "self_consistent"
    FAILED = "failed"


class Level(StrEnum):
    """How much of the log was there to check."""

    ATTESTED = "attested"
    REPLAYED = "replayed"


EXIT_STATUS = {Status.VERIFIED: 0, Status.FAILED: 6, Status.SELF_CONSISTENT: 9}


class ApprovalRow(NamedTuple):
    """A person's own signature on an operation: whose, with what kind of key, and on whose word the key is theirs (numbers of operation.md)."""

    person: str
    kind: int
    basis: int


class OperationRow(NamedTuple):
    """The leaf at index ``at``; ``after_ms`` and ``before_ms`` are the times of the counted stamps around it."""

    at: int
    id: str
    kind: str
    result: int
    institution: str
    person: str | None
    block_ms: int
    after_ms: int | None = None
    before_ms: int | None = None
    approvals: tuple[ApprovalRow, ...] = ()


class StampRow(NamedTuple):
    """One stamp: the size of the tree it is over, its time, and whether a trusted root counts it."""

    size: int
    time_ms: int
    counted: bool


class ErasureRow(NamedTuple):
    """One erasure receipt (spec/sealed-payload.md section 6); ``payload`` in hex."""

    payload: str
    level: int
    method: int
    backup_horizon_ms: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """The whole answer."""

    status: Status
    failure: str | None
    level: Level | None
    origin: str | None
    size: int | None
    operations: tuple[OperationRow, ...] = ()
    stamps: tuple[StampRow, ...] = ()
    erasures: tuple[ErasureRow, ...] = ()
    unproven: tuple[str, ...] = ()

    @classmethod
    def failed(cls, failure: str) -> Verdict:
        """The verdict of a file that does not verify."""
        return cls(Status.FAILED, failure, None, None, None)

    @property
    def exit_status(self) -> int:
        """0 verified, 6 failed, 9 self-consistent only."""
        return EXIT_STATUS[self.status]

    def to_json(self) -> dict[str, object]:
        """The result object of docs/spec/verification.md."""
        operations = []
        for row in self.operations:
            shown = row._asdict() | {"approvals": [_numbers(approval) for approval in row.approvals]}
            operations.append({"index": shown.pop("at"), **shown})
        return {
            "status": str(self.status),
            "failure": self.failure,
            "level": None if self.level is None else str(self.level),
            "origin": self.origin,
            "size": self.size,
            "operations": operations,
            "stamps": [stamp._asdict() for stamp in self.stamps],
            "erasures": [erasure._asdict() for erasure in self.erasures],
            "unproven": list(self.unproven),
        }


def _numbers(approval: ApprovalRow) -> dict[str, object]:
    return {"person": approval.person, "kind": int(approval.kind), "basis": int(approval.basis)}
