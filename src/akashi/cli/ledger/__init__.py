"""Commands about the ledger itself."""

from __future__ import annotations

import argparse

from akashi.cli.ledger import audit, checkpoint, rebuild, receipt, rekey, stamp
from akashi.cli.shell import Parser


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the group ``ledger``."""
    group = commands.add_parser(
        "ledger",
        help="the ledger: audit, checkpoint, receipt, stamp, rekey, rebuild",
        description="The ledger itself, for whoever holds the home.",
    )
    inner = group.add_subparsers(dest="action", required=True, metavar="ACTION", parser_class=Parser)
    for command in (audit, checkpoint, receipt, stamp, rekey, rebuild):
        command.declare(inner, parent)
