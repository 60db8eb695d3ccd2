"""``akashi emergency confirm``: the second person opens what was asked for."""

from __future__ import annotations

import argparse

from akashi.app.duty import emergencies
from akashi.cli.emergency.desk import command, show_opening
from akashi.cli.homes import acting_person
from akashi.cli.shell import Shell


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = command(
        commands,
        parent,
        "confirm",
        "confirm an opening as the second person",
        "Opens what another person asked for within the last hour. The opener then gets the secret with `emergency take`.",
        "akashi emergency confirm emg-… --as jiro",
    )
    parser.add_argument("opening", metavar="OPENING", help="handle of the opening")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace, shell: Shell) -> int:
    with acting_person(arguments, shell) as (gateway, session):
        return show_opening(emergencies.confirm(gateway, session, arguments.opening), shell)
