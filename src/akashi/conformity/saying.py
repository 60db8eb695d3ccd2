"""Saying something on the ledger so that it counts once: signed and kept first, submitted then, and again after a silence.

Guarantees: an operation is durable here before it leaves; the same envelope is submitted again until the ledger accepts or refuses it, and the
ledger counts it once. Refuses: nothing itself; what the ledger refuses is marked and never sent again. Trusts: the caller for who acts.
"""

from __future__ import annotations

from akashi.clock import Clock
from akashi.conformity.errors import StepRefused
from akashi.conformity.proof.codec import Fields
from akashi.identity.model import Session
from akashi.ledger.author import Author
from akashi.ledger.errors import Refused
from akashi.ledger.model import MAX_LIFETIME_MS
from akashi.ledger.port import Acknowledged
from akashi.ledger.wire.envelope import parse_operation
from akashi.vault.documents import Documents

_OUTBOX = "outbox"
_WAITING, _SETTLED, _REFUSED = 0, 1, 2


class Voice:
    """One institution's voice over one store; several may share the store. Thread-safe as its parts are."""

    def __init__(self, documents: Documents, author: Author, clock: Clock) -> None:
        self._documents, self._author, self._clock = documents, author, clock

    def say(self, body: object, subject: str, session: Session) -> Acknowledged:
        """Say ``body`` about ``subject``. Raises ``StepRefused``, and ``Unavailable`` where it is kept and will be said again."""
        return self.send(self.worded(body, subject, session))

    def worded(self, body: object, subject: str, session: Session) -> bytes:
        """The signed operation, not kept yet: a person who must approve it first is asked here."""
        return self._author.compose(
            body,
            subject=subject,
            person=session.person,
            device=session.device,
            auth=session.auth,
            lifetime_ms=MAX_LIFETIME_MS,
            approving=session.approving,
        )

    def send(self, envelope: bytes) -> Acknowledged:
        """Keep and submit what :meth:`worded` made; raises as :meth:`say`."""
        key = parse_operation(envelope).id.hex()
        self._documents.put(_OUTBOX, key, [_WAITING, envelope], self._clock.now_ms())
        return self._submit(key, envelope)

    def resume(self) -> int:
        """Submit again what got no answer; how many are accepted now. Stops at the first silence (raises ``Unavailable``)."""
        done = 0
        for one in self._documents.newest(_OUTBOX):
            fields = Fields(one.value, 2)
            if fields.number() == _WAITING:
                try:
                    self._submit(one.key, fields.octets())
                except StepRefused:
                    continue  # it is marked: whoever said it was told, or sees that it is not on the ledger
                done += 1
        return done

    def _submit(self, key: str, envelope: bytes) -> Acknowledged:
        try:
            said = self._author.ledger.submit(envelope)
        except Refused as error:
            # The envelope is not kept any longer: it will never count.
            self._documents.put(_OUTBOX, key, [_REFUSED, error.reason.encode()], self._clock.now_ms())
            raise StepRefused(reason=error.reason) from error
        self._documents.put(_OUTBOX, key, [_SETTLED, b""], self._clock.now_ms())
        return said
