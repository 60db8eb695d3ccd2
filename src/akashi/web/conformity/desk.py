"""The desk: what waits, requests, boundaries, reports, production, assessments, certificates; each list leads to its page.

Guarantees: what is offered is what the flow's own rules allow this person now; what was said and not acknowledged is said again first.
Refuses: handles that are none. Trusts: ``app.conformity.flows`` for permission and journal.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from enum import IntEnum

from fastapi import APIRouter
from starlette.responses import Response

from akashi.app.conformity import desk
from akashi.app.conformity.flows import opened_flow, stepping
from akashi.app.people.rights import present
from akashi.conformity.errors import RecordUnknown
from akashi.conformity.flow.model import (
    ApplicantKind,
    Assessment,
    BoundaryStatus,
    Certificate,
    Hand,
    Phase,
    Production,
    Request,
    RequestStatus,
    Wanted,
)
from akashi.conformity.flow.rules import is_overdue
from akashi.conformity.flow.service import Flow, InboxEntry
from akashi.conformity.flow.speaking import Spoken
from akashi.conformity.model import DAY_MS, Verdict
from akashi.errors import AkashiError
from akashi.identity.events import institution
from akashi.identity.model import InstitutionRole
from akashi.ledger.model import HANDLE
from akashi.web.conformity.overview import crumbs, seat_of
from akashi.web.conformity.showing import Typed
from akashi.web.exchange import words
from akashi.web.forms import Form
from akashi.web.rendering import texts, told
from akashi.web.visitors import Here, Visitor, needs

router = APIRouter()
HOME = "/conformity/desk"
_TONES: Mapping[IntEnum, str] = {
    RequestStatus.OPEN: "warn",
    RequestStatus.ANSWERED: "good",
    RequestStatus.CLOSED: "",
    BoundaryStatus.PROPOSED: "warn",
    BoundaryStatus.AGREED: "good",
    BoundaryStatus.ENDED: "",
    Phase.PUBLISHED: "good",
    Phase.REJECTED: "stop",
    Phase.WITHDRAWN: "stop",
}
_PAGES = {"req": "requests", "bnd": "boundaries", "asm": "assessments", "rep": "reports", "prd": "productions"}
_MAX_NAME = 200


@contextmanager
def at_desk(visitor: Visitor, action: str, subject: str | None = None) -> Iterator[Flow]:
    """The flow for one permitted and journalled step. Raises ``PermissionDenied`` and what the step raises."""
    with opened_flow(visitor.gateway) as flow, stepping(visitor.gateway, flow, visitor.session, action, subject):
        yield flow


def known(name: str) -> str:
    """A handle of an address. Raises ``RecordUnknown`` for anything else: the journal takes handles only."""
    if not HANDLE.fullmatch(name):
        raise RecordUnknown(name="record")
    return name


def hand(visitor: Visitor) -> Hand:
    """Who would act."""
    return Hand(visitor.session.institution, visitor.session.person, int(visitor.session.roles))


def spoken(form: Form, field: str = "text") -> Spoken:
    """What a form says: its text, and its file under a plain name."""
    files: tuple[tuple[str, bytes], ...] = ()
    if form.data and form.file_name:
        name = "".join(c for c in form.file_name.replace("\\", "/").rsplit("/", 1)[-1] if c.isprintable())[:_MAX_NAME]
        files = ((name, form.data),)
    return Spoken(form.get(field).strip(), files)


def tone(state: IntEnum) -> str:
    """The colour of a state."""
    return _TONES.get(state, "warn")


def place(name: str) -> str:
    """The page of something by its handle; the desk itself for what has none."""
    page = _PAGES.get(name.partition("-")[0])
    return f"{HOME}/{page}/{name}" if page else HOME


def others(visitor: Visitor, role: InstitutionRole | None = None) -> list[tuple[str, str]]:
    """Other institutions by handle and name; with a role, only those that have it on the ledger."""
    names, found = visitor.gateway.names(), []
    with visitor.gateway.ledger.view() as state:
        for entry in visitor.gateway.directory.entries():
            record = institution(state, entry.handle) if entry.handle != visitor.gateway.institution else None
            if record is not None and record.enabled and (role is None or record.roles & role):
                found.append((entry.handle, names.get(entry.handle, entry.handle)))
    return sorted(found, key=lambda one: one[1])


def colleagues(visitor: Visitor) -> list[tuple[str, str]]:
    """The other people of this institution who have not left, by handle and name."""
    return [one for one in present(visitor.gateway) if one[0] != visitor.session.person]


def nth(files: Sequence[tuple[str, bytes]], number: int, stem: str) -> Response:
    """One of several opened files, under an ASCII name of ours (RFC 6266). Raises ``RecordUnknown``."""
    if not 0 <= number < len(files):
        raise RecordUnknown(name=stem)
    name, data = files[number]
    ending = name.rsplit(".", 1)[-1] if "." in name else ""
    kept = ending if ending.isascii() and ending.isalnum() and len(ending) <= 10 else "bin"
    headers = {"Content-Disposition": f'attachment; filename="{stem}-{number}.{kept}"'}
    return Response(data, media_type="application/octet-stream", headers=headers)


@router.get("/conformity/desk", **needs("conformity.read"))
def home(visitor: Here) -> Response:
    """What waits, and everything that is under way."""
    return desk_page(visitor)


def desk_page(
    visitor: Visitor, error: AkashiError | None = None, typed: Mapping[str, str] | None = None, at: str = ""
) -> Response:
    """The desk; after a refusal with what was typed into the form ``at``."""
    gateway, names = visitor.gateway, visitor.gateway.names()
    now = gateway.clock.now_ms()
    with at_desk(visitor, desk.READ) as flow:
        lists = {
            "inbox": [_waiting(one) for one in flow.inbox()],
            "requests": [_request(one, visitor, names, now) for one in flow.requests()],
            "boundaries": [
                {
                    "href": place(one.handle),
                    "handle": one.handle,
                    "other": _name(names, one.other if one.proposer == gateway.institution else one.proposer),
                    "state": one.status.name.lower(),
                    "tone": tone(one.status),
                    "at_ms": one.proposed_ms,
                }
                for one in flow.boundaries()
            ],
            "assessments": [assessment_row(one, names) for one in flow.assessments()],
            "productions": [_production(one) for one in flow.productions()],
            "certificates": [_certificate(name, one, now) for name, one in sorted(flow.certificates().items())],
            "reports": [
                {
                    "href": place(one.record.handle),
                    "handle": one.record.handle,
                    "item": f"{one.catalogue} {one.item}",
                    "at_ms": one.record.made_ms,
                    "received_ms": one.record.received_ms,
                }
                for one in flow.reports()
            ],
            "missing": _missing(visitor, flow),
        }
    return visitor.page(
        "conformity_desk.html",
        200 if error is None else error.http_status,
        error=None if error is None else told(error, visitor.language),
        crumbs=crumbs(visitor, (HOME, texts(visitor.language)("cf.desk"))),
        lists=lists,
        form=Typed(typed or {}),
        at=at,
        institutions=others(visitor),
        assessors=others(visitor, InstitutionRole.ASSESSOR),
        wanted=words(Wanted),
        applicants=words(ApplicantKind),
        books=[(one.id, one.title.of(visitor.language)) for one in gateway.conformity.books.shelf.catalogues],
    )


def _name(names: Mapping[str, str], handle: str) -> str:
    return names.get(handle, handle)


def _waiting(one: InboxEntry) -> dict[str, object]:
    return {
        "what": one.what.value,
        "handle": one.handle,
        "href": place(one.handle),
        "due_ms": one.due_ms or None,
        "late": one.late,
    }


def _request(one: Request, visitor: Visitor, names: Mapping[str, str], now_ms: int) -> dict[str, object]:
    ours = one.requester == visitor.gateway.institution
    return {
        "href": place(one.handle),
        "handle": one.handle,
        "ours": ours,
        "other": _name(names, one.vendor if ours else one.requester),
        "what": one.what.name.lower(),
        "state": one.status.name.lower(),
        "tone": tone(one.status),
        "due_ms": one.due_ms,
        "late": is_overdue(one, now_ms),
    }


def assessment_row(one: Assessment, names: Mapping[str, str]) -> dict[str, object]:
    """An assessment in a list, and at the head of its page."""
    return {
        "href": place(one.handle),
        "handle": one.handle,
        "applicant": _name(names, one.applicant),
        "assessor": _name(names, one.assessor),
        "kind": one.kind.name.lower(),
        "state": one.phase.name.lower(),
        "tone": tone(one.phase),
        "applied_ms": one.applied_ms,
        "open_questions": one.open_questions,
        "finding": one.finding.name.lower() if one.finding else "",
        "valid_until_ms": one.valid_until_ms,
    }


def _production(one: Production) -> dict[str, object]:
    return {
        "href": place(one.handle),
        "handle": one.handle,
        "run": one.run,
        "open": one.counts[Verdict.UNDECIDED - 1],
        "fails": one.counts[Verdict.FAILS - 1],
        "flagged_ms": one.flagged_ms,
        "started_ms": one.started_ms,
        "risk_until_ms": one.risk_until_ms or None,
    }


def _certificate(name: str, one: Certificate, now_ms: int) -> dict[str, object]:
    return {
        "name": name,
        "number": one.number,
        "scope": one.scope,
        "issuer": one.issuer,
        "expires_ms": one.expires_ms,
        "over": one.expires_ms <= now_ms,
        "soon": now_ms < one.expires_ms <= now_ms + 60 * DAY_MS,
    }


def _missing(visitor: Visitor, flow: Flow) -> list[tuple[str, str, str]]:
    """(catalogue, item, text) of what asks for a report that nobody made and received; superseded editions ask no more."""
    conformity = visitor.gateway.conformity
    results = seat_of(visitor).results()
    return [
        (book.id, item.id, item.text.of(visitor.language))
        for book in conformity.books.shelf.catalogues
        if book.status != "superseded"
        for item in flow.missing_reports(book, results.of(book.id))
    ]
