"""What leaves as a file: the bundle of a run (more formats stand beside it as they are built).

Guarantees: every file is journalled before it leaves; the public bundle shows nothing that was answered for fewer. Refuses: runs that are
not recorded. Trusts: ``app.conformity.bundles``.
"""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from akashi.app.conformity import bundles, desk
from akashi.conformity.errors import RecordUnknown
from akashi.ledger.model import HANDLE
from akashi.web.visitors import Here, needs

router = APIRouter()


def file_response(name: str, media_type: str, data: bytes) -> Response:
    """A file to keep; names are ASCII by construction (RFC 6266)."""
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(data, media_type=media_type, headers=headers)


@router.get("/conformity/runs/{run}/bundle", **needs("conformity.read"))
def bundle(visitor: Here, run: str) -> Response:
    """The public bundle of a run, for anybody to verify."""
    if not HANDLE.fullmatch(run):
        raise RecordUnknown(name="run")  # the journal takes handles only
    with desk.journalled(visitor.gateway, visitor.session, desk.READ, run):
        data = bundles.make_bundle(visitor.gateway, run)
    return file_response(f"{run}.akashi-conformity", "application/octet-stream", data)
