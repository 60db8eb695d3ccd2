"""``akashi visit begin``: the visitor begins."""

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
        "begin",
        "begin a visit",
        "The visitor begins, inside the window. From now on what was approved may be read, until the end.",
        "akashi visit begin vis-… --as hoshu.t",
    )
    parser.add_argument("visit", metavar="VISIT", help="handle of the visit")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace, shell: Shell) -> int:
    with acting_person(arguments, shell) as (gateway, session):
        return show_visit(visits.begin(gateway, session, arguments.visit), shell)
