"""A sheet with filters, and one item with everything that is known about it.

Guarantees: what does not apply is hidden only while the reader wants that; headings stay above what they head; looking at a sheet or an
item is journalled, because answers hold names. Refuses: catalogues and items that are not there. Trusts: the session.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import IntEnum
from typing import TypeVar

from fastapi import APIRouter
from starlette.responses import Response

from akashi.app.conformity import desk, views
from akashi.app.conformity.imports import wording_of
from akashi.conformity.model import (
    DAY_MS,
    Answer,
    Audience,
    Basis,
    Catalogue,
    CheckResult,
    Decision,
    Item,
    Measurement,
    Mode,
    Reply,
    Shares,
    Verdict,
)
from akashi.conformity.rules import shares
from akashi.errors import AkashiError
from akashi.web.conformity.overview import address, crumbs, line, seat_of
from akashi.web.conformity.showing import SIGNS, TONES, bar, changes, day_value, parts, verdict
from akashi.web.exchange import words
from akashi.web.rendering import told
from akashi.web.visitors import Here, Visitor, needs

router = APIRouter()
E = TypeVar("E", bound=IntEnum)
ALL, APPLICABLE = "all", "applicable"
_MOST_TEXT = 100


def _member(kind: type[E], word: str) -> E | None:
    return next((one for one in kind if one.name.lower() == word), None)


@router.get("/conformity/sheets/{catalogue}", **needs("conformity.read"))
def sheet(  # the filters of the page
    visitor: Here,
    catalogue: str,
    group: str = "",
    verdict: str = "",
    basis: str = "",
    q: str = "",
    show: str = APPLICABLE,
) -> Response:
    """One sheet, filtered."""
    chosen = views.Filters(
        group[:40], _member(Verdict, verdict), _member(Basis, basis), q[:_MOST_TEXT], applicable=show != ALL
    )
    conformity = visitor.gateway.conformity
    with desk.journalled(visitor.gateway, visitor.session, desk.READ):
        seat = seat_of(visitor)
        results = seat.results()
        book, rows = views.sheet(conformity, catalogue, chosen, results, seat.answers())
    headings = {item.id for item in book.items if item.mode is Mode.GROUP}
    everything = [one for one in results.of(book.id) if one.item not in headings]
    return visitor.page(
        "conformity_sheet.html",
        200,
        crumbs=crumbs(visitor, (address(book.id), book.title.of(visitor.language))),
        book=_book(book, visitor.language),
        **_picture(shares(everything)),
        contradictions=[line(visitor, one) for one in everything if one.contradiction],
        filters={"group": group, "verdict": verdict, "basis": basis, "q": q[:_MOST_TEXT], "show": show},
        filtered=bool(group or chosen.verdict or chosen.basis or chosen.text.strip()),
        groups=[(one.id, one.title.of(visitor.language)) for one in book.groups],
        verdicts=[(one.name.lower(), SIGNS[one]) for one in Verdict],
        bases=words(Basis),
        sections=_sections(visitor, book, rows),
        shown=sum(1 for row in rows if row.item.mode is not Mode.GROUP),
        hidden=sum(1 for one in everything if one.verdict is Verdict.NOT_APPLICABLE) if chosen.applicable else 0,
        carriable=_carriable(everything) and visitor.may(desk.ANSWER) and len(expired_answers(visitor, book.id)),
    )


def _picture(found: Shares) -> dict[str, object]:
    return {"bar": bar(found), "parts": parts(found), "total": found.total}


def _book(book: Catalogue, language: str) -> dict[str, object]:
    return {
        "id": book.id,
        "title": book.title.of(language),
        "document": f"{book.publisher} {book.document}".strip(),
        "edition": book.edition,
        "status": book.status,
    }


def _carriable(decisions: Sequence[Decision]) -> bool:
    """Whether an answer may have run out; asked first, because reading all answers takes longer than the whole page."""
    return any(one.reason == "item.expired" for one in decisions)


def expired_answers(visitor: Visitor, catalogue: str) -> list[tuple[str, str]]:
    """The items whose answer has run out."""
    conformity = visitor.gateway.conformity
    days = {item.id: item.valid_days for item in conformity.books.shelf.catalogue(catalogue).items}
    now = conformity.now_ms()
    return [
        (one.catalogue, one.item)
        for one in conformity.answers.all()
        if one.catalogue == catalogue and one.answered_ms + days.get(one.item, 0) * DAY_MS <= now
    ]


def _sections(visitor: Visitor, book: Catalogue, rows: Sequence[views.SheetRow]) -> list[dict[str, object]]:
    """The rows under their groups, in the order of the sheet."""
    titles = {one.id: one.title.of(visitor.language) for one in book.groups}
    made: list[dict[str, object]] = []
    now = visitor.gateway.clock.now_ms()
    lines: list[dict[str, object]] = []
    for row in rows:
        if not made or made[-1]["id"] != row.item.group:
            lines = []
            made.append({"id": row.item.group, "title": titles[row.item.group], "rows": lines})
        lines.append(_row(visitor, book, row, now))
    return made


def _row(visitor: Visitor, book: Catalogue, row: views.SheetRow, now_ms: int) -> dict[str, object]:
    return {
        "id": row.item.id,
        "href": address(book.id, row.item.id),
        "heading": row.item.mode is Mode.GROUP,
        "text": row.item.text.of(visitor.language),
        "reply": row.answer.reply.name.lower() if row.answer else "",
        "mode": row.item.mode.value,
        **verdict(row.decision, now_ms),
    }


@router.get("/conformity/sheets/{catalogue}/{item}", **needs("conformity.read"))
def item(visitor: Here, catalogue: str, item: str) -> Response:
    """One item with its verdict, checks, answers, evidence and neighbours."""
    return item_page(visitor, catalogue, item)


def item_page(
    visitor: Visitor,
    catalogue: str,
    name: str,
    error: AkashiError | None = None,
    typed: Mapping[str, str] | None = None,
) -> Response:
    """The page of an item; after a refusal with what was typed. Raises ``CatalogueUnknown``, ``ItemUnknown``."""
    conformity, language = visitor.gateway.conformity, visitor.language
    with desk.journalled(visitor.gateway, visitor.session, desk.READ):
        seen = views.item_view(conformity, catalogue, name, seat_of(visitor).results())
    form = dict(typed) if typed is not None else _filled(seen.answer)
    now = visitor.gateway.clock.now_ms()
    leaves = [one.id for one in seen.catalogue.items if one.mode is not Mode.GROUP]
    at = leaves.index(name) if name in leaves else -1
    return visitor.page(
        "conformity_item.html",
        200 if error is None else error.http_status,
        error=None if error is None else told(error, language),
        crumbs=crumbs(
            visitor,
            (address(seen.catalogue.id), seen.catalogue.title.of(language)),
            (address(seen.catalogue.id, name), name),
        ),
        book=_book(seen.catalogue, language),
        item=_item(seen.item, language),
        group=seen.group.of(language),
        why=seen.decision.why.of(language),
        **verdict(seen.decision, now),
        tones={one.name.lower(): TONES[one] for one in Verdict},
        checks=[_check(visitor, one, seen.measurements) for one in seen.decision.checks],
        thresholds=[(key, _value(one.value), one.where, one.note) for key, one in seen.thresholds.items()],
        form=form,
        replies=words(Reply),
        audiences=words(Audience),
        evidence=seen.evidence,
        more_evidence=_others(visitor, seen),
        history=changes(seen.history),
        answer=seen.answer,
        wording=_wording(visitor, catalogue, name),
        report_at=f"/conformity/report/{address(catalogue, name).removeprefix('/conformity/sheets/')}",
        neighbours=[
            _neighbour(visitor, far, relation.value, reason, verdict(one, now))
            for far, relation, reason, one in seen.neighbours
        ],
        post_to=f"/conformity/answers/{address(catalogue, name).removeprefix('/conformity/sheets/')}",
        before=address(catalogue, leaves[at - 1]) if at > 0 else "",
        after=address(catalogue, leaves[at + 1]) if 0 <= at < len(leaves) - 1 else "",
    )


def _item(one: Item, language: str) -> dict[str, object]:
    return {
        "id": one.id,
        "clause": one.clause,
        "text": one.text.of(language),
        "plain": one.plain,
        "mode": one.mode.value,
        "evidence": one.evidence,
        "report": one.report,
        "place": one.place,
        "valid_days": one.valid_days,
        "heading": one.mode is Mode.GROUP,
    }


def _wording(visitor: Visitor, catalogue: str, item: str) -> dict[str, str] | None:
    """The official sentence, where this institution has attached it."""
    found = wording_of(visitor.gateway.conformity, catalogue)
    text = found.texts.get(item) if found is not None else None
    return None if found is None or text is None else {"text": text, "digest": found.digest.hex()}


def _filled(answer: Answer | None) -> dict[str, str]:
    """The form as it stands before anybody types."""
    if answer is None:
        return {"reply": "", "text": "", "owner": "", "due": "", "audience": Audience.ASSESSOR.name.lower()}
    return {
        "reply": answer.reply.name.lower(),
        "text": answer.text,
        "owner": answer.owner,
        "due": day_value(answer.due_ms),
        "audience": answer.audience.name.lower(),
    }


def _others(visitor: Visitor, seen: views.ItemView) -> list[tuple[str, str]]:
    """Evidence files of other items that this answer could name too."""
    here = {one.handle for one in seen.evidence}
    return [(one.handle, one.name) for one in visitor.gateway.conformity.answers.evidence() if one.handle not in here]


def _check(visitor: Visitor, one: CheckResult, measurements: Sequence[Measurement]) -> dict[str, object]:
    judge = visitor.gateway.conformity.judges.find(one.check, one.judge_version)
    probe = judge.probe if judge is not None else ""
    return {
        "check": one.check,
        "version": one.judge_version,
        "tone": TONES[one.opinion.verdict],
        "sign": SIGNS[one.opinion.verdict],
        "verdict": one.opinion.verdict.name.lower(),
        "why": one.opinion.why.of(visitor.language),
        "measurements": [_measured(each) for each in measurements if each.probe == probe],
    }


def _measured(one: Measurement) -> dict[str, object]:
    return {
        "probe": f"{one.probe} v{one.version}",
        "target": one.target,
        "vantage": one.vantage,
        "tool": one.tool or "－",
        "started_ms": one.started_ms,
        "ended_ms": one.ended_ms,
        "reach": one.reach.name.lower(),
        "note": one.note,
        "facts": [(key, _value(value)) for key, value in sorted(one.facts.items())],
        "digest": one.raw_digest.hex(),
        "size": len(one.raw),
    }


def _value(value: object) -> str:
    return "、".join(str(one) for one in value) if isinstance(value, tuple) else str(value)


def _neighbour(visitor: Visitor, far: str, relation: str, reason: str, shown: dict[str, object]) -> dict[str, object]:
    catalogue, _, name = far.partition("/")
    shelf = visitor.gateway.conformity.books.shelf
    return {
        "href": address(catalogue, name),
        "sheet": shelf.catalogue(catalogue).title.of(visitor.language),
        "item": name,
        "text": shelf.item(catalogue, name).text.of(visitor.language),
        "relation": relation,
        "reason": reason,
        **shown,
    }
