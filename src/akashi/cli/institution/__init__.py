"""Commands of the secretariat about who takes part. They work on the server's own home."""

from __future__ import annotations

import argparse

from akashi.cli.institution import add, listing, switch
from akashi.cli.shell import Parser


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the group ``institution``."""
    group = commands.add_parser(
        "institution",
        help="institutions: add, list, disable, enable",
        description="Who takes part. Acts as the secretariat: for whoever holds the server's home and its passphrase.",
    )
    inner = group.add_subparsers(dest="action", required=True, metavar="ACTION", parser_class=Parser)
    for command in (add, listing, switch):
        command.declare(inner, parent)
