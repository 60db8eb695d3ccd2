"""Who read what, from the access journal; the review of a report is on the ledger."""

from __future__ import annotations

import argparse

from akashi.cli.report import reviewing, showing
from akashi.cli.shell import Parser


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the group ``report``."""
    group = commands.add_parser(
        "report",
        help="reports of access: show, review, list",
        description="Who read what, from the access journal; the review of a report is on the ledger.",
    )
    inner = group.add_subparsers(dest="action", required=True, metavar="ACTION", parser_class=Parser)
    for command in (showing, reviewing):
        command.declare(inner, parent)
