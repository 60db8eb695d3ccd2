"""``akashi person disable``: somebody left."""

from __future__ import annotations

import argparse

from akashi.app.people import rights
from akashi.cli.homes import acting_maybe, person_named, person_options
from akashi.cli.shell import Shell, manual
from akashi.identity.model import PersonReason

_REASONS = {one.name.lower(): one for one in PersonReason}


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "disable",
        help="stop a person, for good",
        **manual(
            parent,
            "Stops a person on the ledger, revokes their keys and ends their sessions. Handle and login are never given to anybody else.",
            "akashi person disable hanako --reason left",
            (3, 4, 5, 6, 7, 8),
        ),
    )
    parser.add_argument("named", metavar="PERSON", help="login or handle")
    parser.add_argument("--reason", choices=sorted(_REASONS), default="left", help="why (default left)")
    person_options(parser, required=False)
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace, shell: Shell) -> int:
    with acting_maybe(arguments, shell) as (opened, session):
        person = person_named(opened.gateway, arguments.named)
        rights.left(
            opened.gateway, session, person, _REASONS[arguments.reason]
        )  # keys and devices too, not the account alone
    shell.result({"enabled": False, "person": person}, [person])
    return 0
