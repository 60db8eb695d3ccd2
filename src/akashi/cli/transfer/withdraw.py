"""``akashi transfer withdraw``: take back what was not opened."""

from __future__ import annotations

import argparse

from akashi.app.desk import transfers
from akashi.cli.homes import acting_person, person_options
from akashi.cli.shell import Shell, manual
from akashi.cli.transfer.desk import tell_done
from akashi.exchange.model import WithdrawReason

_REASONS = {one.name.lower(): one for one in WithdrawReason}


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "withdraw",
        help="take back what the receiver has not opened",
        **manual(
            parent,
            "Takes a transfer back before it was opened; the payload is erased.",
            "akashi transfer withdraw tr-… --reason wrong_receiver --as mori",
            (3, 4, 5, 6, 7, 8),
        ),
    )
    parser.add_argument("transfer", metavar="TRANSFER", help="its handle (tr-…)")
    parser.add_argument("--reason", required=True, choices=sorted(_REASONS), help="why")
    person_options(parser)
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace, shell: Shell) -> int:
    with acting_person(arguments, shell) as (gateway, session):
        done = transfers.withdrawn(gateway, session, arguments.transfer, _REASONS[arguments.reason])
    tell_done(arguments.transfer, done, shell)
    return 0
