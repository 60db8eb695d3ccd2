"""``akashi transfer resend``: a new version of what was sent."""

from __future__ import annotations

import argparse

from akashi.app.desk import transfers
from akashi.cli.homes import acting_person, person_options
from akashi.cli.shell import Shell, manual
from akashi.cli.transfer.desk import converted, sending_options, sent, tell_sent


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "resend",
        help="send a corrected file as a new version of a transfer",
        **manual(
            parent,
            "As `transfer send`, to the same receiver, and the new transfer takes the place of the old one.",
            "akashi transfer resend tr-… kekka-2.csv --as mori",
            (3, 4, 5, 6, 7, 8),
        ),
    )
    parser.add_argument("transfer", metavar="TRANSFER", help="the transfer that it replaces (tr-…)")
    sending_options(parser)
    person_options(parser)
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace, shell: Shell) -> int:
    with acting_person(arguments, shell) as (gateway, session):
        gateway.accounts.require(session, "transfer.send")
        old = transfers.shown(gateway, session, arguments.transfer).transfer
        draft = converted(gateway, session, arguments.file, old.receiver, shell, arguments.claims)
        tell_sent(sent(gateway, session, draft, arguments, shell, supersedes=old.handle), draft, shell)
    return 0
