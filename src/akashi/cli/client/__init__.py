"""Commands about machine clients: programs of the institution that use the API with narrow credentials of their own."""

from __future__ import annotations

import argparse

from akashi.cli.client import add, change, disable, listing, rotate
from akashi.cli.shell import Parser


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the group ``client``."""
    group = commands.add_parser(
        "client",
        help="machine clients: add, list, change, rotate, disable",
        description="Machine clients: a device certificate and a secret of their own, and a few actions. A manager signs in.",
    )
    inner = group.add_subparsers(dest="action", required=True, metavar="ACTION", parser_class=Parser)
    for command in (add, listing, change, rotate, disable):
        command.declare(inner, parent)
