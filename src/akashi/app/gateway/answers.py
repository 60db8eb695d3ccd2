"""What a server elsewhere says when it does not do what it was asked, as the errors of this program.

Guarantees: its own codes are kept as far as they tell a person what to do; whatever else it says is one of a few classes by its status. Refuses nothing.
Trusts the server's word for why it refused, and for nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from akashi.app.errors import RemoteDistrusted, ServerAway
from akashi.errors import AkashiError, Conflict, Denied, InputError, NotFound
from akashi.identity.errors import CertificateRefused
from akashi.late import late
from akashi.ledger.errors import EncodingError, Refused
from akashi.network.errors import NotFinal
from akashi.network.payloads.errors import CopiesBusy, CopiesMissing

if TYPE_CHECKING:
    import httpx
else:
    httpx = late("httpx")


class RefusedElsewhere(AkashiError):
    """The server answered with one of its own errors; its code is kept."""

    code = "app.refused_elsewhere"
    http_status, exit_status = 502, 1
    ja, en = "サーバーが受け付けませんでした（{failure}）。", "The server refused ({failure})."


class InvalidElsewhere(InputError):
    """The server could not use what was sent."""

    code = "app.invalid_elsewhere"
    ja, en = "サーバーが読み取れませんでした（{failure}）。", "The server could not use it ({failure})."


class DeniedElsewhere(Denied):
    """The server's rules do not allow it."""

    code = "app.denied_elsewhere"
    ja, en = "サーバーが許可しませんでした（{failure}）。", "The server does not allow it ({failure})."


class MissingElsewhere(NotFound):
    """The server has no such thing, or none that this gateway may know of."""

    code = "app.missing_elsewhere"
    ja, en = "サーバーにありません（{failure}）。", "The server has no such thing ({failure})."


class ConflictElsewhere(Conflict):
    """The state has moved on at the server."""

    code = "app.conflict_elsewhere"
    ja, en = "サーバー側の状態が変わっています（{failure}）。", "The state has moved on at the server ({failure})."


_BY_STATUS: dict[int, type[AkashiError]] = {
    400: InvalidElsewhere,
    403: DeniedElsewhere,
    404: MissingElsewhere,
    409: ConflictElsewhere,
    410: ConflictElsewhere,
    413: InvalidElsewhere,
}


def object_of(value: object) -> Mapping[str, object]:
    """An answer's JSON object. Raises :class:`RemoteDistrusted` for anything else."""
    if not isinstance(value, dict):
        raise RemoteDistrusted(failure="answer")
    return value


def error_of(answer: httpx.Response) -> AkashiError:
    """The error that an answer without success says."""
    try:
        body = object_of(answer.json())
    except ValueError:
        body = {}
    code, reason = str(body.get("code", "")), str(body.get("reason", ""))
    if code == Refused.code:
        return Refused(reason)
    if code == EncodingError.code:
        return EncodingError(reason)
    if code == CertificateRefused.code:
        return CertificateRefused(reason=reason)
    if answer.status_code == httpx.codes.SERVICE_UNAVAILABLE:
        return _waiting(code, reason) or ServerAway()
    make = _BY_STATUS.get(answer.status_code, RefusedElsewhere)
    return make(failure=code or str(answer.status_code))


def _waiting(code: str, reason: str) -> AkashiError | None:
    """The server is there, but fewer servers than needed answer it: what a person must be told (未確定), and not that nobody is there."""
    have, _, wanted = reason[:16].partition("/")  # a server's word: no number of thousands of digits
    if code == CopiesMissing.code and have.isdecimal() and wanted.isdecimal():
        return CopiesMissing(have=int(have), wanted=int(wanted))
    if code == CopiesBusy.code:
        return CopiesBusy()
    return NotFinal() if code == NotFinal.code else None
