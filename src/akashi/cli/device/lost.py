"""``akashi device lost``: a device is lost."""

from __future__ import annotations

import argparse

from akashi.app.people import devices
from akashi.cli.homes import acting_maybe, person_options
from akashi.cli.shell import Shell, manual


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "lost",
        help="report a device lost: it is refused at once",
        **manual(
            parent,
            "Revokes a lost device at once: one that you answer for yourself, or, for managers, any of the institution. Raises an alert.",
            "akashi device lost dev-… --as hanako",
            (3, 4, 5, 6, 7, 8),
        ),
    )
    parser.add_argument("device", metavar="DEVICE", help="its handle")
    person_options(parser, required=False)
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace, shell: Shell) -> int:
    with acting_maybe(arguments, shell) as (opened, session):
        devices.lost(opened.gateway, session, arguments.device)
    shell.result({"device": arguments.device, "revoked": True}, [arguments.device])
    return 0
