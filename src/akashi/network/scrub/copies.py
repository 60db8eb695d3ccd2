"""Payload copies against what the ledger announced; a damaged one is fetched again.

Guarantees: a copy that passed hashes to what the ledger (before the announcement: the receipt's row) says, wraps included; a damaged copy is given up only after some other server
handed out the right bytes once, and is then fetched as any missing copy is; what was ordered to be erased is neither read nor fetched. Refuses to keep a copy in quarantine: it would
outlive its erasure. Trusts no peer: the digest decides.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from hashlib import sha256

from akashi.errors import AkashiError
from akashi.ledger.port import Ledger
from akashi.network.payloads.intake import Intake
from akashi.network.payloads.port import PeerVault
from akashi.network.payloads.streams import checked
from akashi.vault.events import PayloadPhase, PayloadRecord, payload_record
from akashi.vault.sealing import read_container
from akashi.vault.sealing.wraps import digest_of_digests, wraps_digest
from akashi.vault.service import Vault


class CopyScrub:
    """One server's copies. ``intake`` fetches; ``peers`` as it has them."""

    def __init__(self, ledger: Ledger, vault: Vault, intake: Intake, peers: Callable[[], Sequence[PeerVault]]) -> None:
        self._ledger, self._vault, self._intake, self._peers = ledger, vault, intake, peers

    def ids(self, after: bytes) -> list[bytes]:
        """What is held here, ascending, behind ``after``."""
        return sorted(one for one in self._vault.stored() if one > after)

    def is_whole(self, payload_id: bytes) -> bool:
        """Whether this copy is what it must be; a copy that is being erased is."""
        record = self._announced(payload_id)
        row = self._vault.find(payload_id)
        if row is None or (record is not None and record.phase is not PayloadPhase.ANNOUNCED):
            return True
        expected = (row.body_digest, row.wraps_digest)
        if record is not None:
            expected = (record.body_digest, digest_of_digests(record.wrap_digests))
        digest = sha256()
        try:
            for piece in self._vault.body(payload_id):
                digest.update(piece)
            return (digest.digest(), wraps_digest(self._vault.wraps(payload_id))) == expected
        except AkashiError:
            return self._vault.size(payload_id) is None  # erased meanwhile: nothing to be whole

    def renew(self, payload_id: bytes) -> bool:
        """Give up a damaged copy and fetch it again; false where nobody has the right bytes now (then it is kept as it is)."""
        record = self._announced(payload_id)
        if record is None or record.phase is not PayloadPhase.ANNOUNCED or not self._is_elsewhere(payload_id, record):
            return False
        self._vault.forget(payload_id)
        return self._intake.fetch(payload_id)

    def _announced(self, payload_id: bytes) -> PayloadRecord | None:
        with self._ledger.view() as state:
            return payload_record(state, payload_id)

    def _is_elsewhere(self, payload_id: bytes, record: PayloadRecord) -> bool:
        for peer in self._peers():
            try:
                container = read_container(peer.get(payload_id, 0), self._ledger.ledger_id)
                if wraps_digest(container.wraps) != digest_of_digests(record.wrap_digests):
                    continue
                for _ in checked(payload_id, container.body, record.body_digest):
                    pass
            except (AkashiError, OSError):
                continue
            return True
        return False
