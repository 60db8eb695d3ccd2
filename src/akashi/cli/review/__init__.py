"""Periodic reviews (棚卸) of accounts, devices and clients, at the gateway."""

from __future__ import annotations

import argparse

from akashi.cli.review import deciding, listing, opening
from akashi.cli.shell import Parser


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the group ``review``."""
    group = commands.add_parser(
        "review",
        help="periodic reviews of accounts: open, list, show, export, decide, close",
        description="Periodic reviews (棚卸) of accounts, devices and clients, at the gateway.",
    )
    inner = group.add_subparsers(dest="action", required=True, metavar="ACTION", parser_class=Parser)
    for command in (opening, listing, deciding):
        command.declare(inner, parent)
