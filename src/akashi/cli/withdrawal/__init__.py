"""How institutions leave. Acts as the secretariat: for whoever holds the home of the server and its passphrase."""

from __future__ import annotations

import argparse

from akashi.cli.shell import Parser
from akashi.cli.withdrawal import leaving


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the group ``withdrawal``."""
    group = commands.add_parser(
        "withdrawal",
        help="withdrawal of institutions: begin, status, settle, complete",
        description="How institutions leave. Acts as the secretariat: for whoever holds the home of the server and its passphrase.",
    )
    inner = group.add_subparsers(dest="action", required=True, metavar="ACTION", parser_class=Parser)
    for command in (leaving,):
        command.declare(inner, parent)
