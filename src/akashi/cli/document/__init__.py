"""Commands about signed documents (PDF)."""

from __future__ import annotations

import argparse

from akashi.cli.document import roles, sign, verify
from akashi.cli.shell import Parser


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the group ``document``."""
    group = commands.add_parser(
        "document",
        help="signed PDFs: sign, verify, roles",
        description="Sign a PDF for the long term, verify one offline, read the qualification in a certificate.",
    )
    inner = group.add_subparsers(dest="action", required=True, metavar="ACTION", parser_class=Parser)
    for command in (sign, verify, roles):
        command.declare(inner, parent)
