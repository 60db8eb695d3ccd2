"""Commands of a ledger that several servers keep (docs/network.md)."""

from __future__ import annotations

import argparse

from akashi.cli.network import accept, add, init, ipsec, offer, promote, remove, repair, run, start, status
from akashi.cli.shell import Parser


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the group ``network``."""
    group = commands.add_parser(
        "network",
        help="several servers that keep one ledger: init, run, start, status, add, remove, repair, ipsec, stop",
        description="Hands the ledger over to several servers, runs them, and says how they are.",
    )
    inner = group.add_subparsers(dest="action", required=True, metavar="ACTION", parser_class=Parser)
    for command in (init, run, start, status, offer, add, accept, promote, remove, repair, ipsec):
        command.declare(inner, parent)
