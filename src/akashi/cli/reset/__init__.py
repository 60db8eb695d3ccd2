"""The ledger of resets: an identity check, then a ticket with which the person sets a new password."""

from __future__ import annotations

import argparse

from akashi.cli.reset import issuing, redeeming
from akashi.cli.shell import Parser


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the group ``reset``."""
    group = commands.add_parser(
        "reset",
        help="password resets: issue, list, redeem",
        description="The ledger of resets: an identity check, then a ticket with which the person sets a new password.",
    )
    inner = group.add_subparsers(dest="action", required=True, metavar="ACTION", parser_class=Parser)
    for command in (issuing, redeeming):
        command.declare(inner, parent)
