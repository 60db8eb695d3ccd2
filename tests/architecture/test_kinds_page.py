"""docs/spec/kinds.md says what the code declares."""

from __future__ import annotations

from tools.kinds_doc import PAGE, render


def test_the_kinds_page_is_current() -> None:
    """Another implementation can rely on the page: `make docs` writes it from the declarations."""
    assert PAGE.read_text(encoding="utf-8") == render()
