"""What a gateway may ask of a payload store, in this process or behind HTTPS.

Guarantees (contract suite ``tests/vault/test_payload_store.py``): ``stage`` returns only after body and wraps are
durable; staging the same payload again returns a receipt for the same bytes; other bytes under a taken id are refused;
what was erased does not come back. All methods are thread-safe. Refuses: giving a body to anybody who asks. Who may
fetch is the caller's to decide; what is stored here is sealed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol


class PayloadStore(Protocol):
    """Sealed bodies and their wraps."""

    def stage(self, payload_id: bytes, wraps: Sequence[bytes], body: Iterable[bytes]) -> bytes:
        """Store durably; returns the signed storage receipt (docs/spec/sealed-payload.md section 5), or where several servers keep the
        ledger those of a quorum of them (``akashi.vault.receipt.split_receipts``).

        Raises ``StageRefused``, ``BodyTooLarge``, ``PayloadDiffers``, ``PayloadErased``, ``SealMalformed``.
        """
        ...

    def wrap(self, payload_id: bytes, key_id: bytes) -> bytes:
        """The wrap for one opening key. Raises ``PayloadMissing``, ``PayloadErased``, ``WrapMissing``."""
        ...

    def body(self, payload_id: bytes) -> Iterator[bytes]:
        """The body in pieces of about 1 MiB. Raises ``PayloadMissing``; ``PayloadErased`` also in the middle."""
        ...

    def size(self, payload_id: bytes) -> int | None:
        """Bytes of the body, or ``None`` if it is not stored (any more)."""
        ...
