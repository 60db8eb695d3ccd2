"""Password resets: an identity check on the ledger, a ticket for the person, a new password that only they know.

Guarantees: who checks gets a ticket and never the secret; the ticket is the person's alone and of no use on a foreign device. The
person is told at their next sign-in who reset their password and when. Every try is in the journal, a failed one without a hint of why.
"""

from __future__ import annotations

from dataclasses import dataclass

from akashi.app.desk.transfers import recorded
from akashi.app.gateway.home import Gateway
from akashi.app.people import factors
from akashi.app.people.handles import named
from akashi.errors import AkashiError
from akashi.identity.journal import Outcome, What
from akashi.identity.lifecycle.errors import CheckUnusable, NoSuchRecord
from akashi.identity.lifecycle.model import Reset, ResetMethod, Ticket
from akashi.identity.model import Session
from akashi.identity.presence.model import AlertKind

_DAY_MS = 24 * 3600 * 1000


@dataclass(frozen=True, slots=True)
class Notice:
    """What a person is told: your password was reset, then, after this person checked you in this way."""

    reset: str
    checker: str
    method: ResetMethod
    at_ms: int


def listed(gateway: Gateway, session: Session) -> list[Reset]:
    """The ledger of resets, newest first."""
    gateway.accounts.require(session, "person.reset", proof=False)
    found = gateway.people.resets.resets()
    gateway.journal.record(What.LISTED, session=session, count=len(found))
    return found


def issued(
    gateway: Gateway,
    session: Session,
    person: str,
    method: ResetMethod,
    *,
    document: bytes | None = None,
    witness: str | None = None,
) -> Ticket:
    """Record the check and make the ticket, shown once. The copy of the document stays sealed here for a while; the ledger has its digest."""
    gateway.accounts.require(session, "person.reset", subject=named(person))
    if witness is not None:
        named(witness)
    keep = gateway.settings.reset_document_days * _DAY_MS
    with recorded(gateway, session, What.PASSWORD_RESET, person):
        if gateway.accounts.factors.temporary_issuer(person) == session.person:
            raise CheckUnusable(
                reason="reset.same_checker"
            )  # a code and a password from one hand: see require_other_checker
        ticket = gateway.people.resets.issue(
            session, person, method, document=document, witness=witness, keep_document_ms=keep
        )
    gateway.journal.record(
        What.PASSWORD_RESET, session=session, subject=person, purpose=int(method), reason="ticket.issued"
    )
    gateway.people.alerts.raise_(AlertKind.PASSWORD_RESET, ticket.reset, person=person)
    return ticket


def redeemed(gateway: Gateway, login: str, code: str, certificate: bytes, password: str) -> str:
    """The person, not signed in, sets the new password on the device with ``certificate``. Raises ``ResetRefused``, ``WeakPassword``."""
    try:
        person = gateway.people.resets.redeem(
            login, code, certificate, password, attended=gateway.settings.reset_at_checker
        )
    except AkashiError as error:
        gateway.journal.record(What.PASSWORD_RESET, Outcome.FAILED, institution=gateway.institution, reason=error.code)
        raise
    gateway.journal.record(
        What.PASSWORD_RESET, institution=gateway.institution, person=person, subject=person, reason="ticket.used"
    )
    _let_in_again(gateway, person)
    return person


def _let_in_again(gateway: Gateway, person: str) -> None:
    """End a suspected leak: the identity was checked and the password is new. Factors go, for whoever had the secrets may have added one."""
    if gateway.people.presence.is_stopped(person):
        for one in gateway.accounts.factors.factors(person):
            factors.remove(gateway, None, one.id, person, lost=True)
        gateway.people.presence.lift(person)


def notices(gateway: Gateway, session: Session) -> list[Notice]:
    """Resets that this person must be told about; show them at the next sign-in."""
    rows = gateway.people.resets.untold(session.person)
    return [Notice(row.reset, row.checker, row.method, row.used_ms or row.made_ms) for row in rows]


def noticed(gateway: Gateway, session: Session) -> None:
    """The person has read them."""
    gateway.people.resets.told(session.person)


def document(gateway: Gateway, session: Session, reset: str) -> bytes:
    """The copy of the document that was looked at. Raises ``NoSuchRecord`` when there is none (any more)."""
    gateway.accounts.require(session, "person.reset", subject=named(reset))
    gateway.journal.record(What.OPENED, session=session, subject=reset)
    found = gateway.people.resets.document(reset)
    if found is None:
        raise NoSuchRecord(name=reset)
    return found
