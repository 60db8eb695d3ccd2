"""Writes docs/errors.md from the error classes, or tells that it is out of date.

Guarantees: every class of the tree below ``AkashiError`` is listed with its code, statuses, sentences and hints; the same
classes give the same bytes. Used as ``python -m tools.errors_doc [--write]``; without ``--write`` it only compares.
"""

from __future__ import annotations

import argparse
import importlib
import pkgutil
from pathlib import Path

import akashi
from akashi.errors import AkashiError

PAGE = Path(__file__).resolve().parents[1] / "docs" / "errors.md"
HEAD = """# Errors

Written by `make docs` from the classes; do not edit. A code never changes its meaning. `{…}` stands for an identifier, a
count, the name of a state or the name of a file: never for a value of a person (house rule 10).
"""


def import_everything() -> None:
    """Import every module of the product, so that every error class exists. Programs (``__main__``) are left alone."""
    for module in pkgutil.walk_packages(akashi.__path__, "akashi."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)


def error_classes() -> list[type[AkashiError]]:
    """Every error of the product, by code."""
    import_everything()
    found: set[type[AkashiError]] = set()
    waiting = [AkashiError]
    while waiting:
        error = waiting.pop()
        if error not in found and error.__module__.startswith("akashi."):
            found.add(error)
            waiting.extend(error.__subclasses__())
    return sorted(found, key=lambda error: (error.code, error.__qualname__))


def render(classes: list[type[AkashiError]]) -> str:
    """The page for ``classes``."""
    sections = [HEAD]
    for error in classes:
        first_line = (error.__doc__ or "").strip().splitlines()[0]
        lines = [
            f"## {error.code}",
            "",
            f"{first_line} (`{error.__name__}`, exit {error.exit_status}, HTTP {error.http_status})",
            "",
        ]
        for language, sentence, hint in (("ja", error.ja, error.hint_ja), ("en", error.en, error.hint_en)):
            lines.append(f"- {language}: {sentence}" + (f" → {hint}" if hint else ""))
        sections.append("\n".join(lines) + "\n")
    return "\n".join(sections)


def main() -> int:
    """Compare, or write with ``--write``; exit status 1 when the page is out of date."""
    parser = argparse.ArgumentParser(description="docs/errors.md from the error classes")
    parser.add_argument("--write", action="store_true", help="write the page instead of comparing")
    page = render(error_classes())
    if parser.parse_args().write:
        PAGE.write_text(page, encoding="utf-8")
        return 0
    return int(not PAGE.exists() or PAGE.read_text(encoding="utf-8") != page)


if __name__ == "__main__":
    raise SystemExit(main())
