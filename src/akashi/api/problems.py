"""Errors as answers: one shape for every route.

Guarantees: an :class:`AkashiError` becomes its HTTP status and ``{code, message_ja, message_en, hint_ja, hint_en}``, with ``reason``
where a rule or parser names one; everything unexpected becomes ``akashi.error`` without details. Codes are counted, messages
never logged. Refuses: to repeat what the caller sent (a validation error names the field, not the value).

>>> body_of(BodyTooLarge(limit=10))["code"]
'api.too_large'
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from akashi.app.server.dashboard import ErrorCounter
from akashi.errors import AkashiError, Denied, InputError, NotFound, Unavailable

_LOG = logging.getLogger("akashi.api")
Render = Callable[[Request, AkashiError], Response]


class BodyTooLarge(InputError):
    """The body is longer than this route takes."""

    code = "api.too_large"
    http_status = 413
    ja, en = "送られたデータが大きすぎます（上限 {limit} バイト）。", "The body is too large (at most {limit} bytes)."


class BodyTooSlow(InputError):
    """The body did not arrive in time."""

    code = "api.too_slow"
    http_status = 408
    ja, en = "データの到着に時間がかかりすぎました。", "The body took too long to arrive."
    hint_ja, hint_en = "通信の状態を確かめて、もう一度送ってください。", "Check the connection and send it again."


class TooManyUploads(Unavailable):
    """As many large bodies as may be in memory at once are on their way."""

    code = "api.uploads"
    ja, en = "ほかのファイルを処理しています。", "Other files are being received."
    hint_ja, hint_en = "少し待ってから、もう一度送ってください。", "Wait a moment and send it again."


class RequestInvalid(InputError):
    """A request whose form is wrong; names the field only."""

    code = "api.request"
    ja, en = "要求の形が正しくありません（{field}）。", "The request is not well formed ({field})."
    hint_ja, hint_en = "docs/api.md を見てください。", "See docs/api.md."


class RouteUnknown(NotFound):
    """No such address."""

    code = "api.route"
    ja, en = "その宛先はありません。", "There is no such address."


class CallerDenied(Denied):
    """Not for the institution that calls."""

    code = "api.caller"
    ja, en = "この機関からは行えない操作です（{action}）。", "Not for this institution ({action})."


def body_of(error: AkashiError) -> dict[str, str]:
    """The JSON object of an error."""
    body = {
        "code": error.code,
        "message_ja": error.sentence("ja"),
        "message_en": error.sentence("en"),
        "hint_ja": error.hint("ja"),
        "hint_en": error.hint("en"),
    }
    for name in ("reason", "failure"):
        value = getattr(error, name, None) or error.params.get(name)
        if isinstance(value, str):
            body["reason"] = value
    return body


def as_json(_request: Request, error: AkashiError) -> Response:
    """The answer of the machine and REST faces."""
    headers = {"WWW-Authenticate": "Bearer"} if error.http_status == 401 else None
    return JSONResponse(body_of(error), error.http_status, headers=headers)


def error_of(error: Exception) -> AkashiError:
    """Any exception as one of ours; unexpected ones lose their details."""
    if isinstance(error, AkashiError):
        return error
    if isinstance(error, RequestValidationError):
        places = [".".join(str(part) for part in one.get("loc", ())) for one in error.errors()]
        return RequestInvalid(field=(places or ["body"])[0][:80])
    if isinstance(error, HTTPException):
        # A body that could not be read arrives wrapped by the framework: what it wraps says it better.
        if isinstance(error.__cause__, AkashiError):
            return error.__cause__
        return RouteUnknown() if error.status_code in {404, 405} else RequestInvalid(field="body")
    _LOG.error("unexpected %s", type(error).__name__)  # never its text: it may quote what was being worked on
    return AkashiError()


def install(app: FastAPI, errors: ErrorCounter, render: Render = as_json) -> None:
    """Answer every exception of ``app`` in the one shape, and count it."""

    def handle(request: Request, error: Exception) -> Response:
        known = error_of(error)
        errors.add(known.code)
        return render(request, known)

    for kind in (AkashiError, RequestValidationError, HTTPException, Exception):
        app.add_exception_handler(kind, handle)
