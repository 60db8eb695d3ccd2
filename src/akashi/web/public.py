"""The page, style sheet and script that need nobody to be signed in."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import Response

from akashi.errors import AkashiError
from akashi.web.rendering import FOLDER, language_of, page, told

_STYLE = (FOLDER / "static" / "akashi.css").read_bytes()
_SCRIPT = (FOLDER / "static" / "akashi.js").read_bytes()


def stylesheet() -> Response:
    """The one style sheet."""
    return Response(_STYLE, media_type="text/css; charset=utf-8", headers={"Cache-Control": "max-age=3600"})


def script() -> Response:
    """The one script: it asks passkeys and the browser's own key, and nothing else."""
    return Response(_SCRIPT, media_type="text/javascript; charset=utf-8", headers={"Cache-Control": "max-age=3600"})


def public_page(request: Request, institutions: Sequence[str], error: AkashiError | None = None) -> Response:
    """What anybody may see: public files, who takes part, and the form for a new device."""
    shown = None if error is None else told(error, language_of(request))
    status = 200 if error is None else error.http_status
    return page(request, "public.html", status, institutions=institutions, error=shown)
