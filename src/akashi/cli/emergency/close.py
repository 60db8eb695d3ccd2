"""``akashi emergency close``: end an opening."""

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
        "close",
        "close an opening",
        "Ends the sessions of the account; its secret is worth nothing from now on. Then rotate it, and let somebody else review.",
        "akashi emergency close emg-… --as hanako",
    )
    parser.add_argument("opening", metavar="OPENING", help="handle of the opening")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace, shell: Shell) -> int:
    with acting_person(arguments, shell) as (gateway, session):
        emergencies.close(gateway, session, arguments.opening)
        return show_opening(gateway.people.emergencies.opening(arguments.opening), shell)
