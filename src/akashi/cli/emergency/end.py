"""``akashi emergency end``: a declared emergency is over."""

from __future__ import annotations

import argparse

from akashi.app.duty import emergencies
from akashi.cli.emergency.desk import command
from akashi.cli.homes import acting_person
from akashi.cli.shell import Shell


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = command(
        commands,
        parent,
        "end",
        "end a declared emergency",
        "Closes what the declaration opened. Then rotate the accounts and let somebody else review each opening.",
        "akashi emergency end emg-… --as boss",
    )
    parser.add_argument("declaration", metavar="DECLARATION", help="handle of the declared emergency")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace, shell: Shell) -> int:
    with acting_person(arguments, shell) as (gateway, session):
        found = emergencies.end(gateway, session, arguments.declaration)
    shell.result({"declaration": found.handle, "openings": list(found.openings)}, [found.handle, *found.openings])
    return 0
