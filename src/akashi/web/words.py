"""The page of words that no thesaurus understood: how often they came, what somebody says they mean.

Guarantees: words are on this session's screen only, never in an address; a refused decision shows the page again with what was entered.
Refuses: findings that no thesaurus has (the desk). Trusts: the desk for permission and journal.
"""

from __future__ import annotations

from collections.abc import Sequence

from fastapi import APIRouter
from starlette.responses import Response

from akashi.app.mapmaking import words
from akashi.app.mapmaking.queue import QueuedWord
from akashi.errors import AkashiError
from akashi.web.forms import Form, FormInvalid
from akashi.web.rendering import told
from akashi.web.visitors import Here, OwnForm, Visitor, needs, to

router = APIRouter()
_PAGE = 50
_NOTICES = {words.Verdict.FINDING: "word_learnt", words.Verdict.KEEP: "word_kept", words.Verdict.BACK: "word_back"}


@router.get("/words", **needs("checkup.convert"))
def show(visitor: Here, page: str = "1") -> Response:
    """The queue and what was decided."""
    return _show(visitor, int(page) if page.isascii() and page.isdigit() and len(page) < 5 else 1)


def _show(visitor: Visitor, page: int, error: AkashiError | None = None, form: Form | None = None) -> Response:
    gateway, session = visitor.gateway, visitor.session
    found, choices = words.queued(gateway, session), words.findings(gateway, session)
    last = max(1, -(-len(found.waiting) // _PAGE))
    page = min(max(page, 1), last)
    waiting = found.waiting[(page - 1) * _PAGE : page * _PAGE]
    return visitor.page(
        "words.html",
        200 if error is None else error.http_status,
        error=None if error is None else told(error, visitor.language),
        waiting=_rows(waiting),
        total=len(found.waiting),
        kept=_rows(found.kept),
        learnt=_rows(found.learnt),
        people={one.person: one.name for one in gateway.accounts.accounts()},
        choices={one.modality: choices.get(one.modality, ()) for one in waiting},
        entered={name: "" if form is None else form.get(name) for name in ("word", "finding", "part")},
        place={"page": page, "last": last},
    )


def _rows(found: Sequence[QueuedWord]) -> list[dict[str, object]]:
    return [words.word_row(one) for one in found]


@router.post("/words", **needs("maps.manage"))
def decide(visitor: Here, form: OwnForm) -> Response:
    """A decision about one word."""
    try:
        verdict = words.Verdict(form.get("decision"))
    except ValueError as error:
        raise FormInvalid from error
    page = form.get("page")
    try:
        words.decide(
            visitor.gateway, visitor.session, form.get("word"), verdict, form.get("finding").strip(), form.get("part")
        )
    except AkashiError as error:
        return _show(visitor, int(page) if page.isascii() and page.isdigit() and len(page) < 5 else 1, error, form)
    return to("/words", notice=_NOTICES[verdict], page=page if page.isascii() and page.isdigit() else "1")
