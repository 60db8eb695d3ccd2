"""``akashi session leak``: somebody's secrets may have leaked."""

from __future__ import annotations

import argparse

from akashi.app.people import presence
from akashi.cli.homes import acting_maybe, person_named, person_options
from akashi.cli.shell import Shell, manual


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "leak",
        help="stop a person's secrets and sessions at once",
        **manual(
            parent,
            "For a suspected leak: ends all sessions of a person and refuses their password and factors from now on. Only a reset with\n"
            "an identity check (`akashi reset`) brings the person back.",
            "akashi session leak --person hanako --as mori",
            (3, 4, 5, 6, 7, 8),
        ),
    )
    parser.add_argument("--person", default="", help="whose: login or handle (default: one's own)")
    person_options(parser, required=False)
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace, shell: Shell) -> int:
    with acting_maybe(arguments, shell) as (opened, session):
        person = person_named(opened.gateway, arguments.person) if arguments.person or session is None else ""
        ended = presence.suspect_leak(opened.gateway, session, person)
    shell.result({"ended": ended, "stopped": True}, [str(ended)])
    return 0
