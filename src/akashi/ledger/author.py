"""Says something on the ledger in an institution's name: builds, signs and submits one operation.

Guarantees: every statement gets a fresh nonce, the ledger's id and an expiry, so that it counts once and here only; what
``submit`` returned is durable and accepted. Refuses: to say anything for another institution than its own. Trusts: the
caller for who acted and how they were authenticated; that is what the signing gateway vouches for (spec/operation 4).

::

    author = Author(ledger, keystore.signer("gateway"), "inst-…", SystemClock())
    author.submit(TransferConfirmed(...), subject="tr-…", person="per-…", device="dev-…", auth=session.auth)
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Protocol, TypeVar

from akashi.clock import Clock
from akashi.ledger.events import dump_body, info_of
from akashi.ledger.model import MAX_LIFETIME_MS, Actor, Approval, Auth, AuthMethod, Statement
from akashi.ledger.port import Acknowledged, Ledger
from akashi.ledger.wire.envelope import NONCE_SIZE, Signer, key_id, seal_operation

HOUR_MS = 3600 * 1000
T = TypeVar("T")


class Approving(Protocol):
    """How the acting person approves what the gateway is about to say for them, during one request."""

    @property
    def answering(self) -> tuple[bytes, ...]:
        """The operation ids that the person was shown and has answered: those of a use case that runs again."""
        ...

    def prepared(self, name: str, make: Callable[[], T]) -> T:
        """``make()``, or in a run that answers what it gave when the person was asked; calls of one ``name`` are told apart by their order.

        For whatever would differ between the two runs: a new handle, a salt, a sealed payload. Use the module's :func:`prepared`.
        """
        ...

    def settle(self, composed: Statement) -> tuple[Statement, tuple[Approval, ...]]:
        """The statement to sign and the person's approvals of it.

        A key at hand (the command line's) approves ``composed`` itself. Where the person must first be asked (a browser) this raises
        ``ApprovalWanted`` with ``composed``, and when they have answered it gives back the very statement that they were shown, if
        ``composed`` says the same but for its nonce and times.
        """
        ...


def prepared(approving: Approving | None, name: str, make: Callable[[], T]) -> T:
    """What a use case makes anew for an operation that a person may have to approve first, the same in both runs.

    ::

        request = prepared(session.approving, "request", lambda: new_handle("req"))
    """
    return make() if approving is None else approving.prepared(name, make)


class Author:
    """Signs for one institution with one key. Thread-safe as far as its ledger and signer are."""

    def __init__(self, ledger: Ledger, signer: Signer, institution: str, clock: Clock) -> None:
        self._ledger = ledger
        self._signer = signer
        self._institution = institution
        self._clock = clock

    @property
    def institution(self) -> str:
        """In whose name it speaks."""
        return self._institution

    @property
    def key(self) -> bytes:
        """The key id that its operations are signed with."""
        return key_id(self._signer.spki)

    @property
    def ledger(self) -> Ledger:
        """Where it speaks."""
        return self._ledger

    def compose(
        self,
        body: object,
        *,
        subject: str | None = None,
        person: str | None = None,
        device: str | None = None,
        auth: Auth | None = None,
        lifetime_ms: int = HOUR_MS,
        approving: Approving | None = None,
    ) -> bytes:
        """The signed envelope of ``body`` (an ``@event`` value), for a durable outbox; valid for ``lifetime_ms``, 7 days at most.

        Without ``auth`` the operation says that a machine acted. Raises ``EncodingError`` for misshapen bodies.
        """
        now = self._clock.now_ms()
        info = info_of(type(body))
        statement = Statement(
            ledger=self._ledger.ledger_id,
            kind=info.tag,
            version=info.version,
            actor=Actor(self._institution, person, device),
            auth=auth or Auth(AuthMethod.MACHINE, now),
            subject=subject,
            body=dump_body(body),
            claimed_ms=now,
            not_after_ms=now + min(lifetime_ms, MAX_LIFETIME_MS),
            nonce=secrets.token_bytes(NONCE_SIZE),
        )
        if approving is None:  # signed on behalf of the person, and shown as such
            return seal_operation(statement, self._signer)
        settled, approvals = approving.settle(statement)
        return seal_operation(settled, self._signer, approvals)

    def submit(
        self,
        body: object,
        *,
        subject: str | None = None,
        person: str | None = None,
        device: str | None = None,
        auth: Auth | None = None,
        approving: Approving | None = None,
    ) -> Acknowledged:
        """Compose and submit; returns once durable and accepted. Raises what ``Ledger.submit`` raises."""
        said = self.compose(body, subject=subject, person=person, device=device, auth=auth, approving=approving)
        return self._ledger.submit(said)
