"""``akashi transfer confirm``: it arrived."""

from __future__ import annotations

import argparse

from akashi.app.desk import transfers
from akashi.cli.homes import acting_person, person_options
from akashi.cli.shell import Shell, manual
from akashi.cli.transfer.desk import tell_done


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "confirm",
        help="say that it arrived and is right",
        **manual(
            parent,
            "Confirms receipt; only after it was opened here and found to be what the sender committed to.",
            "akashi transfer confirm tr-… --as hoshi",
            (3, 4, 5, 6, 7, 8),
        ),
    )
    parser.add_argument("transfer", metavar="TRANSFER", help="its handle (tr-…)")
    person_options(parser)
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace, shell: Shell) -> int:
    with acting_person(arguments, shell) as (gateway, session):
        done = transfers.confirmed(gateway, session, arguments.transfer)
    tell_done(arguments.transfer, done, shell)
    return 0
