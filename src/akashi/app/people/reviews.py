"""Periodic reviews of accounts (棚卸): open, look, decide, close, remind, take out.

Guarantees: each function asks for its permission and journals; a disabled person is out at their next request; an overdue review is an
alert until it is done. Refuses what ``identity.lifecycle`` refuses: deciding on oneself, closing with open findings.
"""

from __future__ import annotations

import csv
import io
import json
from dataclasses import dataclass, field

from akashi.app.desk.transfers import Download, recorded
from akashi.app.gateway.home import Gateway
from akashi.app.people.handles import named
from akashi.identity.journal import What
from akashi.identity.lifecycle.model import Decision, Finding, Found, Review
from akashi.identity.model import Role, Session
from akashi.identity.presence.model import AlertKind


@dataclass(frozen=True, slots=True)
class Line:
    """One finding with whom it is about and what was decided."""

    found: Found
    decision: Decision | None
    by: str
    login: str = field(default="", repr=False)
    note: str = field(default="", repr=False)


def listed(gateway: Gateway, session: Session) -> list[Review]:
    """All reviews, newest first."""
    gateway.accounts.require(session, "person.review", proof=False)
    found = gateway.people.reviews.reviews()
    gateway.journal.record(What.LISTED, session=session, count=len(found))
    return found


def opened(gateway: Gateway, session: Session) -> Review:
    """Compute what there is to decide; its digest is on the ledger before anybody sees it."""
    gateway.accounts.require(session, "person.review")
    with recorded(gateway, session, What.REVIEWED):
        made = gateway.people.reviews.open(session, gateway.settings.dormant_days)
    gateway.journal.record(What.REVIEWED, session=session, subject=made.handle, count=made.count, reason="opened")
    return made


def lines(gateway: Gateway, session: Session, review: str) -> list[Line]:
    """The findings of a review."""
    gateway.accounts.require(session, "person.review", subject=named(review), proof=False)
    found = gateway.people.reviews.findings(review)
    gateway.journal.record(What.READ, session=session, subject=review, count=len(found))
    logins = {one.person: one.login for one in gateway.accounts.accounts()}
    return [Line(one, how, by, logins.get(one.subject, ""), note) for one, how, by, note in found]


def decided(
    gateway: Gateway,
    session: Session,
    review: str,
    subject: str,
    finding: Finding,
    decision: Decision,
    *,
    roles: Role | None = None,
    note: str = "",
) -> None:
    """Decide on one finding; ``roles``: what is left after reducing. Reducing and disabling are in force at once."""
    gateway.accounts.require(session, "person.review", subject=named(review))
    with recorded(gateway, session, What.REVIEWED, named(subject)):
        gateway.people.reviews.decide(session, review, (subject, finding), decision, roles, note)
    gateway.journal.record(What.REVIEWED, session=session, subject=subject, purpose=int(decision), reason="decided")


def closed(gateway: Gateway, session: Session, review: str) -> Review:
    """End the review. Raises ``ReviewOpen``."""
    gateway.accounts.require(session, "person.review", subject=named(review))
    with recorded(gateway, session, What.REVIEWED, review):
        done = gateway.people.reviews.close(session, review)
    gateway.journal.record(What.REVIEWED, session=session, subject=review, reason="closed")
    return done


def due_ms(gateway: Gateway) -> int:
    """When the next review is due."""
    return gateway.people.reviews.due_ms(gateway.settings.review_every_days)


def remind(gateway: Gateway) -> bool:
    """Alert if the review is overdue; run it daily. Whether it was."""
    if gateway.clock.now_ms() < due_ms(gateway):
        return False
    gateway.people.alerts.raise_(AlertKind.REVIEW_OVERDUE, gateway.institution)
    return True


def taken_out(gateway: Gateway, session: Session, review: str, *, as_json: bool = False) -> Download:
    """The findings and decisions as CSV (UTF-8 with a byte order mark, for spreadsheets) or JSON."""
    rows = [
        {
            "subject": one.found.subject,
            "login": one.login,
            "finding": one.found.finding.name.lower(),
            "detail": one.found.detail,
            "decision": "" if one.decision is None else one.decision.name.lower(),
            "by": one.by,
            "note": one.note,
        }
        for one in lines(gateway, session, review)
    ]
    gateway.journal.record(What.EXPORTED, session=session, subject=review, count=len(rows))
    if as_json:
        data = json.dumps(rows, ensure_ascii=False, indent=1).encode()
        return Download(f"{review}.json", "application/json", iter([data]))
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    names = ("subject", "login", "finding", "detail", "decision", "by", "note")
    writer.writerow(names)
    writer.writerows([_plain(row[name]) for name in names] for row in rows)
    return Download(f"{review}.csv", "text/csv; charset=utf-8", iter([b"\xef\xbb\xbf" + out.getvalue().encode()]))


def _plain(value: object) -> object:
    """A note must not become a formula in a spreadsheet."""
    return f"'{value}" if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r") else value
