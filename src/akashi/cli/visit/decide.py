"""``akashi visit decide``: accept or refuse a visit."""

from __future__ import annotations

import argparse

from akashi.app.duty import visits
from akashi.cli.homes import acting_person
from akashi.cli.shell import Shell
from akashi.cli.visit.desk import VERDICTS, command, show_visit


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = command(
        commands,
        parent,
        "decide",
        "decide on a visit",
        "Accepts or refuses the plan as it was applied for (`visit show`). Not by whoever applied, nor by the visitor.",
        "akashi visit decide vis-… accept --as boss",
    )
    parser.add_argument("visit", metavar="VISIT", help="handle of the visit")
    parser.add_argument("verdict", choices=sorted(VERDICTS), help="the decision")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace, shell: Shell) -> int:
    with acting_person(arguments, shell) as (gateway, session):
        return show_visit(visits.decide(gateway, session, arguments.visit, VERDICTS[arguments.verdict]), shell)
