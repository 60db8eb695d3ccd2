"""``akashi client disable``: a machine client stops, for good."""

from __future__ import annotations

import argparse

from akashi.app.people import clients
from akashi.cli.homes import acting_person, person_options
from akashi.cli.shell import Shell, manual
from akashi.identity.access.model import ClientReason

_REASONS = {one.name.lower(): one for one in ClientReason}


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "disable",
        help="stop a machine client, for good",
        **manual(
            parent,
            "Ends every secret of the client at once and records the end on the ledger. Its handle is never given again.",
            "akashi client disable cli-… --reason suspected_leak --as mori",
            (3, 4, 5, 6, 7, 8),
        ),
    )
    parser.add_argument("client", metavar="CLIENT", help="its handle (cli-…)")
    parser.add_argument("--reason", choices=sorted(_REASONS), default="retired", help="why (default retired)")
    person_options(parser)
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace, shell: Shell) -> int:
    with acting_person(arguments, shell) as (gateway, session):
        clients.disabled(gateway, session, arguments.client, _REASONS[arguments.reason])
    shell.result({"client": arguments.client, "enabled": False}, [arguments.client])
    return 0
