"""Commands about permissions: the table, and why somebody may or may not do something."""

from __future__ import annotations

import argparse

from akashi.cli.access import explain, table
from akashi.cli.shell import Parser


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the group ``access``."""
    group = commands.add_parser(
        "access",
        help="permissions: explain, table",
        description="Permissions: the one table of actions, and why somebody may or may not do one of them.",
    )
    inner = group.add_subparsers(dest="action", required=True, metavar="ACTION", parser_class=Parser)
    for command in (explain, table):
        command.declare(inner, parent)
