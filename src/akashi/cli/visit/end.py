"""``akashi visit end``: a visit is over."""

from __future__ import annotations

import argparse

from akashi.app.duty import visits
from akashi.cli.homes import acting_person
from akashi.cli.shell import Shell
from akashi.cli.visit.desk import command, show_visit


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = command(
        commands,
        parent,
        "end",
        "end a visit",
        "Ends the visit and the visitor's sessions; what was done beside the plan is told to the administrators.",
        "akashi visit end vis-… --as ops",
    )
    parser.add_argument("visit", metavar="VISIT", help="handle of the visit")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace, shell: Shell) -> int:
    with acting_person(arguments, shell) as (gateway, session):
        return show_visit(visits.end(gateway, session, arguments.visit), shell)
