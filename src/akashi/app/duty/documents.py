"""Judging signed documents in a gateway: one at a time, against its folder of authorities.

Guarantees: the file stays in memory and dies with the request; a document that takes for ever to read holds up other documents for a minute and nothing else (``judging``).
The access journal has that a document was judged, not which. Refuses a second document meanwhile (:class:`DocumentBusy`). Trusts: the folder.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

from akashi.app.gateway.home import Gateway
from akashi.app.people.documents import records, verified
from akashi.errors import Unavailable
from akashi.identity.journal import What
from akashi.identity.model import Session
from akashi.signatures.authorities import load_trust
from akashi.signatures.model import DocumentRecord, DocumentSeen

_ONE = threading.Lock()


class DocumentBusy(Unavailable):
    """Another document is being judged."""

    code = "app.document_busy"
    ja, en = "ほかの文書を確かめています。", "Another document is being verified."
    hint_ja, hint_en = "少し待ってから、もう一度選んでください。", "Wait a moment and choose it again."


@dataclass(frozen=True, slots=True)
class Judged:
    """What a document says of itself, and what the ledger says of its signatures."""

    seen: DocumentSeen = field(repr=False)
    records: tuple[DocumentRecord, ...]


def judged(gateway: Gateway, session: Session, data: bytes) -> Judged:
    """Judge a PDF. Raises :class:`DocumentBusy`, and what ``signatures`` raises for files that cannot be judged."""
    gateway.accounts.require(session, "ledger.read")
    trust = load_trust(gateway.paths.document_trust)
    if not _ONE.acquire(blocking=False):
        raise DocumentBusy
    try:
        seen = verified(data, trust, gateway.clock.now_ms())
    finally:
        _ONE.release()
    gateway.journal.record(What.REPORT_READ, session=session, count=len(seen.signatures), reason="document.verified")
    return Judged(seen, tuple(records(gateway, session, seen)))
