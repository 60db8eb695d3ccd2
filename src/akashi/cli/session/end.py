"""``akashi session end``: end one session."""

from __future__ import annotations

import argparse

from akashi.app.people import presence
from akashi.cli.homes import acting_maybe, person_named, person_options
from akashi.cli.shell import Shell, manual


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "end",
        help="end one session",
        **manual(
            parent,
            "Ends one session of the list that `akashi session list` shows, at once.",
            "akashi session end 0123456789abcdef --as hanako",
            (3, 4, 5, 6, 7, 8),
        ),
    )
    parser.add_argument("place", metavar="KEY", help="the session's key in the list")
    parser.add_argument("--person", default="", help="whose: login or handle (default: one's own)")
    person_options(parser, required=False)
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace, shell: Shell) -> int:
    with acting_maybe(arguments, shell) as (opened, session):
        person = person_named(opened.gateway, arguments.person) if arguments.person or session is None else ""
        presence.end(opened.gateway, session, arguments.place, person)
    shell.result({"ended": arguments.place}, [arguments.place])
    return 0
