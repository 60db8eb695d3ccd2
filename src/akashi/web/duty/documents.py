"""Judge a signed PDF on the spot. Signing is the command line's (``akashi document sign``): the key stays with its holder.

Guarantees: the file stays in this gateway's memory; the report says what is doubtful first, and claims no legal effect.
"""

from __future__ import annotations

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from akashi.app.duty.documents import judged
from akashi.errors import AkashiError
from akashi.signatures.saying import document_said
from akashi.web.duty.fields import error_values, people_of
from akashi.web.forms import Form, FormInvalid
from akashi.web.visitors import Here, OwnForm, Visitor, needs

router = APIRouter()


@router.get("/documents", **needs("ledger.read"))
def ask(visitor: Here) -> Response:
    """The form for a PDF."""
    return _page(visitor)


@router.post("/documents", **needs("ledger.read"))
async def judge(visitor: Here, form: OwnForm) -> Response:
    """The report over a file."""
    return await run_in_threadpool(_judged, visitor, form)


def _judged(visitor: Visitor, form: Form) -> Response:
    if not form.data:
        raise FormInvalid
    try:
        found = judged(visitor.gateway, visitor.session, form.data)
    except AkashiError as error:
        return _page(visitor, error)
    seen = found.seen
    tone = "" if not seen.signatures else "good" if seen.valid else "stop"
    return _page(
        visitor, report={"tone": tone, "lines": document_said(seen, visitor.language), "records": found.records}
    )


def _page(visitor: Visitor, error: AkashiError | None = None, report: dict[str, object] | None = None) -> Response:
    status, said = error_values(visitor, error)
    names = visitor.gateway.names()
    return visitor.page("documents.html", status, error=said, report=report, people=people_of(visitor), names=names)
