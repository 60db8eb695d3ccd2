"""What the parts above may ask of a ledger, whether it is in this process or behind HTTPS.

Guarantees (contract suite ``tests/contracts/test_ledger_port.py``): ``submit`` returns only after the operation is durable
and accepted; submitting the same envelope again returns the first acknowledgement; a view is of one height. Refuses:
anything but parsed, signed operations. All methods are thread-safe.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from akashi.ledger.state import ReadState


class Acknowledged(NamedTuple):
    """An operation that is committed, durable and accepted."""

    operation_id: bytes
    index: int  # type: ignore[assignment]  # hides tuple.index, which nobody calls on an acknowledgement
    height: int
    block_ms: int


@dataclass(frozen=True, slots=True)
class Entry:
    """One leaf with its place in the log."""

    index: int
    operation_id: bytes
    leaf: bytes


class Ledger(Protocol):
    """One ledger."""

    @property
    def ledger_id(self) -> bytes:
        """16 bytes; goes into every statement."""
        ...

    @property
    def origin(self) -> str:
        """The origin line of its checkpoints."""
        ...

    def submit(self, envelope: bytes) -> Acknowledged:
        """Append one operation. Raises ``EncodingError``, ``Refused``, ``ProofError``, ``LedgerDamaged``, ``Unavailable``."""
        ...

    def view(self) -> AbstractContextManager[ReadState]:
        """A consistent view of the replicated state (remote: of what the asker may see)."""
        ...

    def entries(self, subject: str) -> Sequence[Entry]:
        """All leaves whose statement names ``subject``, in log order."""
        ...

    def entry(self, operation_id: bytes) -> Entry | None:
        """The leaf of one accepted operation."""
        ...

    def receipt(self, operation_id: bytes) -> bytes:
        """The C2SP tlog-proof (spec/checkpoint.md section 3) against the newest checkpoint."""
        ...

    def checkpoint(self) -> bytes:
        """The newest signed checkpoint."""
        ...
