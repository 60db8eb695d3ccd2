"""Sending: look, decide, seal, stage, announce, in that order, so that an interruption loses and invents nothing.

Guarantees: before anything leaves, every document was screened and scanned, the rules were asked, the receiver's opening key
is the one used before, and the same content was not sent already unless the sender insists. The intent is durable first;
after a crash the ledger, asked again, says whether it was sent. What was staged but never announced is removed by the
server. Refuses: to write content anywhere. Trusts: the ledger's view for the receiver's key (enrolled by the receiver's own
gateway, or the ledger would not have it) and, from the second sending on, only the key that was used before.

Number of tries: ``Retry.attempts`` for staging (each under a fresh key) and for announcing.
"""

from __future__ import annotations

import hmac
import secrets
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import sha256

from akashi.clock import Clock
from akashi.errors import Unavailable
from akashi.exchange.errors import AlreadySent, ContentChanged, DocumentRefused, ReceiverKeyChanged, TransferDenied
from akashi.exchange.events import TransferSent
from akashi.exchange.model import Acting, Document, Scan, SendRequest, Status
from akashi.exchange.outbox import Held, HeldSendings, Outbox, Retry
from akashi.exchange.records import party, transfer
from akashi.exchange.rules import Terms, decide_send, decide_supersede, size_bucket
from akashi.exchange.screening import Scanner, inspect
from akashi.exchange.store import Store
from akashi.identity.events import is_person_of
from akashi.identity.handles import TRANSFER, new_handle
from akashi.identity.model import SecretBox
from akashi.keys.suites import DEFAULT, Profile
from akashi.ledger.keyring.approving import ApprovalMismatch, ApprovalWanted
from akashi.ledger.port import Acknowledged, Ledger
from akashi.ledger.registry import OpeningKey, opening_key
from akashi.ledger.rules import Denied
from akashi.ledger.state import ReadState
from akashi.vault.model import Part, Recipient, SealedSummary
from akashi.vault.port import PayloadStore
from akashi.vault.receipt import split_receipts
from akashi.vault.sealing import seal

_MARK_LABEL = "exchange.marks"
_STILL_COUNTS = frozenset({Status.SENT, Status.OPENED, Status.CONFIRMED})
_PLACEHOLDER = bytes(32)


@dataclass(frozen=True, slots=True)
class Preview:
    """What a sender sees before anything leaves."""

    size: int
    scan: Scan
    receiver_key: bytes
    key_changed: bool
    """An alarm: the receiver's opening key is not the one used before."""
    earlier: str | None
    """An earlier transfer with the same content that still counts."""
    digest: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Sent:
    """An announced transfer."""

    transfer: str
    acknowledged: Acknowledged
    scan: Scan


class Sender:
    """The sending half of a gateway. Thread-safe as its parts are."""

    def __init__(
        self,
        *,
        store: Store,
        outbox: Outbox,
        ledger: Ledger,
        payloads: PayloadStore,
        box: SecretBox,
        scanner: Scanner,
        clock: Clock,
        institution: str,
        own_keys: frozenset[bytes],
        retry: Retry,
        profile: Profile = DEFAULT,
    ) -> None:
        self._store = store
        self._outbox = outbox
        self._ledger = ledger
        self._payloads = payloads
        self._scanner = scanner
        self._clock = clock
        self._institution = institution
        self._own_keys = own_keys
        self._retry = retry
        self._profile = profile
        self._held = HeldSendings(clock)
        self._dead: set[str] = set()
        self._deciding = threading.Lock()
        protected = store.secret(_MARK_LABEL, box.protect(_MARK_LABEL, secrets.token_bytes(32)))
        self._mark_key = box.reveal(_MARK_LABEL, protected)

    def preview(self, request: SendRequest) -> Preview:
        """Everything that can be said before sending. Raises :class:`DocumentRefused` and :class:`TransferDenied`."""
        size, digest, scan = self._examine(request.documents)
        now = self._clock.now_ms()
        with self._ledger.view() as state:
            key = self._ask_rules(state, request, now)
            earlier = self._earlier(state, digest, request.source_digest)
        pinned = self._store.pinned(request.receiver)
        return Preview(size, scan, key.key, pinned not in (None, key.key), earlier, digest)

    def send(self, request: SendRequest, acting: Acting) -> Sent:
        """Send. Also raises :class:`AlreadySent`, :class:`ReceiverKeyChanged`, and :class:`Unacknowledged` (kept, 未確定).

        Where ``acting`` must first be asked, :class:`ApprovalWanted`: what is staged is kept, and the same call with their answer announces it.
        """
        preview = self.preview(request)
        if preview.key_changed or request.receiver_key not in (None, preview.receiver_key):
            raise ReceiverKeyChanged(institution=request.receiver)
        name, body = self._held.taken(request, preview.digest, acting) or self._prepare(request, preview, acting)
        try:
            acknowledged = self._outbox.deliver(body, name, acting)
        except ApprovalWanted as wanted:
            # What the person is shown is what is announced when they have answered: nothing is sealed or staged again.
            self._held.keep(wanted.operation, Held(name, body, preview.digest, acting.person, acting.device))
            raise
        except ApprovalMismatch:
            self._give_up(name)
            raise
        return Sent(name, acknowledged, preview.scan)

    def _prepare(self, request: SendRequest, preview: Preview, acting: Acting) -> tuple[str, TransferSent]:
        """Seal and stage; the durable intent is first."""
        for dropped in self._held.dropped(request, preview.digest, acting):
            self._give_up(dropped)
        name = new_handle(TRANSFER)
        self._begin(name, request, preview)
        try:
            summary, receipts = self._stage(name, request, preview.receiver_key)
            if summary.content_digest != preview.digest:
                raise ContentChanged
            body = self._announcement(name, request, preview.scan, summary, receipts)
            self._store.pin(request.receiver, preview.receiver_key, self._clock.now_ms(), None)
        except BaseException:
            # Nothing was announced: what may be on the server is an orphan and goes by itself.
            self._give_up(name)
            raise
        return name, body

    def accept_key(self, receiver: str, key: bytes, acting: Acting) -> None:
        """A person has checked the receiver's new key by another channel. Raises :class:`TransferDenied` if it is not current."""
        with self._ledger.view() as state:
            current = opening_key(state, receiver, self._clock.now_ms())
        if current is None or current.key != key:
            raise TransferDenied("transfer.receiver_key")
        self._store.pin(receiver, key, self._clock.now_ms(), acting.who)

    def _examine(self, documents: Sequence[Document]) -> tuple[int, bytes, Scan]:
        whole, size, worst = sha256(), 0, Scan.CLEAN
        if not documents:
            raise TransferDenied("transfer.empty")
        for number, document in enumerate(documents, start=1):
            reason = inspect(document.name, document.read())
            if reason is not None:
                raise DocumentRefused(number, reason)
            scan = self._scanner.scan(document.read)
            if scan is Scan.INFECTED:
                raise DocumentRefused(number, "infected")
            worst = max(worst, scan)
            for chunk in document.read():
                whole.update(chunk)
                size += len(chunk)
        return size, whole.digest(), worst

    def _ask_rules(self, state: ReadState, request: SendRequest, now_ms: int) -> OpeningKey:
        """The same questions that ``apply`` will ask, so that nothing is staged in vain."""
        terms = Terms(now_ms + request.life_ms, request.retention_ms, (_PLACEHOLDER,), request.persons)
        decision = decide_send(
            party(state, self._institution, now_ms), party(state, request.receiver, now_ms), terms, now_ms
        )
        if isinstance(decision, Denied):
            raise TransferDenied(decision.reason)
        if not all(is_person_of(state, person, request.receiver) for person in request.persons):
            raise TransferDenied("transfer.persons")
        if request.supersedes is not None:
            old = transfer(state, request.supersedes)
            succession = decide_supersede(old, self._institution, request.receiver)
            if isinstance(succession, Denied):
                raise TransferDenied(succession.reason)
        key = opening_key(state, request.receiver, now_ms)
        if key is None:  # decide_send has denied this
            raise TransferDenied("transfer.receiver_key")
        return key

    def _mark(self, digest: bytes | None) -> bytes | None:
        """A keyed mark, so that the database does not let anybody test a guess at the content."""
        return None if digest is None else hmac.digest(self._mark_key, digest, "sha256")

    def _begin(self, name: str, request: SendRequest, preview: Preview) -> None:
        """The durable intent, unless the same content is out there or on its way. One decides at a time."""
        with self._deciding:
            for dead in sorted(self._dead):
                self._give_up(dead)
            if not request.again:
                with self._ledger.view() as state:
                    earlier = self._earlier(state, preview.digest, request.source_digest)
                if earlier is not None:
                    raise AlreadySent(earlier)
            marks = (self._mark(preview.digest) or b"", self._mark(request.source_digest))
            self._store.begin_sending(name, request.receiver, marks, self._clock.now_ms())

    def _give_up(self, name: str) -> None:
        """Mark a sending as over. A disk that is too full even for that is asked again before the next sending."""
        self._dead.add(name)
        with suppress(Unavailable):
            self._store.end_sending(name, "abandoned")
            self._dead.discard(name)

    def _earlier(self, state: ReadState, digest: bytes, source: bytes | None) -> str | None:
        for name in self._store.sent_before(self._mark(digest) or b"", self._mark(source)):
            found = transfer(state, name)
            if found is None or found.status in _STILL_COUNTS:
                return name
        return None

    def _recipients(self, receiver: str, looked_at: bytes) -> list[Recipient]:
        """The receiver's key as it was looked at, and the sender's own where it is of the same suite.

        The sender's own is one of its key store: what the state says of it is somebody else's word.
        """
        now = self._clock.now_ms()
        with self._ledger.view() as state:
            theirs, own = opening_key(state, receiver, now), opening_key(state, self._institution, now)
        if theirs is None or theirs.key != looked_at:
            raise ReceiverKeyChanged(institution=receiver)
        if own is not None and own.key not in self._own_keys:
            raise TransferDenied("transfer.own_key")
        keys = [theirs] if own is None or own.suite != theirs.suite else [theirs, own]
        return [Recipient(key.key, key.suite, key.public) for key in keys]

    def _stage(self, name: str, request: SendRequest, looked_at: bytes) -> tuple[SealedSummary, bytes]:
        recipients = self._recipients(request.receiver, looked_at)
        for pause in self._retry.pauses():
            sealing = seal(
                [Part(document.name, document.read()) for document in request.documents],
                media_type=request.media_type,
                recipients=recipients,
                ledger_id=self._ledger.ledger_id,
                suite=recipients[0].suite,
                profile=self._profile,
            )
            self._store.staging(name, sealing.payload_id)
            try:
                receipt = self._payloads.stage(sealing.payload_id, sealing.wraps, sealing.chunks())
            except Unavailable as error:
                if pause is None or error.waited:
                    raise
                self._retry.sleep(pause)
                continue
            return sealing.summary, receipt
        raise TransferDenied("transfer.attempts")  # a Retry has at least one attempt

    def _announcement(
        self, name: str, request: SendRequest, scan: Scan, summary: SealedSummary, receipts: bytes
    ) -> TransferSent:
        storage, copies = split_receipts(receipts)
        return TransferSent(
            transfer=name,
            receiver=request.receiver,
            payload=summary.payload_id,
            body_digest=summary.body_digest,
            wraps=tuple(summary.wrap_digests),
            commitment=summary.commitment,
            size_bucket=size_bucket(summary.size),
            format=request.format,
            persons=request.persons,
            expires_ms=self._clock.now_ms() + request.life_ms,
            retention_ms=request.retention_ms,
            scan=scan,
            storage=storage,
            supersedes=request.supersedes,
            counts=request.counts,
            record_bucket=None if request.records is None else size_bucket(request.records),
            copies=copies or None,
        )
