"""Resets: an identity check goes into the ledger of resets, and the new password is set by the person alone.

Guarantees: nobody who checks ever sees the new secret. A ticket (80 random bits, kept as a hash, 30 minutes, once) works only for the
person it is for, and only on a device for which that person answers, or, where the setting allows, on the very device at which the
person was checked. Every failure is one error. Refuses to check oneself. Left to the caller: whether the session may, alerts, journal.
"""

from __future__ import annotations

import re
import secrets
from hashlib import sha256

from akashi.clock import Clock
from akashi.errors import AkashiError, Unavailable
from akashi.identity import events as identity
from akashi.identity.errors import NoSuchPerson
from akashi.identity.handles import ALPHABET, RESET, new_handle
from akashi.identity.lifecycle import review_events
from akashi.identity.lifecycle.errors import CheckUnusable, ResetRefused
from akashi.identity.lifecycle.model import Reset, ResetMethod, Ticket
from akashi.identity.lifecycle.rules import decide_check
from akashi.identity.lifecycle.service import Lifecycle
from akashi.identity.lifecycle.store import TicketRow
from akashi.identity.model import Session
from akashi.identity.rules import decide_device
from akashi.identity.service import Accounts
from akashi.ledger.author import Author, prepared
from akashi.ledger.rules import Allowed, Denied

TICKET_MS = 30 * 60 * 1000
_SYMBOLS = 16
"""Of 5 bits each: 80 bits."""
MAX_DOCUMENT = 10 * 1024 * 1024


class Resets:
    """The ledger of resets of one institution, and the tickets that come of it."""

    def __init__(self, lifecycle: Lifecycle, author: Author, clock: Clock, accounts: Accounts) -> None:
        self._lifecycle, self._store = lifecycle, lifecycle.store
        self._author, self._clock, self._accounts = author, clock, accounts

    def resets(self) -> list[Reset]:
        """All resets, newest first."""
        with self._author.ledger.view() as state:
            found = list(review_events.resets(state, self._author.institution))
        return sorted(found, key=lambda one: (-one.at_ms, one.handle))

    def issue(
        self,
        by: Session,
        person: str,
        method: ResetMethod,
        *,
        document: bytes | None = None,
        witness: str | None = None,
        keep_document_ms: int,
    ) -> Ticket:
        """Record the check and make the ticket; an older one of the person is void. Raises :class:`CheckUnusable`, ``NoSuchPerson``."""
        if person not in {one.person for one in self._accounts.accounts()}:
            raise NoSuchPerson(person=person)
        if document is not None and not 0 < len(document) <= MAX_DOCUMENT:
            raise CheckUnusable(reason="reset.document")
        looked_at = None if document is None else sha256(document).digest()
        decision = decide_check(person, by.person, method, looked_at, witness)
        if isinstance(decision, Denied):
            raise CheckUnusable(reason=decision.reason)
        handle = prepared(by.approving, "reset", lambda: new_handle(RESET))
        said = self._lifecycle.worded(review_events.PersonReset(handle, person, method, looked_at, witness), handle, by)
        now, code = self._clock.now_ms(), _new_code()
        row = TicketRow(handle, person, now, now + TICKET_MS, by.person, by.certificate, method, None)
        self._store.void_tickets(person, now)
        self._store.insert_ticket(row, _hashed(code), document, now + keep_document_ms)
        try:
            self._lifecycle.send(said)
        except Unavailable:
            raise
        except AkashiError:
            self._store.drop_ticket(handle)
            raise
        return Ticket(handle, code, row.until_ms)

    def redeem(self, login: str, code: str, certificate: bytes, password: str, *, attended: bool = False) -> str:
        """The person sets a new password with their ticket on the device with ``certificate``; returns their handle.

        1. the ticket is known and for this login; 2. the device is good and the person's own, or (``attended``) the one where they were checked; 3. the
        person is active; 4. the ticket is used up before the password is set, and given back if that is refused (too weak).
        Raises :class:`ResetRefused` whatever was wrong with 1 to 3, ``WeakPassword``.
        """
        now = self._clock.now_ms()
        row = self._store.ticket(_hashed(code))
        person = self._accounts.person_of_login(login)
        if row is None or person != row.person:  # (1)
            raise ResetRefused
        if not self._is_place(row, certificate, now, attended=attended):  # (2, 3)
            raise ResetRefused
        if not self._store.take_ticket(row.reset, now):  # (4)
            raise ResetRefused
        try:
            self._accounts.set_password(row.person, password)
        except AkashiError:
            self._store.give_back(row.reset)
            raise
        return row.person

    def require_other_checker(self, person: str, checker: str) -> None:
        """Raise :class:`CheckUnusable` if whoever is about to replace the person's second factor has just had the password replaced.

        With both, one checker alone would be that person. Over once the person has read of the reset, signed in by their own factor.
        """
        if self._store.checked(person, checker, self._clock.now_ms()):
            raise CheckUnusable(reason="reset.same_checker")

    def untold(self, person: str) -> list[TicketRow]:
        """Resets that the person must be told about: when, by whom, how they were checked."""
        return self._store.used(person)

    def told(self, person: str) -> None:
        """They have read it."""
        self._store.told(person, self._clock.now_ms())

    def document(self, reset: str) -> bytes | None:
        """The copy of the document that was looked at, while it is kept."""
        return self._store.document(reset)

    def expire_documents(self) -> int:
        """Erase copies whose time is over; returns how many."""
        return self._store.expire_documents(self._clock.now_ms())

    def _is_place(self, row: TicketRow, certificate: bytes, now: int, *, attended: bool) -> bool:
        with self._author.ledger.view() as state:
            device = identity.device_of_certificate(state, certificate)
            person = identity.person(state, row.person)
        if person is None or not person.enabled or device is None or device.institution != self._author.institution:
            return False
        if not isinstance(decide_device(device, certificate, now), Allowed):
            return False
        own = device.responsible == row.person and not device.machine
        return own or (attended and certificate == row.certificate)


def _new_code() -> str:
    symbols = "".join(secrets.choice(ALPHABET) for _ in range(_SYMBOLS))
    return "-".join(symbols[at : at + 4] for at in range(0, _SYMBOLS, 4))


def _hashed(code: str) -> bytes:
    """What is kept of a ticket. Typed by hand: case, spaces, hyphens and look-alikes do not matter (Crockford's base 32)."""
    plain = re.sub(r"[\s\-]", "", code.casefold()).replace("o", "0").replace("i", "1").replace("l", "1")
    return sha256(b"akashi/ticket/1\x00" + plain.encode("utf-8", "surrogatepass")).digest()
