"""``akashi rights leave``: somebody leaves."""

from __future__ import annotations

import argparse

from akashi.app.people import rights
from akashi.cli.homes import acting_maybe, person_named, person_options
from akashi.cli.shell import Shell, manual
from akashi.identity.model import PersonReason

_REASONS = {one.name.lower(): one for one in PersonReason}


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the command."""
    text = (
        "Stops a person for good: rights, keys and sessions. Tells what they leave behind: devices and departments that\n"
        "need somebody else, transfers that are open. Safe to repeat."
    )
    example = "akashi rights leave hanako --as mori"
    parser = commands.add_parser("leave", help="somebody leaves", **manual(parent, text, example, (3, 4, 5, 6, 7, 8)))
    parser.add_argument("named", metavar="PERSON", help="login or handle")
    parser.add_argument("--reason", choices=sorted(_REASONS), default="left", help="why (default left)")
    person_options(parser, required=False)
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace, shell: Shell) -> int:
    with acting_maybe(arguments, shell) as (opened, session):
        person = person_named(opened.gateway, arguments.named)
        gone = rights.left(opened.gateway, session, person, _REASONS[arguments.reason])
    value = {
        "departments": list(gone.left.departments),
        "devices": list(gone.left.devices),
        "keys": gone.left.keys,
        "person": person,
        "sessions": gone.left.sessions,
        "transfers": list(gone.transfers),
    }
    shell.result(value, [person, *gone.left.devices, *gone.left.departments, *gone.transfers])
    return 0
