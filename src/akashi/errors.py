"""One error tree for the whole system.

Guarantees: every error that leaves a part is an :class:`AkashiError` with a stable ``code``, a Japanese
and an English sentence, a hint in both, an exit status and an HTTP status. Refuses: free values in
messages. Parameters are identifiers, digests, counts, enum names and file names a user typed; never a
cell value, a name, a key or a password (rule 10 of the house rules, held by a canary test).

Each part draws its own branch in its ``errors.py``::

    AkashiError
    ├── Misuse            the caller broke an interface promise (a bug in our code)
    ├── InputError        what was handed in cannot be used            exit 2, HTTP 400
    ├── Denied            the rules do not allow it                    exit 3, HTTP 403
    ├── NotFound          no such thing (or not yours to know)         exit 4, HTTP 404
    ├── Conflict          the state has moved on                       exit 5, HTTP 409
    ├── IntegrityError    a proof, signature or store does not verify  exit 6, HTTP 500
    ├── Unavailable       try again later (disk full, server away)     exit 7, HTTP 503
    └── Unauthenticated   sign in first                                exit 8, HTTP 401

>>> class Example(InputError):
...     code = "example.empty"
...     ja, en = "{name} は空です。", "{name} is empty."
>>> str(Example(name="a.csv"))
'a.csv is empty.'
"""

from __future__ import annotations

from typing import ClassVar


class AkashiError(Exception):
    """Base of the tree. ``params`` fill the sentences; they are identifiers and counts only."""

    code: ClassVar[str] = "akashi.error"
    exit_status: ClassVar[int] = 1
    http_status: ClassVar[int] = 500
    ja: ClassVar[str] = "処理できませんでした。"
    en: ClassVar[str] = "The operation failed."
    hint_ja: ClassVar[str] = ""
    hint_en: ClassVar[str] = ""

    def __init__(self, **params: str | int) -> None:
        self.params = params
        super().__init__(self.en.format(**params))

    def sentence(self, language: str = "ja") -> str:
        """The message for a person, ``language`` is ``"ja"`` or ``"en"``."""
        return (self.ja if language == "ja" else self.en).format(**self.params)

    def hint(self, language: str = "ja") -> str:
        """What to do next; an empty string where there is nothing to add."""
        return (self.hint_ja if language == "ja" else self.hint_en).format(**self.params)


class Misuse(AkashiError):
    """The caller broke a promise of an interface: a defect in our code, never a user's mistake."""

    code = "akashi.misuse"
    ja, en = "内部の使い方の誤りです（{what}）。", "Interface misuse: {what}."


class InputError(AkashiError):
    """What was handed in cannot be used as it is."""

    code = "akashi.input"
    exit_status, http_status = 2, 400


class Denied(AkashiError):
    """The rules do not allow it."""

    code = "akashi.denied"
    exit_status, http_status = 3, 403


class NotFound(AkashiError):
    """There is no such thing, or it is not the asker's to know about."""

    code = "akashi.not_found"
    exit_status, http_status = 4, 404


class Conflict(AkashiError):
    """The state has moved on since the caller looked."""

    code = "akashi.conflict"
    exit_status, http_status = 5, 409


class IntegrityError(AkashiError):
    """A signature, proof or store does not verify: nothing may be built on it."""

    code = "akashi.integrity"
    exit_status, http_status = 6, 500


class Unavailable(AkashiError):
    """A resource is away or full; the same request may succeed later."""

    code = "akashi.unavailable"
    exit_status, http_status = 7, 503
    waited: ClassVar[bool] = False
    """Whoever raises it has waited for as long as a person can be asked to: it is not tried again in the same breath."""


class Unauthenticated(AkashiError):
    """Nobody is signed in, or no longer."""

    code = "akashi.unauthenticated"
    exit_status, http_status = 8, 401
