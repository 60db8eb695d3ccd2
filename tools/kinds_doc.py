"""Writes docs/spec/kinds.md from the declared operation kinds, or tells that it is out of date.

Guarantees: every kind that ``app.wiring`` hands to the ledger is listed with its fields, shapes, enum numbers and signers; the same code
gives the same bytes. Used as ``python -m tools.kinds_doc [--write]``; without ``--write`` it only compares.
"""

from __future__ import annotations

import argparse
import inspect
import re
import sys
import typing
from enum import IntEnum
from pathlib import Path

from akashi.app.wiring import KINDS
from akashi.ledger.events import AnyKind

PAGE = Path(__file__).resolve().parents[1] / "docs" / "spec" / "kinds.md"
HEAD = """# Operation kinds

Written by `make docs` from the code; do not edit. Tags, field numbers and enum numbers are permanent; fields are only appended. A body is
the map of field number to value; a field marked * may be absent; any other field is refused. There is no free text: shapes are handles
(`handle:prefix`), byte strings (`bytes:least-most`), bounded integers (`int:least-most`), booleans, enums, and lists (`[shape]*most`).
"""


def render() -> str:
    """The page."""
    enums: dict[str, type[IntEnum]] = {}
    sections = [HEAD, *[_section(kind, enums) for kind in KINDS]]
    sections.append("# Enums\n")
    for name in sorted(enums):
        members = ", ".join(f"{int(member)} {member.name.lower()}" for member in enums[name])
        sections.append(f"`{name}`: {members}\n")
    return "\n".join(sections)


def _section(kind: AnyKind, enums: dict[str, type[IntEnum]]) -> str:
    body = getattr(kind, "body")  # noqa: B009 - AnyKind hides the event class, which only this page wants
    info = kind.info
    signers = ", ".join(sorted(purpose.name.lower() for purpose in info.signers))
    lines = [f"## {info.tag}", "", f"{inspect.getdoc(body)}", "", f"Version {info.version}. Signed by: {signers}.", ""]
    lines += ["| # | field | shape |", "|---|---|---|"]
    hints = typing.get_type_hints(body)
    for number, name, shape, optional in info.fields:
        for found in _enums_in(hints[name]):
            enums[found.__name__] = found
        lines.append(f"| {number} | {name}{'*' if optional else ''} | {shape.name.replace('|', ' or ')} |")
    return "\n".join(lines) + "\n"


def _enums_in(hint: object) -> list[type[IntEnum]]:
    if isinstance(hint, type) and issubclass(hint, IntEnum):
        return [hint]
    return [found for part in typing.get_args(hint) for found in _enums_in(part)]


def main() -> int:
    """Compare, or write with ``--write``."""
    parser = argparse.ArgumentParser(description=re.sub(r"\s+", " ", (__doc__ or "").split("\n\n")[0]))
    parser.add_argument("--write", action="store_true")
    page = render()
    if parser.parse_args().write:
        PAGE.write_text(page, encoding="utf-8")
        return 0
    if not PAGE.exists() or PAGE.read_text(encoding="utf-8") != page:
        print("docs/spec/kinds.md is out of date: run make docs", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
