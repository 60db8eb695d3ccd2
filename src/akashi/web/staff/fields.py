"""What the pages about people are made of: names, roles and jobs in words, days in Japan, parts of long lists, refusals in plain words.

Guarantees: whatever is typed ends in a value or in one error that names the field; a list is never longer than a page; a refusal of the ledger's
rules is a sentence that a clerk understands, with its code beside it. Refuses days that are none.

>>> part(list(range(120)), "3"), part([], "x")
(Part(rows=[100, 101, 102, 103, 104, 105, 106, 107, 108, 109, 110, 111, 112, 113, 114, 115, 116, 117, 118, 119], page=3, last=3), Part(rows=[], page=1, last=1))
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Generic, TypeVar

from akashi.errors import AkashiError, InputError
from akashi.identity.access.explain import JOB_WORDS, ROLE_WORDS, roles_in_words
from akashi.identity.lifecycle.rules import GRANTABLE
from akashi.identity.model import Job, Role
from akashi.web.forms import Form
from akashi.web.rendering import texts, told
from akashi.web.visitors import Visitor

T = TypeVar("T")
PAGE = 50
DAY_MS = 24 * 3600 * 1000
_JAPAN = timezone(timedelta(hours=9))


class FieldUnusable(InputError):
    """A field that cannot be used; ``field`` is its name in the form."""

    code = "web.staff_field"
    ja, en = "入力を確かめてください（{field}）。", "Check what was entered ({field})."
    hint_ja, hint_en = "空のまま、または選ばれていない欄があります。", "Something is empty, or nothing was chosen."


@dataclass(frozen=True, slots=True)
class Part(Generic[T]):
    """One page of a list; ``page`` counts from 1."""

    rows: list[T]
    page: int
    last: int


def part(rows: Sequence[T], page: str, size: int = PAGE) -> Part[T]:
    """The part of a list that an address asks for; what is no page is the nearest one."""
    last = max(1, -(-len(rows) // size))
    wanted = int(page) if page.isascii() and page.isdigit() and len(page) < 7 else 1
    at = min(max(1, wanted), last)
    return Part(list(rows[(at - 1) * size : at * size]), at, last)


def side(language: str) -> int:
    """Where a language stands in a pair of words."""
    return 0 if language == "ja" else 1


def names_of(visitor: Visitor) -> dict[str, str]:
    """Names by handle, of everybody who ever had an account here."""
    return {one.person: one.name for one in visitor.gateway.accounts.accounts()}


def role_choices(visitor: Visitor) -> list[tuple[str, str]]:
    """``(word, name)`` of the roles that can be applied for."""
    at = side(visitor.language)
    return [(role.name.lower(), ROLE_WORDS[role][at]) for role in Role if role & GRANTABLE and role.name]


def job_choices(visitor: Visitor) -> list[tuple[str, str]]:
    """``(word, name)`` of the jobs."""
    return [(one.name.lower(), JOB_WORDS[one][side(visitor.language)]) for one in Job]


def role_words(visitor: Visitor, roles: int) -> str:
    """The names of roles."""
    return roles_in_words(roles, side(visitor.language))


def job_word(visitor: Visitor, job: Job | None) -> str:
    """The name of a job; a dash for none."""
    return "－" if job is None else JOB_WORDS[job][side(visitor.language)]


def chosen_roles(form: Form) -> Role:
    """The roles whose boxes (``role_operator`` …) are ticked."""
    roles = Role(0)
    for role in Role:
        if role.name and form.get(f"role_{role.name.lower()}") == "1":
            roles |= role
    return roles


def filled(form: Form, name: str) -> str:
    """A field that must not be empty."""
    text = form.get(name).strip()
    if not text:
        raise FieldUnusable(field=name)
    return text


def day_ms(text: str, name: str) -> int:
    """The first millisecond of a day in Japan (``2026-11-21``).

    >>> day_ms("1970-01-02", "from")
    54000000
    """
    try:
        at = datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=_JAPAN)
        moment = int(at.timestamp()) * 1000
    except (ValueError, OverflowError) as error:
        raise FieldUnusable(field=name) from error
    if moment < 0:
        raise FieldUnusable(field=name)
    return moment


def day_text(at_ms: int) -> str:
    """The day in Japan of a moment, as :func:`day_ms` reads it.

    >>> day_text(54_000_000)
    '1970-01-02'
    """
    return f"{datetime.fromtimestamp(at_ms / 1000, _JAPAN):%Y-%m-%d}"


def refusal(visitor: Visitor, error: AkashiError | None) -> tuple[int, dict[str, str] | None]:
    """Status and words of a page that is shown again. Raises errors that have a page of their own (signing, proving)."""
    if error is None:
        return 200, None
    shown, t = told(error, visitor.language), texts(visitor.language)
    key = f"pp.why.{getattr(error, 'reason', None) or error.params.get('reason', '')}"
    if key in t:
        shown = {"text": t(key), "hint": "", "code": shown["code"]}
    return error.http_status, shown
