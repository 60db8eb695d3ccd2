"""Commands about the access journal of one gateway."""

from __future__ import annotations

import argparse

from akashi.cli.journal import listing, verify
from akashi.cli.shell import Parser


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the group ``journal``."""
    group = commands.add_parser(
        "journal",
        help="the access journal: verify, list",
        description="Who signed in, read, took out or was refused what, at one gateway.",
    )
    inner = group.add_subparsers(dest="action", required=True, metavar="ACTION", parser_class=Parser)
    for command in (verify, listing):
        command.declare(inner, parent)
