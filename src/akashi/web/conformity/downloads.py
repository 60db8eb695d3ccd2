"""What leaves as a file: workbooks, disclosure, OSCAL, paper, evidence folder, bundle; and what comes in: filled sheets, official wording.

Guarantees: every file is journalled before it leaves; nothing that was answered for fewer than the chosen audience is in it; what comes
in is read whole before any of it is kept. Refuses: runs that are not recorded, other layouts. Trusts: ``app.conformity`` for both ways.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping

from fastapi import APIRouter
from starlette.responses import Response

from akashi.app.conformity import exports, imports
from akashi.app.conformity.telling import odd_line
from akashi.conformity.errors import RecordUnknown
from akashi.conformity.model import Audience
from akashi.errors import AkashiError
from akashi.ledger.model import HANDLE
from akashi.web.conformity.answering import FieldWrong
from akashi.web.conformity.overview import address, crumbs, seat_of
from akashi.web.conformity.showing import Typed
from akashi.web.exchange import words
from akashi.web.rendering import texts, told
from akashi.web.visitors import Here, OwnForm, Visitor, needs

router = APIRouter()
_EPOCH = (1980, 1, 1, 0, 0, 0)
_KINDS = tuple(one for one in imports.Kind if one is not imports.Kind.OWN)
_FORMS = tuple(one for one in exports.Form if one is not exports.Form.OWN)
"""What needs no mapping beside it; the user's own workbook with its mapping goes through the command line, both ways."""


def file_response(name: str, media_type: str, data: bytes) -> Response:
    """A file to keep; names are ASCII by construction (RFC 6266)."""
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(data, media_type=media_type, headers=headers)


def archive(files: Mapping[str, bytes]) -> bytes:
    """Several files as one, the same bytes for the same files."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        for name, data in sorted(files.items()):
            made.writestr(zipfile.ZipInfo(name, _EPOCH), data, zipfile.ZIP_DEFLATED)
    return out.getvalue()


@router.get("/conformity/runs/{run}/bundle", **needs("conformity.read"))
def bundle(visitor: Here, run: str) -> Response:
    """The public bundle of a run, for anybody to verify."""
    return _taken(visitor, exports.Wish(exports.Form.BUNDLE, run=_run(run)))


def _run(name: str) -> str:
    if name and not HANDLE.fullmatch(name):
        raise RecordUnknown(name="run")  # the journal takes handles only
    return name


def _taken(visitor: Visitor, wish: exports.Wish) -> Response:
    files = exports.export(visitor.gateway, visitor.session, wish)
    stem = f"{wish.run or 'conformity'}-{wish.form.value}-{wish.audience.name.lower()}"
    if len(files) == 1:
        name, data = next(iter(files.items()))
        return file_response(f"{stem}.{name.rsplit('.', 1)[-1]}", "application/octet-stream", data)
    return file_response(f"{stem}.zip", "application/zip", archive(files))


@router.get("/conformity/files", **needs("conformity.read"))
def files(visitor: Here) -> Response:
    """What can be taken out, and what can be brought in."""
    return _files(visitor)


def _files(
    visitor: Visitor,
    error: AkashiError | None = None,
    brought: imports.Brought | None = None,
    typed: Mapping[str, str] | None = None,
) -> Response:
    language = visitor.language
    books = visitor.gateway.conformity.books.shelf.catalogues
    return visitor.page(
        "conformity_files.html",
        200 if error is None else error.http_status,
        error=None if error is None else told(error, language),
        crumbs=crumbs(visitor, ("/conformity/files", texts(language)("cf.files"))),
        runs=seat_of(visitor).runs()[:20],
        forms=[one.value for one in _FORMS],
        audiences=words(Audience),
        books=[(one.id, one.title.of(language)) for one in books],
        kinds=[one.value for one in _KINDS],
        brought=brought,
        odd=[odd_line(one, visitor.language) for one in brought.odd[:20]] if brought else [],
        sheet=address(brought.catalogue) if brought else "",
        form=Typed(typed or {}),
    )


@router.get("/conformity/files/export", **needs("conformity.read"))
def export(visitor: Here, form: str = "", audience: str = "public", catalogue: str = "", run: str = "") -> Response:
    """Take out in a form."""
    wanted = next((one for one in _FORMS if one.value == form), None)
    readers = next((one for one in Audience if one.name.lower() == audience), None)
    if wanted is None or readers is None:
        return _files(visitor, FieldWrong(field="form"))
    try:
        return _taken(visitor, exports.Wish(wanted, readers, (catalogue,) if catalogue else (), _run(run)))
    except AkashiError as error:
        return _files(visitor, error)


@router.post("/conformity/files", **needs("conformity.answer"))
def bring(visitor: Here, form: OwnForm) -> Response:
    """Bring in a filled sheet, a disclosure, or official wording."""
    typed = {"kind": form.get("kind"), "catalogue": form.get("catalogue")}
    kind = next((one for one in _KINDS if one.value == form.get("kind")), None)
    try:
        if kind is None:
            raise FieldWrong(field="kind")
        if not form.data:
            raise FieldWrong(field="file")
        parcel = imports.Parcel(kind, "upload", form.data, form.get("catalogue"))
        brought = imports.bring(visitor.gateway, visitor.session, parcel)
    except AkashiError as error:
        return _files(visitor, error, None, typed)
    return _files(visitor, None, brought, typed)
