"""Answer an item, with evidence; say again what was said last time; read evidence.

Guarantees: an uploaded file is sealed and announced before the answer names it; what a person typed stays in the form when the answer is
refused. Refuses: forms without a reply, days that are none, evidence that is not here. Trusts: ``app.conformity.desk`` for journal and
permission.
"""

from __future__ import annotations

import mimetypes
from urllib.parse import quote

from fastapi import APIRouter
from starlette.responses import Response

from akashi.app.conformity import desk
from akashi.conformity.errors import AnswerUnsaid, RecordUnknown
from akashi.conformity.model import Answer, Audience, Reply
from akashi.errors import AkashiError, InputError
from akashi.ledger.model import HANDLE
from akashi.web.conformity.overview import address
from akashi.web.conformity.sheets import expired_answers, item_page
from akashi.web.conformity.showing import day_end
from akashi.web.exchange import chosen
from akashi.web.forms import Form
from akashi.web.rendering import texts
from akashi.web.visitors import Here, OwnForm, Visitor, needs, to

router = APIRouter()
_KEEP = "keep-"
_TYPED = ("reply", "text", "owner", "due", "audience")
_MAX_NAME, _MAX_TEXT = 200, 2_500


class FieldWrong(InputError):
    """A field of a form that cannot be taken as it is."""

    code = "web.field"
    ja, en = "入力を見直してください（{field}）。", "Please look at what you entered ({field})."
    hint_ja, hint_en = "ほかの入力はそのまま残っています。", "Everything else that you entered is still there."

    def sentence(self, language: str = "ja") -> str:
        """The message with the field as the page calls it."""
        shown = {**self.params, "field": texts(language)(f"cf.field.{self.params['field']}")}
        return (self.ja if language == "ja" else self.en).format(**shown)


@router.post("/conformity/answers/{catalogue}/{item}", **needs("conformity.answer"))
def answer(visitor: Here, catalogue: str, item: str, form: OwnForm) -> Response:
    """Keep an answer, and the evidence file that came with it."""
    try:
        _keep(visitor, catalogue, item, form)
    except AnswerUnsaid:
        return to(address(catalogue, item), notice="unsaid")  # it is kept: to send the form again would answer twice
    except AkashiError as error:
        typed = {name: form.get(name) for name in _TYPED}
        return item_page(visitor, catalogue, item, error, typed)
    return to(address(catalogue, item), notice="answered")


def _keep(visitor: Visitor, catalogue: str, item: str, form: Form) -> None:
    gateway, session = visitor.gateway, visitor.session
    gateway.conformity.books.shelf.item(catalogue, item)
    if not form.get("reply"):
        raise FieldWrong(field="reply")
    if len(form.get("text")) > _MAX_TEXT:
        raise FieldWrong(field="text")
    due = day_end(form.get("due")) if form.get("due") else 0
    if due is None:
        raise FieldWrong(field="due")
    reply, audience = chosen(Reply, form, "reply"), chosen(Audience, form, "audience")
    kept = [name.removeprefix(_KEEP) for name in form.values if name.startswith(_KEEP)]
    if form.get("also"):
        kept.append(form.get("also"))
    if form.data and form.file_name:
        name = "".join(c for c in form.file_name.replace("\\", "/").rsplit("/", 1)[-1] if c.isprintable())[:_MAX_NAME]
        made = desk.keep_evidence(gateway, session, name, form.data, media_type(name), audience)
        kept.append(made.handle)
    said = Answer(
        catalogue,
        item,
        reply,
        0,
        tuple(dict.fromkeys(kept)),
        audience,
        due,
        form.get("owner").strip(),
        form.get("text"),
    )
    desk.answer(gateway, session, [said])


def media_type(name: str) -> str:
    """By the name's ending; what is not known is plain bytes.

    >>> media_type("規程.pdf"), media_type("x.unknown-kind")
    ('application/pdf', 'application/octet-stream')
    """
    return mimetypes.guess_type(name, strict=True)[0] or "application/octet-stream"


@router.post("/conformity/carry/{catalogue}", **needs("conformity.answer"))
def carry(visitor: Here, catalogue: str, _form: OwnForm) -> Response:
    """Say again, today, what was said last time and has run out."""
    visitor.gateway.conformity.books.shelf.catalogue(catalogue)
    desk.carry_over(visitor.gateway, visitor.session, expired_answers(visitor, catalogue))
    return to(address(catalogue), notice="carried")


@router.post("/conformity/carry/{catalogue}/{item}", **needs("conformity.answer"))
def carry_one(visitor: Here, catalogue: str, item: str, _form: OwnForm) -> Response:
    """Say again, today, what was last said to one item."""
    visitor.gateway.conformity.books.shelf.item(catalogue, item)
    desk.carry_over(visitor.gateway, visitor.session, [(catalogue, item)])
    return to(address(catalogue, item), notice="carried")


@router.get("/conformity/evidence/{evidence}", **needs("conformity.read"))
def evidence(visitor: Here, evidence: str) -> Response:
    """An evidence file, opened here."""
    if not HANDLE.fullmatch(evidence):
        raise RecordUnknown(name="evidence")  # the journal takes handles only
    file, data = desk.read_evidence(visitor.gateway, visitor.session, evidence)
    # Never shown in the page's own origin: a file that somebody handed in may be a page with intentions.
    name = f"{file.handle}; filename*=UTF-8''{quote(file.name, safe='')}"
    return Response(
        data, media_type="application/octet-stream", headers={"Content-Disposition": f"attachment; filename={name}"}
    )
