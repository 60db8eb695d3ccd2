"""What the commands about visits share: the plan as a file, words for enumerations, and how a visit is shown.

Guarantees: a plan is read strictly, so that nothing in the file is passed over. Refuses keys and words that it does not know.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from enum import IntEnum
from pathlib import Path
from typing import Any, TypeVar

from akashi.cli.files import read_bounded
from akashi.cli.homes import person_options
from akashi.cli.shell import Shell, manual, moment
from akashi.identity.journal import What
from akashi.identity.maintenance.errors import PlanUnusable
from akashi.identity.maintenance.model import (
    NO_READS,
    Comparison,
    Reads,
    TrialData,
    Visit,
    VisitVerdict,
    WorkPlan,
    WorkPurpose,
)

Chosen = TypeVar("Chosen", bound=IntEnum)
STATUSES = (2, 3, 4, 5, 6, 7, 8)
_LIMIT = 64 * 1024
_KEYS = {"purpose", "systems", "steps", "sources", "expects", "reads", "test_accounts", "text"}
_JAPAN = timezone(timedelta(hours=9))
VERDICTS = {"accept": VisitVerdict.ACCEPTED, "refuse": VisitVerdict.REFUSED}
TRIAL_DATA = {one.name.lower(): one for one in TrialData}


def command(
    commands: argparse._SubParsersAction[Any],
    parent: argparse.ArgumentParser,
    name: str,
    text: str,
    more: str,
    example: str,
) -> argparse.ArgumentParser:
    """The parser of one command that a person runs."""
    parser: argparse.ArgumentParser = commands.add_parser(name, help=text, **manual(parent, more, example, STATUSES))
    person_options(parser)
    return parser


def instant(text: str) -> int:
    """The type of options that name a minute in Japan, ``2026-11-21T09:00``: in milliseconds.

    >>> instant("1970-01-01T09:00")
    0
    """
    at = int(datetime.strptime(text, "%Y-%m-%dT%H:%M").replace(tzinfo=_JAPAN).timestamp() * 1000)
    if at < 0:
        raise argparse.ArgumentTypeError("1970-01-01T09:00…")
    return at


def plan_of(path: Path) -> WorkPlan:
    """A plan file (JSON): purpose, systems, steps, sources, and where they apply expects, reads, test_accounts, text.

    Raises :class:`PlanUnusable` with the field that is wrong.
    """
    try:
        row = json.loads(read_bounded(path, _LIMIT))
    except ValueError as error:
        raise PlanUnusable(field="json") from error
    if not isinstance(row, dict) or set(row) - _KEYS:
        raise PlanUnusable(field="json")
    reads = NO_READS
    for one in _words(row, "reads", Reads):
        reads |= one
    purpose = _words({"purpose": [row.get("purpose", "")]}, "purpose", WorkPurpose)[0]
    expects = tuple(_words(row, "expects", What))
    texts = (_texts(row, "systems"), _texts(row, "steps"), _texts(row, "sources"))
    text = row.get("text", "")
    return WorkPlan(
        purpose, *texts, expects, reads, _texts(row, "test_accounts"), text if isinstance(text, str) else ""
    )


def _texts(row: Mapping[str, object], field: str) -> tuple[str, ...]:
    found = row.get(field, [])
    if not isinstance(found, list) or not all(isinstance(one, str) for one in found):
        raise PlanUnusable(field=field)
    return tuple(found)


def _words(row: Mapping[str, object], field: str, kind: Any) -> list[Any]:
    known = {one.name.lower(): one for one in kind}
    found = _texts(row, field)
    if set(found) - set(known):
        raise PlanUnusable(field=field)
    return [known[one] for one in found]


def visit_row(one: Visit) -> dict[str, object]:
    """A visit as JSON."""
    return {
        "deviations": one.deviations,
        "emergency": one.emergency,
        "from_ms": one.from_ms,
        "maintainer": one.maintainer,
        "review": None if one.review is None else one.review.name.lower(),
        "stage": one.stage.name.lower(),
        "to_ms": one.to_ms,
        "verdict": None if one.verdict is None else one.verdict.name.lower(),
        "visit": one.handle,
    }


def visit_line(one: Visit) -> str:
    """A visit on one line."""
    verdict = "-" if one.verdict is None else one.verdict.name.lower()
    return "  ".join(
        (one.handle, one.maintainer, one.stage.name.lower(), verdict, moment(one.from_ms), moment(one.to_ms))
    )


def comparison_row(found: Comparison) -> dict[str, object]:
    """A comparison as JSON."""
    return {
        "acted_as": list(found.acted_as),
        "deviations": [[one.code, one.number] for one in found.deviations],
        "entries": found.entries,
        "saw": found.saw.name.lower(),
        "seen": list(found.seen),
    }


def comparison_lines(found: Comparison, shell: Shell) -> list[str]:
    """A comparison as lines."""
    head = shell.choose(
        f"記録 {found.entries} 件、見た対象 {len(found.seen)} 件、計画との違い {len(found.deviations)} 件",
        f"{found.entries} entries, {len(found.seen)} subjects seen, {len(found.deviations)} deviations",
    )
    return [head, *(f"! {one.number:>6}  {one.code}" for one in found.deviations), *found.seen]


def show_visit(one: Visit, shell: Shell) -> int:
    """A visit."""
    shell.result(visit_row(one), [visit_line(one)])
    return 0
