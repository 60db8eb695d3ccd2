"""docs/api.md has every route."""

from __future__ import annotations

from tools.api_doc import PAGE, faces, render


def test_the_page_has_every_route() -> None:
    """The tables are those of the code; `make docs` writes them."""
    text = PAGE.read_text(encoding="utf-8")

    assert render(text) == text


def test_every_route_says_what_it_does() -> None:
    """No route is without a sentence."""
    silent = [
        path
        for app in faces().values()
        for path, operations in app.openapi()["paths"].items()
        for operation in operations.values()
        if not operation.get("description")
    ]

    assert silent == []


def test_no_page_loads_scripts_from_elsewhere() -> None:
    """FastAPI's own documentation pages, which do, are off everywhere."""
    assert {(app.docs_url, app.redoc_url) for app in faces().values()} == {(None, None)}
