"""Break-glass accounts and declared emergencies, as people handle them.

Guarantees: every step is permitted first and is in the access journal, refusals too; a secret leaves only after its entry is durable; the
administrators are told before a step returns. Refuses what ``identity`` denies and the ledger refuses. Trusts: the session.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from akashi.app.gateway.home import Gateway
from akashi.errors import AkashiError, Unavailable
from akashi.identity.emergency.checklist import read_checklist
from akashi.identity.emergency.errors import EmergencyUnknown
from akashi.identity.emergency.model import (
    Checklist,
    Declaration,
    EmergencyAccount,
    Opening,
    OpenReason,
    Prepared,
    ReviewVerdict,
    StepOutcome,
)
from akashi.identity.emergency.rules import OPENERS
from akashi.identity.journal import Access, Outcome, What
from akashi.identity.model import Session
from akashi.ledger.errors import Refused
from akashi.ledger.model import HANDLE

PREPARE, OPEN, REVIEW, DECLARE = "emergency.prepare", "emergency.open", "emergency.review", "emergency.declare"
_FOLDER = Path(__file__).resolve().parents[4] / "catalogs" / "emergency"
CHECKLIST_VERSION = 1


@dataclass(frozen=True, slots=True)
class Standing:
    """What there is to see: accounts, their openings and declared emergencies, the newest first."""

    accounts: tuple[EmergencyAccount, ...]
    openings: tuple[Opening, ...]
    declarations: tuple[Declaration, ...]


@cache
def checklist(version: int = CHECKLIST_VERSION) -> Checklist:
    """The steps of recovery of one version. Raises :class:`EmergencyUnknown` for a version that does not ship."""
    return read_checklist(checklist_text(version))


def checklist_text(version: int = CHECKLIST_VERSION) -> bytes:
    """The steps as they ship, JSON. Raises :class:`EmergencyUnknown`."""
    path = _FOLDER / f"checklist-{version}.json"
    if not path.is_file():
        raise EmergencyUnknown
    return path.read_bytes()


@contextmanager
def journalled(
    gateway: Gateway, session: Session, what: What, reason: str, subject: str | None = None
) -> Iterator[None]:
    """Record what happens inside, whether it works or not; ``reason`` is the step's code. What the ledger says is the subject's entry."""
    if subject is not None and not HANDLE.fullmatch(subject):
        raise EmergencyUnknown
    try:
        yield
    except AkashiError as error:
        outcome = Outcome.FAILED if isinstance(error, Unavailable) else Outcome.REFUSED
        code = error.reason if isinstance(error, Refused) else error.code
        gateway.journal.record(what, outcome, session=session, subject=subject, reason=code)
        raise
    gateway.journal.record(what, session=session, subject=subject, reason=reason)


def standing(gateway: Gateway, session: Session) -> Standing:
    """Everything of this institution, for whoever may open, review or prepare."""
    _may_look(gateway, session)
    service = gateway.people.emergencies
    found = Standing(tuple(service.accounts()), tuple(service.openings()), tuple(service.declarations()))
    gateway.journal.record(What.LISTED, session=session, count=len(found.openings), reason="emergency.list")
    return found


def prepare(gateway: Gateway, session: Session, login: str, name: str, *, paper: bool = False) -> Prepared:
    """A new sealed account; with ``paper`` its secret is shown this once, to be printed into an envelope."""
    gateway.accounts.require(session, PREPARE)
    with journalled(gateway, session, What.EMERGENCY_PREPARED, "emergency.prepared"):
        return gateway.people.emergencies.prepare(login, name, session, paper=paper)


def rotate(gateway: Gateway, session: Session, account: str, *, paper: bool = False) -> Prepared:
    """A new secret for an account that was used, or whose seal is in doubt."""
    gateway.accounts.require(session, PREPARE)
    with journalled(gateway, session, What.EMERGENCY_PREPARED, "emergency.rotated", account):
        return gateway.people.emergencies.rotate(account, session, paper=paper)


def ask(gateway: Gateway, session: Session, account: str, reason: OpenReason, length_ms: int | None = None) -> str:
    """Ask for an opening; somebody else confirms it within the hour. The opening's handle."""
    gateway.accounts.require(session, OPEN)
    service = gateway.people.emergencies
    with journalled(gateway, session, What.EMERGENCY_OPENED, "emergency.asked", account):
        return service.ask(account, reason, service.policy.open_ms if length_ms is None else length_ms, session)


def confirm(gateway: Gateway, session: Session, opening: str) -> Opening:
    """The second person opens what was asked for."""
    gateway.accounts.require(session, OPEN)
    with journalled(gateway, session, What.EMERGENCY_OPENED, "emergency.confirmed", opening):
        return gateway.people.emergencies.confirm(opening, session)


def open_alone(
    gateway: Gateway, session: Session, account: str, reason: OpenReason, length_ms: int | None = None
) -> Opening:
    """One person opens an account, for a reason of the list."""
    gateway.accounts.require(session, OPEN)
    service = gateway.people.emergencies
    with journalled(gateway, session, What.EMERGENCY_OPENED, "emergency.alone", account):
        return service.open_alone(account, reason, service.policy.open_ms if length_ms is None else length_ms, session)


def take(gateway: Gateway, session: Session, opening: str) -> str:
    """The secret of an open account, to its opener, once."""
    gateway.accounts.require(session, OPEN)
    with journalled(gateway, session, What.EMERGENCY_OPENED, "emergency.taken", opening):
        return gateway.people.emergencies.take(opening, session)


def close(gateway: Gateway, session: Session, opening: str) -> None:
    """Close it: its sessions end, its secret is worth nothing."""
    _may_look(gateway, session)
    with journalled(gateway, session, What.EMERGENCY_CLOSED, "emergency.closed", opening):
        gateway.people.emergencies.close(opening, session)


def touched(gateway: Gateway, session: Session, opening: str) -> list[Access]:
    """Every record that was touched under an opening: what its review goes through."""
    gateway.accounts.require(session, REVIEW)
    with journalled(gateway, session, What.REPORT_READ, "emergency.touched", opening):
        return gateway.people.emergencies.touched(opening)


def flagged(gateway: Gateway, session: Session) -> list[Access]:
    """Every journal entry that an emergency account ever made."""
    gateway.accounts.require(session, REVIEW)
    with journalled(gateway, session, What.REPORT_READ, "emergency.entries"):
        return gateway.people.emergencies.entries()


def review(gateway: Gateway, session: Session, opening: str, verdict: ReviewVerdict, text: str) -> None:
    """Record the review of a closed opening; ``text`` stays sealed here."""
    gateway.accounts.require(session, REVIEW)
    with journalled(gateway, session, What.EMERGENCY_REVIEWED, "emergency.reviewed", opening):
        gateway.people.emergencies.review(opening, verdict, text, session)


def declare(gateway: Gateway, session: Session, cause: OpenReason, length_ms: int | None = None) -> Declaration:
    """Declare an emergency: the sealed accounts open, and the checklist begins."""
    gateway.accounts.require(session, DECLARE)
    service = gateway.people.emergencies
    with journalled(gateway, session, What.EMERGENCY_DECLARED, "emergency.declared"):
        length = service.policy.open_ms if length_ms is None else length_ms
        return service.declare(cause, CHECKLIST_VERSION, length, session)


def tick(gateway: Gateway, session: Session, declaration: str, step: int, outcome: StepOutcome) -> Declaration:
    """Tick a step of the checklist. Raises :class:`EmergencyUnknown` for a step that it does not have."""
    gateway.accounts.require(session, OPEN)
    with journalled(gateway, session, What.EMERGENCY_DECLARED, "emergency.step", declaration):
        service = gateway.people.emergencies
        if not 1 <= step <= len(checklist(service.declaration(declaration).checklist).steps):
            raise EmergencyUnknown
        return service.tick(declaration, step, outcome, session)


def end(gateway: Gateway, session: Session, declaration: str) -> Declaration:
    """End it: what it opened is closed, and must be rotated and reviewed."""
    gateway.accounts.require(session, DECLARE)
    with journalled(gateway, session, What.EMERGENCY_CLOSED, "emergency.ended", declaration):
        return gateway.people.emergencies.end(declaration, session)


def check_seals(gateway: Gateway, session: Session) -> list[str]:
    """The accounts whose seal is broken, looked at now."""
    gateway.accounts.require(session, PREPARE, proof=False)
    with journalled(gateway, session, What.REPORT_READ, "emergency.seals"):
        return gateway.people.emergencies.check_seals()


def _may_look(gateway: Gateway, session: Session) -> None:
    """Whoever may open, review or prepare may look and close; an auditor has the review only."""
    wanted = REVIEW if not session.roles & OPENERS else OPEN
    gateway.accounts.require(session, wanted, proof=False)
