"""``akashi transfer refuse``: do not take it."""

from __future__ import annotations

import argparse

from akashi.app.desk import transfers
from akashi.cli.homes import acting_person, person_options
from akashi.cli.shell import Shell, manual
from akashi.cli.transfer.desk import tell_done
from akashi.exchange.model import RefuseReason

_REASONS = {one.name.lower(): one for one in RefuseReason}


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "refuse",
        help="do not take a transfer",
        **manual(
            parent,
            "Tells the sender that it is not taken, and why; the payload is erased.",
            "akashi transfer refuse tr-… --reason not_ours --as hoshi",
            (3, 4, 5, 6, 7, 8),
        ),
    )
    parser.add_argument("transfer", metavar="TRANSFER", help="its handle (tr-…)")
    parser.add_argument("--reason", required=True, choices=sorted(_REASONS), help="why")
    person_options(parser)
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace, shell: Shell) -> int:
    with acting_person(arguments, shell) as (gateway, session):
        done = transfers.refused(gateway, session, arguments.transfer, _REASONS[arguments.reason])
    tell_done(arguments.transfer, done, shell)
    return 0
