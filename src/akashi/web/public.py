"""The page and style sheet that need nobody to be signed in."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import Response

from akashi.web.rendering import FOLDER, page

_STYLE = (FOLDER / "static" / "akashi.css").read_bytes()


def stylesheet() -> Response:
    """The one style sheet."""
    return Response(_STYLE, media_type="text/css; charset=utf-8", headers={"Cache-Control": "max-age=3600"})


def public_page(request: Request, institutions: Sequence[str]) -> Response:
    """What anybody may see: public files, and who takes part."""
    return page(request, "public.html", institutions=institutions)
