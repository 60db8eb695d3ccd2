"""Templates, texts in two languages, dates as people here write them.

Guarantees: everything a template prints is escaped; a text that is missing raises (a test visits every page in both languages);
times are shown in Japan's time with the ISO form beside them. The language is a choice of the visitor, kept in a cookie that holds
nothing else. A page that asks a passkey or a browser's key carries our one script; no other page has any. Refuses inline scripts and styles,
anything from elsewhere.

>>> moment(0)
Markup('<time datetime="1970-01-01T09:00:00+09:00" title="1970-01-01T09:00:00+09:00">1970年1月1日 09:00</time>')
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache
from pathlib import Path

import yaml
from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context, select_autoescape
from jinja2.runtime import Context
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from akashi.errors import AkashiError
from akashi.identity.presence.errors import ConfirmationNeeded, ProofNeeded
from akashi.ledger.keyring.approving import ApprovalMismatch, ApprovalWanted

FOLDER = Path(__file__).parent
LANGUAGES = ("ja", "en")
LANGUAGE_COOKIE = "__Host-akashi-lang"
_JAPAN = timezone(timedelta(hours=9))  # no daylight saving
_YEAR_S = 365 * 86_400


class Texts:
    """The sentences of one language, by key."""

    def __init__(self, entries: Mapping[str, str]) -> None:
        self._entries = entries

    def __call__(self, key: str, **values: object) -> str:
        """The sentence; ``values`` fill its places."""
        text = self._entries[key]
        return text.format(**values) if values else text

    def __contains__(self, key: str) -> bool:
        """Whether there is such a sentence."""
        return key in self._entries

    def keys(self) -> set[str]:
        """All keys."""
        return set(self._entries)


@lru_cache
def texts(language: str) -> Texts:
    """The catalogue of a language."""
    return Texts(yaml.safe_load((FOLDER / "texts" / f"{language}.yaml").read_text(encoding="utf-8")))


def moment(at_ms: int | None, language: str = "ja") -> str:
    """A time in Japan, as ``2026年11月21日 22:05`` or ``2026-11-21 22:05 JST``; a dash for none."""
    if at_ms is None:
        return "－"
    at = datetime.fromtimestamp(at_ms / 1000, UTC).astimezone(_JAPAN)
    iso = at.isoformat(timespec="seconds")
    shown = f"{at.year}年{at.month}月{at.day}日 {at:%H:%M}" if language == "ja" else f"{at:%Y-%m-%d %H:%M} JST"
    return Markup('<time datetime="{0}" title="{0}">{1}</time>').format(iso, shown)


def day(at_ms: int | None, language: str = "ja") -> str:
    """A day in Japan; a dash for none.

    >>> day(0), day(0, "en"), day(None)
    ('1970年1月1日', '1970-01-01', '－')
    """
    if at_ms is None:
        return "－"
    at = datetime.fromtimestamp(at_ms / 1000, UTC).astimezone(_JAPAN)
    return f"{at.year}年{at.month}月{at.day}日" if language == "ja" else f"{at:%Y-%m-%d}"


@pass_context
def _day(context: Context, at_ms: int | None) -> str:
    return day(at_ms, str(context.get("lang", "ja")))


@pass_context
def _when(context: Context, at_ms: int | None) -> str:
    return moment(at_ms, str(context.get("lang", "ja")))


def _environment() -> Environment:
    made = Environment(
        loader=FileSystemLoader(FOLDER / "templates"),
        autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["when"] = _when
    made.filters["day"] = _day
    return made


ENVIRONMENT = _environment()


def language_of(request: Request) -> str:
    """``ja`` unless the visitor chose otherwise: on this request, or before."""
    asked = request.query_params.get("lang") or request.cookies.get(LANGUAGE_COOKIE)
    return asked if asked in LANGUAGES else "ja"


def page(request: Request, template: str, status: int = 200, **values: object) -> Response:
    """Render a template; what every page needs is filled in where the view does not say it."""
    language = language_of(request)
    base: dict[str, object] = {
        "me": None,
        "menu": (),
        "here": request.url.path,
        "csrf": "",
        "notice": None,
        "error": None,
        "script": False,
        "banners": (),
    }
    text = ENVIRONMENT.get_template(template).render(base | values | {"t": texts(language), "lang": language})
    answer = HTMLResponse(text, status)
    if request.query_params.get("lang") in LANGUAGES:
        answer.set_cookie(LANGUAGE_COOKIE, language, max_age=_YEAR_S, secure=True, httponly=True, samesite="strict")
    return answer


OWN_PAGES = (ApprovalWanted, ApprovalMismatch, ProofNeeded, ConfirmationNeeded)
"""What is no sentence on a page but a page of its own, where the person says more: see ``app``."""


def told(error: AkashiError, language: str) -> dict[str, str]:
    """An error for a page. Raises it again where it has a page of its own (:data:`OWN_PAGES`), so that no form has to know of them."""
    if isinstance(error, OWN_PAGES):
        raise error
    return sentences(error, language)


def sentences(error: AkashiError, language: str) -> dict[str, str]:
    """An error in words."""
    return {"text": error.sentence(language), "hint": error.hint(language), "code": error.code}
