"""``akashi session everywhere``: sign somebody out everywhere."""

from __future__ import annotations

import argparse

from akashi.app.people import presence
from akashi.cli.homes import acting_maybe, person_named, person_options
from akashi.cli.shell import Shell, manual


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "everywhere",
        help="end all sessions of a person",
        **manual(
            parent,
            "Ends all sessions of a person, on every device, at once; also the one of this command.",
            "akashi session everywhere --as hanako",
            (3, 4, 5, 6, 7, 8),
        ),
    )
    parser.add_argument("--person", default="", help="whose: login or handle (default: one's own)")
    person_options(parser, required=False)
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace, shell: Shell) -> int:
    with acting_maybe(arguments, shell) as (opened, session):
        person = person_named(opened.gateway, arguments.person) if arguments.person or session is None else ""
        ended = presence.everywhere(opened.gateway, session, person)
    shell.result({"ended": ended}, [str(ended)])
    return 0
