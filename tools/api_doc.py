"""Writes the route tables of docs/api.md from the applications, or tells that they are out of date.

Guarantees: every route of every face is listed with its permission and first sentence; the same code gives the same bytes. What people wrote
above the marker stays. Used as ``python -m tools.api_doc [--write]``; without ``--write`` it only compares.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from fastapi import FastAPI

from akashi.api.gateway.app import gateway_api
from akashi.api.public import bare_public_app
from akashi.api.server.app import bare_server_app
from akashi.app.server.dashboard import ErrorCounter
from akashi.clock import SystemClock
from akashi.web.app import web_app

PAGE = Path(__file__).resolve().parents[1] / "docs" / "api.md"
MARKER = "<!-- Below this line: written by `make docs`, do not edit. -->\n"


def faces() -> dict[str, FastAPI]:
    """The applications without their doors, by heading."""
    errors = ErrorCounter(SystemClock())
    return {
        "Gateway: REST API": gateway_api(None, errors),
        "Gateway: pages": web_app(None, errors),
        "Server: machine API": bare_server_app(None, errors),
        "Public origin": bare_public_app(None, errors),
    }


def tables() -> str:
    """One table for each face."""
    sections = []
    for heading, app in faces().items():
        rows = [f"## {heading}", "", "| route | permission | what it does |", "|---|---|---|"]
        for path, operations in app.openapi()["paths"].items():
            for method, operation in operations.items():
                first = str(operation.get("description", "")).split("\n")[0]
                permission = operation.get("x-permission")
                rows.append(f"| `{method.upper()} {path}` | {f'`{permission}`' if permission else 'none'} | {first} |")
        sections.append("\n".join(rows) + "\n")
    return "\n".join(sections)


def render(page: str) -> str:
    """``page`` with its tables as the code has them."""
    return page.split(MARKER, maxsplit=1)[0] + MARKER + "\n" + tables()


def main() -> int:
    """Compare, or write with ``--write``; exit status 1 when the page is out of date."""
    parser = argparse.ArgumentParser(description="docs/api.md from the routes")
    parser.add_argument("--write", action="store_true", help="write the page instead of comparing")
    before = PAGE.read_text(encoding="utf-8")
    after = render(before)
    if parser.parse_args().write:
        PAGE.write_text(after, encoding="utf-8")
        return 0
    return int(before != after)


if __name__ == "__main__":
    raise SystemExit(main())
