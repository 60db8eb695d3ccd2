"""How institutions join, step by step. Acts as the secretariat: for whoever holds the home of the server and its passphrase."""

from __future__ import annotations

import argparse

from akashi.cli.admission import applying, stepping
from akashi.cli.shell import Parser


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the group ``admission``."""
    group = commands.add_parser(
        "admission",
        help="admission of institutions: apply, attest, map, complete, list",
        description="How institutions join, step by step. Acts as the secretariat: for whoever holds the home of the server and its passphrase.",
    )
    inner = group.add_subparsers(dest="action", required=True, metavar="ACTION", parser_class=Parser)
    for command in (applying, stepping):
        command.declare(inner, parent)
