"""One column of a draft: why it was proposed so, other proposals, another item by search, role, factor, table, condition.

Guarantees: what a person chooses is kept as their decision at once; a unit is the item's own and cannot be chosen, a factor only on purpose.
Refuses: items, kinds and tables that there are not (the desk), numbers that are none. Trusts: the desk for permission and journal.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from fastapi import APIRouter
from starlette.responses import Response

from akashi.app.checkup import mapdesk
from akashi.app.mapmaking import trial
from akashi.checkup.approval.model import MapDraft
from akashi.checkup.cells.fold import key
from akashi.checkup.cells.kinds import KINDS
from akashi.checkup.formats.maps import FIELD_TARGETS
from akashi.checkup.mapping.evidence import kind_of
from akashi.checkup.mapping.model import Choice, ColumnDraft, Decision, Placing, Proposal
from akashi.checkup.model import Role
from akashi.errors import AkashiError
from akashi.web.forms import Form, FormInvalid
from akashi.web.maps.columns import DECISIONS, decide_column, view_of
from akashi.web.maps.showing import View, choice_of, column_row, proposal_words, reason_words, search, thing
from akashi.web.rendering import told
from akashi.web.visitors import Here, OwnForm, Visitor, needs, to

router = APIRouter()
_WORDED = frozenset({"code", "judgement", "graded", "hearing"})
_LINE = re.compile(r"\s*(.+?)\s*[=＝→]\s*(.*?)\s*")
_NO_WORD = re.compile(r"[=＝→\r\n]")
_FACTOR = re.compile(r"[0-9]{1,6}(\.[0-9]{1,6})?", re.ASCII)
_PARTS = re.compile(r"[、,，\s]+")


@router.get("/maps/drafts/{draft}/columns/{column:int}", **needs("maps.read"))
def show(
    visitor: Here, draft: str, column: int, q: str = "", show: str = "", by: str = "", page: str = "1"
) -> Response:
    """One column."""
    return _show(visitor, draft, column, View.read(show, by, page), q[:60])


def _find(visitor: Visitor, draft: str, column: int) -> tuple[MapDraft, ColumnDraft]:
    found = mapdesk.show(visitor.gateway, visitor.session, draft)
    columns = found.columns.columns if found.columns else ()
    if not 1 <= column <= len(columns):
        raise FormInvalid
    return found, columns[column - 1]


def _show(
    visitor: Visitor, draft: str, column: int, view: View, query: str = "", error: AkashiError | None = None
) -> Response:
    gateway, language = visitor.gateway, visitor.language
    found, one = _find(visitor, draft, column)
    items, width = gateway.maps.items(), len(found.columns.columns) if found.columns else 0
    proposal = choice_of(found, one).proposal or one.proposal
    words = _words(visitor, found, one, proposal)
    alternatives = [
        {
            "words": proposal_words(other, items, language),
            "confidence": other.confidence,
            "reasons": [reason_words(reason, language) for reason in other.reasons],
        }
        for other in one.alternatives
    ]
    return visitor.page(
        "maps_column.html",
        200 if error is None else error.http_status,
        error=None if error is None else told(error, language),
        draft={"handle": found.handle, "closed": found.closed},
        row=column_row(found, one, items, language),
        shape={
            "kind": one.shape.kind,
            "rows": one.shape.rows,
            "filled": one.shape.filled,
            "distinct": one.shape.distinct,
        },
        drafted=proposal_words(one.proposal, items, language),
        alternatives=alternatives,
        chosen=_chosen(visitor, proposal),
        words=words,
        table=_table(found, proposal, gateway.maps.items().labels(proposal.target), [word for word, _count in words]),
        query=query,
        hits=search(query, items, language),
        decisions=[decision.value for decision in DECISIONS],
        roles=[role.value for role in Role],
        kinds=sorted(KINDS),
        tables=sorted({*found.tables, *(found.columns.tables if found.columns else ())}),
        before=column - 1,
        after=column + 1 if column < width else 0,
        view={"show": view.show, "by": view.by, "page": view.page},
        tail=view.query(),
    )


def _chosen(visitor: Visitor, one: Proposal) -> dict[str, object]:
    """The proposal that holds now, for the form of details."""
    return {
        "target": one.target if one.placing is Placing.MAP else "",
        "name": thing(one.target, visitor.gateway.maps.items(), visitor.language) if one.target else "",
        "is_field": one.target in FIELD_TARGETS,
        "role": one.role.value,
        "occurrence": one.occurrence,
        "kind": one.kind,
        "unit": one.unit,
        "factor": one.factor,
        "digits": one.digits,
        "table": one.table,
        "when_column": one.when_column,
        "when_words": "、".join(one.when_words),
    }


def _words(visitor: Visitor, found: MapDraft, one: ColumnDraft, proposal: Proposal) -> tuple[tuple[str, int], ...]:
    """The column's words with counts, where it holds words and this session still holds the file."""
    held = visitor.gateway.map_files.look(visitor.session.id, found.handle)
    if held is None or proposal.kind not in _WORDED or not visitor.may(mapdesk.DRAFT):
        return ()
    return trial.words_of(visitor.gateway, visitor.session, found, held.data, one.column)


def _table(found: MapDraft, proposal: Proposal, labels: object, seen: Sequence[str]) -> dict[str, object]:
    """The lookup table in use, then the file's words without a meaning yet, and what the codes mean."""
    drafted = found.columns.tables if found.columns else {}
    words = found.tables.get(proposal.table) or drafted.get(proposal.table) or {}
    known = {key(word) for word in words}
    asked = [word for word in seen if key(word) not in known and not _NO_WORD.search(word)]
    return {
        "name": proposal.table,
        "lines": "\n".join([*(f"{word} = {code}" for word, code in words.items()), *(f"{word} = " for word in asked)]),
        "labels": labels,
        "editable": proposal.kind in ("code", "judgement"),
    }


@router.post("/maps/drafts/{draft}/columns/{column:int}", **needs("checkup.convert"))
def choose(visitor: Here, draft: str, column: int, form: OwnForm) -> Response:
    """A decision about the column, with a proposal of the person's own where one is named."""
    view = view_of(form)
    try:
        _choose(visitor, draft, column, form)
    except mapdesk.ProposalWrong as error:
        return _show(visitor, draft, column, view, "", error)
    return to(f"/maps/drafts/{draft}/columns/{column}", notice="map_saved", **_query(view))


def _query(view: View) -> dict[str, str]:
    return {"show": view.show, "by": view.by, "page": str(view.page)}


def _choose(visitor: Visitor, draft: str, column: int, form: Form) -> None:
    found, one = _find(visitor, draft, column)
    if form.get("d"):
        decide_column(visitor, found, column, form.get("d"))
        return
    proposal: Proposal | None
    if form.get("drafted"):
        proposal = None
    elif form.get("alternative"):
        proposal = one.alternatives[_number(form, "alternative", 1, len(one.alternatives)) - 1]
    elif form.get("item"):
        proposal = _plain(visitor, form.get("item"))
    else:
        proposal = _detailed(visitor, form, column, len(found.columns.columns) if found.columns else 0)
    state = Decision.UNREVIEWED if form.get("drafted") else Decision.ADOPT
    mapdesk.decide_all(visitor.gateway, visitor.session, draft, {column: Choice(state, proposal)})


def _plain(visitor: Visitor, target: str, role: Role = Role.VALUE) -> Proposal:
    """The usual way to read a column as this item or field."""
    items, words = visitor.gateway.maps.items(), visitor.gateway.maps.words()
    kind, item = kind_of(target, role, items), items.items.get(target)
    valued = item is not None and role is Role.VALUE
    unit = item.unit if item is not None and valued and kind == "number" else ""
    table = words.answers.get(item.oid, ("", {}))[0] if item is not None and valued and kind == "code" else ""
    terms = words.modality(frozenset(), target) if kind == "findings" else ""
    return Proposal(Placing.MAP, 100, (), target, role, 1, kind, unit, table=table, terms=terms)


def _detailed(visitor: Visitor, form: Form, column: int, width: int) -> Proposal:
    """The form of details. Raises ``FormInvalid``, ``ProposalWrong``."""
    if form.get("role") not in Role.__members__:
        raise FormInvalid
    role = Role[form.get("role")]
    usual = _plain(visitor, form.get("target"), role)
    kind = form.get("kind") or usual.kind
    when = _number(form, "when_column", 0, width)
    words = tuple(word for word in _PARTS.split(form.get("when_words")) if word)
    if bool(when) != bool(words):
        raise mapdesk.ProposalWrong(column=column, what="when")
    return Proposal(
        Placing.MAP, 100, (), form.get("target"), role, _number(form, "occurrence", 1, 99), kind,
        usual.unit if kind == "number" else "", _factor(form, column) if kind == "number" else "1",
        _number(form, "digits", 0, 20), form.get("table") if kind in _WORDED else "", when, words,
        usual.terms if kind == "findings" else "",
    )  # fmt: skip


def _number(form: Form, name: str, low: int, high: int) -> int:
    text = form.get(name) or str(low)
    if not (text.isascii() and text.isdigit() and len(text) < 7 and low <= int(text) <= high):
        raise FormInvalid
    return int(text)


def _factor(form: Form, column: int) -> str:
    text = form.get("factor") or "1"
    number = Decimal(text) if _FACTOR.fullmatch(text) else Decimal(0)
    if number <= 0:
        raise mapdesk.ProposalWrong(column=column, what="factor")
    return text


@router.post("/maps/drafts/{draft}/columns/{column:int}/table", **needs("checkup.convert"))
def give_table(visitor: Here, draft: str, column: int, form: OwnForm) -> Response:
    """What the column's words mean: lines of ``word = code``; the column uses the table from now on."""
    view = view_of(form)
    try:
        _give_table(visitor, draft, column, form)
    except (mapdesk.TableWrong, mapdesk.ProposalWrong) as error:
        return _show(visitor, draft, column, view, "", error)
    return to(f"/maps/drafts/{draft}/columns/{column}", notice="map_saved", **_query(view))


def _give_table(visitor: Visitor, draft: str, column: int, form: Form) -> None:
    found, one = _find(visitor, draft, column)
    choice = choice_of(found, one)
    proposal = choice.proposal or one.proposal
    if proposal.placing is not Placing.MAP or proposal.kind not in _WORDED:
        raise FormInvalid  # no item that words could mean; the page offers no table there
    words: dict[str, str] = {}
    for line in form.get("lines").splitlines():
        if line.strip():
            parts = _LINE.fullmatch(line)
            if parts is None:
                raise mapdesk.TableWrong
            if parts[2]:  # a word without a meaning yet stays as it is
                words[parts[1]] = parts[2]
    name = f"column_{column}"
    mapdesk.give_table(visitor.gateway, visitor.session, draft, name, words)
    changed = replace(proposal, table=name)
    mapdesk.decide_all(visitor.gateway, visitor.session, draft, {column: Choice(Decision.ADOPT, changed)})
