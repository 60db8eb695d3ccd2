"""Uploads and downloads of the REST API: in memory, never in a temporary file.

Guarantees: an upload is read from the stream up to the gateway's limit; a download has a plain ASCII name and may not be cached.
Refuses multipart forms here: a file is the body, its name is in ``X-File-Name`` (percent-encoded UTF-8).
"""

from __future__ import annotations

from typing import Annotated
from urllib.parse import quote, unquote

from fastapi import Depends, Request
from starlette.responses import StreamingResponse

from akashi.api.gateway.session import gateway_of
from akashi.api.problems import BodyTooLarge
from akashi.app.desk.transfers import Download

_MAX_NAME = 200


async def upload(request: Request) -> bytes:
    """The whole body, bounded by ``upload_limit_bytes``."""
    limit = gateway_of(request).settings.upload_limit_bytes
    pieces = bytearray()
    async for piece in request.stream():
        pieces += piece
        if len(pieces) > limit:
            raise BodyTooLarge(limit=limit)
    return bytes(pieces)


def file_name(request: Request) -> str:
    """The name of an uploaded file, without folders and control characters; ``upload.csv`` where none is given."""
    return safe_name(unquote(request.headers.get("x-file-name", "")))


def safe_name(name: str) -> str:
    r"""The last part of a path, printable, at most 200 characters.

    >>> safe_name("C:\\data\\結果.csv"), safe_name("")
    ('結果.csv', 'upload.csv')
    """
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    return "".join(c for c in last if c.isprintable())[:_MAX_NAME] or "upload.csv"


def download(file: Download) -> StreamingResponse:
    """Hand out a file (RFC 6266; our names are ASCII by construction)."""
    return StreamingResponse(
        file.pieces,
        media_type=file.media_type,
        headers={"Content-Disposition": f'attachment; filename="{quote(file.name)}"', "Cache-Control": "no-store"},
    )


Upload = Annotated[bytes, Depends(upload)]
FileName = Annotated[str, Depends(file_name)]
