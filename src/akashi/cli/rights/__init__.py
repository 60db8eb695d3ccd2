"""Rights are applied for by a department, decided by another person, confirmed by the department manager."""

from __future__ import annotations

import argparse

from akashi.cli.rights import applying, deciding, leaving, listing
from akashi.cli.shell import Parser


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the group ``rights``."""
    group = commands.add_parser(
        "rights",
        help="rights: apply, list, decide, confirm, leave",
        description="Rights are applied for by a department, decided by another person, confirmed by the department manager.",
    )
    inner = group.add_subparsers(dest="action", required=True, metavar="ACTION", parser_class=Parser)
    for command in (applying, listing, deciding, leaving):
        command.declare(inner, parent)
