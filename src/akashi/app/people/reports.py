"""Reports of who read what, and their reviews.

Guarantees: reading a report needs ``access.read`` and is itself in the journal; a review is an operation over the journal's head, approved
by the reviewer's own key where they have one, so that it cannot be changed later unseen. The journal is verified before it is reported.
"""

from __future__ import annotations

from dataclasses import dataclass

from akashi.app.desk.transfers import recorded
from akashi.app.gateway.home import Gateway
from akashi.errors import InputError
from akashi.identity.journal import What
from akashi.identity.lifecycle.model import AccessVerdict
from akashi.identity.lifecycle.reporting import AccessReport, Screening, report
from akashi.identity.lifecycle.review_events import AccessReviewed
from akashi.identity.model import Session
from akashi.ledger.author import prepared
from akashi.ledger.events import load_body
from akashi.ledger.port import Acknowledged
from akashi.ledger.wire.envelope import parse_operation
from akashi.ledger.wire.leaf import parse_leaf


class PeriodUnusable(InputError):
    """A period that is not over, or has no length."""

    code = "app.report_period"
    ja, en = "期間が正しくありません。", "The period is not valid."
    hint_ja, hint_en = "終わった期間を指定してください。", "Name a period that is over."


@dataclass(frozen=True, slots=True)
class AccessReview:
    """A review as it stands on the ledger."""

    from_ms: int
    to_ms: int
    head: bytes
    findings: int
    verdict: AccessVerdict
    by: str
    at_ms: int
    approved: bool
    """Whether the reviewer signed it with a key of their own."""


def shown(gateway: Gateway, session: Session, from_ms: int, to_ms: int) -> AccessReport:
    """The report of a period; that it was read is recorded before it is handed out. Raises ``JournalDamaged``."""
    gateway.accounts.require(session, "access.read")
    found = _report(gateway, from_ms, to_ms)
    gateway.journal.record(What.REPORT_READ, session=session, count=len(found.marks))
    return found


def reviewed(gateway: Gateway, session: Session, from_ms: int, to_ms: int, verdict: AccessVerdict) -> Acknowledged:
    """Say on the ledger that one has looked at a period that is over, and what one came to."""
    gateway.accounts.require(session, "access.review")
    with recorded(gateway, session, What.REVIEWED):
        # Being asked for a signature is an entry too: the head and the count that were shown are the ones that are signed.
        head, marks = prepared(session.approving, "report", lambda: _summed(gateway, from_ms, to_ms))
        if to_ms > gateway.clock.now_ms():
            raise PeriodUnusable
        body = AccessReviewed(from_ms, to_ms, head, marks, verdict)
        done = gateway.people.lifecycle.say(body, gateway.institution, session)
    gateway.journal.record(What.REVIEWED, session=session, count=marks, purpose=int(verdict), reason="access")
    return done


def reviews(gateway: Gateway, session: Session) -> list[AccessReview]:
    """All reviews of access of this institution, newest first, as the ledger has them."""
    gateway.accounts.require(session, "access.read", proof=False)
    found = []
    for entry in gateway.ledger.entries(gateway.institution):
        leaf = parse_leaf(entry.leaf)
        operation = parse_operation(leaf.envelope)
        if operation.statement.kind != "access.reviewed" or leaf.result != 0:
            continue
        body = load_body(AccessReviewed, operation.statement.body)
        who, approved = operation.statement.actor.person or "", bool(operation.approvals)
        tail = (who, leaf.block_ms, approved)
        found.append(AccessReview(body.from_ms, body.to_ms, body.head, body.findings, body.verdict, *tail))
    gateway.journal.record(What.REPORT_READ, session=session, count=len(found))
    return sorted(found, key=lambda one: -one.at_ms)


def _summed(gateway: Gateway, from_ms: int, to_ms: int) -> tuple[bytes, int]:
    found, head = _report(gateway, from_ms, to_ms), gateway.journal.head()
    if head is None:
        raise PeriodUnusable
    return head.digest, len(found.marks)


def _report(gateway: Gateway, from_ms: int, to_ms: int) -> AccessReport:
    if not 0 <= from_ms < to_ms:
        raise PeriodUnusable
    gateway.journal.verify()
    settings = gateway.settings
    screening = Screening(settings.usual_from_hour, settings.usual_to_hour, settings.many_subjects)
    return report(gateway.journal.entries(), gateway.journal.stays(), from_ms, to_ms, screening)
