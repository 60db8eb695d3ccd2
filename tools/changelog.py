"""Assembles CHANGELOG.md from the fragments in changelog.d/.

Guarantees: every fragment (``<issue>-<what>.<kind>.md``) lands once, under its kind, and is removed afterwards; with ``--draft``
nothing is changed and the section is printed. Used as ``python -m tools.changelog --draft`` or ``… --version 0.1.0``.
"""

from __future__ import annotations

import argparse
import datetime as dt
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FRAGMENTS = ROOT / "changelog.d"
CHANGELOG = ROOT / "CHANGELOG.md"
KINDS = {"security": "Security", "added": "Added", "changed": "Changed", "fixed": "Fixed", "removed": "Removed"}
MARK = "<!-- newest first -->\n"


def fragments(folder: Path) -> dict[str, list[Path]]:
    """The fragments by kind, in order of issue and name."""
    paths = sorted(path for path in folder.glob("*.*.md"))
    return {kind: [path for path in paths if path.name.split(".")[-2] == kind] for kind in KINDS}


def section(heading: str, found: dict[str, list[Path]]) -> str:
    """The text of one release."""
    lines = [f"## {heading}", ""]
    for kind, paths in found.items():
        if paths:
            lines += [f"### {KINDS[kind]}", ""]
            lines += [
                f"- {' '.join(p.read_text(encoding='utf-8').split())} (issue {p.name.split('-')[0]})" for p in paths
            ]
            lines.append("")
    return "\n".join(lines)


def release(changelog: str, text: str) -> str:
    """``changelog`` with ``text`` as its newest section."""
    head, mark, tail = changelog.partition(MARK)
    return f"{head}{mark}\n{text}{tail}"


def main() -> int:
    """Print the draft, or move the fragments into CHANGELOG.md."""
    parser = argparse.ArgumentParser(description="CHANGELOG.md from fragments")
    choice = parser.add_mutually_exclusive_group(required=True)
    choice.add_argument("--draft", action="store_true", help="print the next section and change nothing")
    choice.add_argument("--version", help="write this version's section and remove the fragments")
    arguments = parser.parse_args()
    found = fragments(FRAGMENTS)
    if arguments.draft:
        sys.stdout.write(section("unreleased", found))
        return 0
    today = dt.datetime.now(dt.UTC).date().isoformat()
    text = section(f"{arguments.version} ({today})", found)
    CHANGELOG.write_text(release(CHANGELOG.read_text(encoding="utf-8"), text), encoding="utf-8")
    for path in (path for paths in found.values() for path in paths):
        path.unlink()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
