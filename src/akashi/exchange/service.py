"""The exchange as a gateway offers it: send, inbox, open, export, confirm, refuse, withdraw, trail, notices.

Guarantees: whatever shows or hands out content is on the ledger before the first byte leaves; content is opened in memory
and compared with the sender's commitment; both sides' trails are the same entries of the same ledger. Refuses: to show that
a transfer exists to anyone but its two institutions; to confirm what was not opened and found right here. Trusts: the caller
for permissions and for who acts (``identity``), the ledger for order, the vault for bytes that it cannot read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from akashi.clock import Clock
from akashi.errors import Misuse, Unavailable
from akashi.exchange.errors import DocumentRefused, TransferDenied, TransferUnknown
from akashi.exchange.events import (
    TransferConfirmed,
    TransferExported,
    TransferOpened,
    TransferRefused,
    TransferWithdrawn,
)
from akashi.exchange.locked import lock, verify_passphrase
from akashi.exchange.model import (
    Acting,
    Announced,
    Destination,
    Form,
    Notice,
    Pending,
    ReadPurpose,
    RefuseReason,
    Scan,
    SendRequest,
    Status,
    Step,
    Transfer,
    WithdrawReason,
)
from akashi.exchange.outbox import Outbox, Resumed, Retry
from akashi.exchange.records import received_by, sent_by, transfer
from akashi.exchange.rules import (
    Decision,
    decide_confirm,
    decide_read,
    decide_refuse,
    decide_withdraw,
)
from akashi.exchange.screening import NoScanner, Scanner, inspect
from akashi.exchange.sending import Preview, Sender, Sent
from akashi.exchange.store import Store
from akashi.identity.model import SecretBox
from akashi.keys.openers import Opener
from akashi.keys.suites import DEFAULT, Profile
from akashi.ledger.author import Author
from akashi.ledger.model import AuthMethod
from akashi.ledger.port import Acknowledged, Entry
from akashi.ledger.rules import Denied
from akashi.ledger.wire.envelope import parse_operation
from akashi.ledger.wire.leaf import parse_leaf
from akashi.vault.errors import SealError, WrapMissing
from akashi.vault.port import PayloadStore
from akashi.vault.sealing import unseal, write_container

OPEN_LIMIT = 256 << 20
"""Most bytes that are opened in memory at once."""
T = TypeVar("T")
_NEWS_TO_SENDER = frozenset({Status.OPENED, Status.CONFIRMED, Status.REFUSED, Status.EXPIRED})
_NEWS_TO_RECEIVER = frozenset({Status.SENT, Status.WITHDRAWN, Status.EXPIRED, Status.SUPERSEDED})


@dataclass(frozen=True, slots=True)
class Opened:
    """Content in memory: it is what the sender committed to, and the screening lets it through."""

    transfer: str
    media_type: str
    documents: tuple[tuple[str, bytes], ...] = field(repr=False)
    scan: Scan


@dataclass(frozen=True, slots=True)
class Exported:
    """What leaves: documents (``PLAIN``), or one stream (``SEALED``, ``LOCKED``)."""

    transfer: str
    form: Form
    documents: tuple[tuple[str, bytes], ...] = field(repr=False, default=())
    stream: Iterator[bytes] = field(repr=False, default_factory=lambda: iter(()))


@dataclass(frozen=True, slots=True)
class Shown:
    """One transfer with its trail, and what this gateway has pending about it."""

    transfer: Transfer
    trail: tuple[Step, ...]
    pending: tuple[Pending, ...]


class Exchange:
    """One institution's exchange. Thread-safe as its parts are. Call :meth:`recover` once at start."""

    def __init__(
        self,
        *,
        database: Path,
        author: Author,
        payloads: PayloadStore,
        openers: Sequence[Opener],
        box: SecretBox,
        clock: Clock,
        scanner: Scanner | None = None,
        retry: Retry | None = None,
        profile: Profile = DEFAULT,
    ) -> None:
        self._store = Store(database)
        self._ledger = author.ledger
        self._institution = author.institution
        self._payloads = payloads
        self._openers = tuple(openers)
        self._clock = clock
        self._scanner = scanner or NoScanner()
        self._retry = retry or Retry()
        self._outbox = Outbox(self._store, author, clock, self._retry)
        self._sender = Sender(
            store=self._store,
            outbox=self._outbox,
            ledger=self._ledger,
            payloads=payloads,
            box=box,
            scanner=self._scanner,
            clock=clock,
            institution=self._institution,
            own_keys=frozenset(opener.key_id for opener in self._openers),
            retry=self._retry,
            profile=profile,
        )

    def close(self) -> None:
        """Release the database."""
        self._store.close()

    def recover(self) -> Resumed:
        """At start: give up sendings whose content is gone, and settle everything that is signed and pending."""
        self._store.abandon_staging()
        return self._outbox.resume()

    def resume(self) -> Resumed:
        """Deliver what is pending; call it whenever the ledger may be back."""
        return self._outbox.resume()

    # sending

    def preview(self, request: SendRequest) -> Preview:
        """What to show before sending; see :meth:`Sender.preview`."""
        return self._sender.preview(request)

    def send(self, request: SendRequest, acting: Acting) -> Sent:
        """Send; see :meth:`Sender.send`."""
        return self._sender.send(request, acting)

    def accept_key(self, receiver: str, key: bytes, acting: Acting) -> None:
        """Accept a receiver's changed opening key after checking it by another channel."""
        self._sender.accept_key(receiver, key, acting)

    def withdraw(self, name: str, reason: WithdrawReason, acting: Acting) -> Acknowledged:
        """Take back what the receiver has not opened."""
        self._ask(name, acting, decide_withdraw)
        return self._outbox.deliver(TransferWithdrawn(name, reason), name, acting)

    # receiving

    def open(
        self,
        name: str,
        purpose: ReadPurpose,
        acting: Acting,
        *,
        limit: int = OPEN_LIMIT,
        announced: Announced | None = None,
    ) -> Opened:
        """Record the opening, then fetch, open in memory, compare and screen: what was ``announced``, where that is given, or nothing.

        Raises ``TransferDenied``, ``Unacknowledged`` (nothing was handed out), ``SealError`` and :class:`DocumentRefused`
        (refuse the transfer then), ``Unavailable`` after bounded tries.
        """
        self._ask(name, acting, decide_read)
        self._outbox.deliver(TransferOpened(name, purpose), name, acting)
        return self._unseal(self._as(announced, name), limit)

    def export(
        self,
        name: str,
        purpose: ReadPurpose,
        destination: Destination,
        form: Form,
        acting: Acting,
        *,
        passphrase: str = "",
        announced: Announced | None = None,
    ) -> Exported:
        """Record purpose, person, destination and form, then hand out the content in that form. Raises as :meth:`open`."""
        if form is Form.LOCKED:
            verify_passphrase(passphrase)
        self._ask(name, acting, decide_read)
        self._outbox.deliver(TransferExported(name, purpose, destination, form), name, acting)
        record = self._as(announced, name)
        if form is Form.SEALED:
            wrap, body, _ = self._try(lambda: self._fetch(record))
            return Exported(name, form, stream=write_container(self._ledger.ledger_id, [wrap], body))
        opened = self._unseal(record, OPEN_LIMIT)
        if form is Form.LOCKED:
            return Exported(name, form, stream=lock(opened.documents, passphrase))
        return Exported(name, form, opened.documents)

    def confirm(self, name: str, acting: Acting) -> Acknowledged:
        """Say that it arrived and is what the sender committed to; only after it was opened here and found so."""
        self._ask(name, acting, decide_confirm)
        scan = self._store.seen(name)
        if scan is None:
            raise TransferDenied("transfer.not_verified")
        return self._outbox.deliver(TransferConfirmed(name, True, scan), name, acting)  # noqa: FBT003 - a ledger field

    def refuse(self, name: str, reason: RefuseReason, acting: Acting) -> Acknowledged:
        """Do not take it; the sender is told the reason and the payload is erased."""
        self._ask(name, acting, decide_refuse)
        return self._outbox.deliver(TransferRefused(name, reason), name, acting)

    # looking

    def inbox(self) -> list[Transfer]:
        """Everything that was sent to this institution, newest first."""
        return self._listed(received_by)

    def outbox(self) -> list[Transfer]:
        """Everything that this institution sent, newest first."""
        return self._listed(sent_by)

    def pending(self) -> list[Pending]:
        """What is begun or signed here and not on the ledger yet (未確定)."""
        return self._store.pending()

    def show(self, name: str) -> Shown:
        """A transfer with the trail that both sides see. Raises :class:`TransferUnknown` for everybody else's."""
        record = self._mine(name)
        steps = tuple(_step(entry) for entry in self._ledger.entries(name))
        return Shown(record, steps, tuple(item for item in self.pending() if item.transfer == name))

    def poll(self) -> int:
        """Turn what happened on the ledger into notices; each is told once. Returns how many are new."""
        with self._ledger.view() as state:
            news = [pair for pair in received_by(state, self._institution) if pair[1] in _NEWS_TO_RECEIVER]
            news += [pair for pair in sent_by(state, self._institution) if pair[1] in _NEWS_TO_SENDER]
        told = self._store.told()
        return self._store.notify([pair for pair in news if (pair[0], int(pair[1])) not in told], self._clock.now_ms())

    def notices(self, *, unread_only: bool = True) -> list[Notice]:
        """Notices, newest first."""
        return self._store.notices(unread_only)

    def mark_read(self, number: int) -> None:
        """A person has looked at the notice."""
        self._store.mark_read(number, self._clock.now_ms())

    # inside

    def _listed(self, index: Callable[..., list[tuple[str, Status]]]) -> list[Transfer]:
        with self._ledger.view() as state:
            found = [transfer(state, name) for name, _ in index(state, self._institution)]
        return sorted((item for item in found if item is not None), key=lambda item: (-item.sent_ms, item.handle))

    def _mine(self, name: str) -> Transfer:
        with self._ledger.view() as state:
            found = transfer(state, name)
        if found is None or self._institution not in (found.sender, found.receiver):
            raise TransferUnknown
        return found

    def _as(self, announced: Announced | None, name: str) -> Transfer:
        """The transfer, if the state says of it what was proven."""
        one = self._mine(name)
        said = Announced(one.sender, one.receiver, one.payload, one.body_digest, one.commitment)
        if announced not in (None, said):
            raise TransferDenied("transfer.unproven")
        return one

    def _ask(self, name: str, acting: Acting, decide: Callable[[Transfer, str, str | None, int], Decision]) -> None:
        """The question that ``apply`` will ask, so that a plain no needs no entry in the outbox."""
        decision = decide(self._mine(name), self._institution, acting.who, self._clock.now_ms())
        if isinstance(decision, Denied):
            raise TransferDenied(decision.reason)

    def _try(self, call: Callable[[], T]) -> T:
        for pause in self._retry.pauses():
            try:
                return call()
            except (Unavailable, SealError):
                # Damage on the way may not happen again; damage at the source does, and is reported after the last try.
                if pause is None:
                    raise
                self._retry.sleep(pause)
        raise Misuse(what="a Retry has at least one attempt")

    def _fetch(self, record: Transfer) -> tuple[bytes, Iterable[bytes], Opener]:
        """Our wrap, the body, and the opener that fits; older keys are tried as well."""
        for opener in self._openers:
            try:
                wrap = self._payloads.wrap(record.payload, opener.key_id)
            except WrapMissing:
                continue
            return wrap, self._payloads.body(record.payload), opener
        raise TransferDenied("transfer.no_wrap")

    def _unseal(self, record: Transfer, limit: int) -> Opened:
        def attempt() -> Opened:
            wrap, body, opener = self._fetch(record)
            unsealed = unseal(wrap, opener, self._ledger.ledger_id, body, body_digest=record.body_digest)
            documents = tuple(unsealed.read(limit))
            unsealed.verify_commitment(record.commitment)
            return Opened(record.handle, unsealed.media_type, documents, self._screen(documents))

        opened = self._try(attempt)
        if self._institution == record.receiver:
            self._store.saw(record.handle, opened.scan, self._clock.now_ms())
        return opened

    def _screen(self, documents: Sequence[tuple[str, bytes]]) -> Scan:
        worst = Scan.CLEAN
        for number, (name, data) in enumerate(documents, start=1):
            reason = inspect(name, [data])
            if reason is not None:
                raise DocumentRefused(number, reason)
            scan = self._scanner.scan(lambda data=data: [data])  # type: ignore[misc]
            if scan is Scan.INFECTED:
                raise DocumentRefused(number, "infected")
            worst = max(worst, scan)
        return worst


def _step(entry: Entry) -> Step:
    leaf = parse_leaf(entry.leaf)
    operation = parse_operation(leaf.envelope)
    statement = operation.statement
    actor = statement.actor
    return Step(
        entry.index,
        entry.operation_id,
        statement.kind,
        leaf.block_ms,
        actor.institution,
        actor.device if statement.auth.method is AuthMethod.CLIENT else actor.person,
        leaf.result == 0,
        tuple([one.kind for one in operation.approvals]),
    )
