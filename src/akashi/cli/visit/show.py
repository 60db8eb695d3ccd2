"""``akashi visit show``: one visit with its plan and comparison."""

from __future__ import annotations

import argparse
import json

from akashi.app.duty import visits
from akashi.cli.homes import acting_person
from akashi.cli.shell import Shell
from akashi.cli.visit.desk import command, comparison_lines, comparison_row, visit_line, visit_row
from akashi.identity.maintenance.rules import plan_text


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = command(
        commands,
        parent,
        "show",
        "show a visit",
        "Shows the plan as the ledger commits to it, and once work began how the journal compares with it.",
        "akashi visit show vis-… --as boss",
    )
    parser.add_argument("visit", metavar="VISIT", help="handle of the visit")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace, shell: Shell) -> int:
    with acting_person(arguments, shell) as (gateway, session):
        found = visits.shown(gateway, session, arguments.visit)
    plan = json.loads(plan_text(found.plan))
    lines = [visit_line(found.visit), json.dumps(plan, ensure_ascii=False, indent=2, sort_keys=True)]
    value = visit_row(found.visit) | {"plan": plan}
    if found.comparison is not None:
        value |= {"comparison": comparison_row(found.comparison)}
        lines += comparison_lines(found.comparison, shell)
    shell.result(value, lines)
    return 0
