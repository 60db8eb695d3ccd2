"""``akashi alert acknowledge``: somebody looked at it."""

from __future__ import annotations

import argparse

from akashi.app.people import presence
from akashi.cli.homes import acting_person, person_options
from akashi.cli.shell import Shell, manual


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "acknowledge",
        help="say that one has looked at an alert",
        **manual(
            parent,
            "Closes an alert in the name of the person who looked at it; the access journal keeps who and when.",
            "akashi alert acknowledge 7 --as mori",
            (3, 4, 5, 6, 7, 8),
        ),
    )
    parser.add_argument("number", type=int, metavar="NUMBER", help="its number in the list")
    person_options(parser)
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace, shell: Shell) -> int:
    with acting_person(arguments, shell) as (gateway, session):
        done = presence.acknowledge(gateway, session, arguments.number)
    shell.result({"acknowledged_by": done.acknowledged_by, "number": done.number}, [str(done.number)])
    return 0
