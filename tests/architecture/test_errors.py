"""One error tree: stable codes, both languages, a page that lists them all."""

from __future__ import annotations

import re
from collections.abc import Iterator
from string import Formatter

import pytest

from akashi.errors import AkashiError
from tools.errors_doc import PAGE, error_classes, render

CODE = re.compile(r"[a-z][a-z0-9]*(\.[a-z][a-z0-9_]*)+")
HIGHEST_EXIT, HIGHEST_HTTP = 63, 599
ERROR_DEFAULTS = {"hint_ja": "", "hint_en": "", "exit_status": 1, "http_status": 500}
JAPANESE = re.compile("[぀-ヿ一-鿿]")


def placeholders(sentence: str) -> set[str]:
    """The names between braces."""
    return {name for _, name, _, _ in Formatter().parse(sentence) if name}


def test_codes_are_unique_and_own() -> None:
    """No two errors share a code, and no error borrows its parent's."""
    owners: dict[str, list[str]] = {}
    for error in error_classes():
        owners.setdefault(error.code, []).append(error.__qualname__)

    assert {code: names for code, names in owners.items() if len(names) > 1} == {}


def faults(error: type[AkashiError]) -> Iterator[str]:
    """What is wrong with one error class."""
    part = error.__module__.split(".")[1]
    if not CODE.fullmatch(error.code) or error.code.split(".")[0] != ("akashi" if part == "errors" else part):
        yield f"{error.__name__}: code {error.code} is not dotted or does not start with {part}"
    if not JAPANESE.search(error.ja) or not error.en or JAPANESE.search(error.en + error.hint_en):
        yield f"{error.__name__}: a sentence is missing or in the wrong language"
    if placeholders(error.ja) != placeholders(error.en):
        yield f"{error.__name__}: the two sentences ask for different parameters"
    if not placeholders(error.hint_ja) | placeholders(error.hint_en) <= placeholders(error.en):
        yield f"{error.__name__}: a hint asks for more than the sentence"
    if bool(error.hint_ja) != bool(error.hint_en):
        yield f"{error.__name__}: a hint in one language only"
    if not 1 <= error.exit_status <= HIGHEST_EXIT or not 400 <= error.http_status <= HIGHEST_HTTP:
        yield f"{error.__name__}: exit {error.exit_status} or HTTP {error.http_status} out of range"


def test_every_error_is_whole() -> None:
    """Codes are dotted and start with their part; both languages are there and ask for the same parameters."""
    assert [fault for error in error_classes() for fault in faults(error)] == []


@pytest.mark.parametrize(
    "flaw",
    [
        {"code": "Example"},
        {"code": "other.example"},
        {"ja": "only English"},
        {"en": ""},
        {"en": "{count} files"},
        {"hint_en": "Only here."},
        {"exit_status": 0},
        {"http_status": 200},
    ],
)
def test_the_check_bites(flaw: dict[str, str | int]) -> None:
    """Each fault of an error class is reported."""
    sound = {"__module__": "akashi.errors", "code": "akashi.example", "ja": "例です。", "en": "An example."}

    # Plain classes, not errors: a subclass would stay in the tree and fail the tests beside this one.
    assert list(faults(type("Example", (), ERROR_DEFAULTS | sound))) == []
    assert list(faults(type("Example", (), ERROR_DEFAULTS | sound | flaw)))


def test_the_page_is_current() -> None:
    """docs/errors.md is what `make docs` writes: run it when this fails."""
    assert PAGE.read_text(encoding="utf-8") == render(error_classes())
