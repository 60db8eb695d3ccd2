"""``akashi device reassign``: somebody else answers for a device."""

from __future__ import annotations

import argparse

from akashi.app.people import devices
from akashi.cli.homes import acting_maybe, person_named, person_options
from akashi.cli.shell import Shell, manual


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "reassign",
        help="let somebody else answer for a device",
        **manual(
            parent,
            "Hands a device on to another person of the institution. A device whose person left is refused after a grace time otherwise.",
            "akashi device reassign dev-… --person hanako --as mori",
            (3, 4, 5, 6, 7, 8),
        ),
    )
    parser.add_argument("device", metavar="DEVICE", help="its handle")
    parser.add_argument("--person", required=True, help="who answers for it from now on: login or handle")
    person_options(parser, required=False)
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace, shell: Shell) -> int:
    with acting_maybe(arguments, shell) as (opened, session):
        person = person_named(opened.gateway, arguments.person)
        devices.reassign(opened.gateway, session, arguments.device, person)
    shell.result({"device": arguments.device, "responsible": person}, [arguments.device])
    return 0
