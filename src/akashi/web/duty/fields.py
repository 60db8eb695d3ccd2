"""What the forms of these pages are made of: hours, minutes in Japan, lines of text, one of the words of an enumeration, and times that are left.

Guarantees: whatever is typed ends in a value within bounds or in one error that names the field. Refuses more than 64 lines, 8 KiB a field.

>>> left(3 * 3_600_000 + 20 * 60_000, 0, "ja"), left(1, 60_000, "en")
('あと 3 時間 20 分', 'over')
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from akashi.errors import AkashiError, InputError
from akashi.identity.emergency.model import HOUR_MS
from akashi.web.forms import Form
from akashi.web.rendering import told
from akashi.web.visitors import Visitor

MAX_LINES, MAX_HOURS = 64, 24
_JAPAN = timezone(timedelta(hours=9))
_MINUTE_MS = 60_000


class FieldUnusable(InputError):
    """A field that cannot be used; ``field`` is its name in the form."""

    code = "web.duty_field"
    ja, en = "入力を確かめてください（{field}）。", "Check what was entered ({field})."
    hint_ja, hint_en = "書き方は欄の下の説明を見てください。", "See the text below the field."


def hours(form: Form, name: str = "hours") -> int:
    """A number of hours, 1 to 24, in milliseconds."""
    text = form.get(name)
    if not (text.isascii() and text.isdigit() and len(text) <= 2 and 1 <= int(text) <= MAX_HOURS):
        raise FieldUnusable(field=name)
    return int(text) * HOUR_MS


def minute(form: Form, name: str) -> int:
    """A minute in Japan as browsers send it (``2026-11-21T09:00``), in milliseconds."""
    try:
        at = datetime.strptime(form.get(name), "%Y-%m-%dT%H:%M").replace(tzinfo=_JAPAN)
    except ValueError as error:
        raise FieldUnusable(field=name) from error
    if at.timestamp() < 0:
        raise FieldUnusable(field=name)
    return int(at.timestamp()) * 1000


def lines(form: Form, name: str) -> tuple[str, ...]:
    """One entry for each line that is not blank."""
    found = tuple(one.strip() for one in form.get(name).splitlines() if one.strip())
    if len(found) > MAX_LINES:
        raise FieldUnusable(field=name)
    return found


def left(until_ms: int, now_ms: int, language: str) -> str:
    """How much time is left."""
    if until_ms <= now_ms:
        return "時間切れ" if language == "ja" else "over"
    spare, minutes = divmod((until_ms - now_ms) // _MINUTE_MS, 60)
    return f"あと {spare} 時間 {minutes} 分" if language == "ja" else f"{spare} h {minutes} min left"


def people_of(visitor: Visitor) -> dict[str, str]:
    """Names by handle."""
    return {one.person: one.name for one in visitor.gateway.accounts.accounts()}


def error_values(visitor: Visitor, error: AkashiError | None) -> tuple[int, dict[str, str] | None]:
    """Status and words of a page that is shown again. Raises errors that have a page of their own."""
    return (200, None) if error is None else (error.http_status, told(error, visitor.language))
