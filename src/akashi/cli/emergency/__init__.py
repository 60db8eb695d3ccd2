"""Commands about break-glass accounts and declared emergencies."""

from __future__ import annotations

import argparse

from akashi.cli.emergency import (
    close,
    confirm,
    declare_command,
    end,
    listing,
    opening,
    prepare,
    review,
    rotate,
    step,
    take,
)
from akashi.cli.shell import Parser


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the group ``emergency``."""
    group = commands.add_parser(
        "emergency",
        help="break-glass accounts: prepare, open, confirm, take, close, review, rotate; declare, step, end",
        description="Sealed accounts for emergencies, and declared emergencies with their checklist. Everything is recorded and reviewed.",
    )
    inner = group.add_subparsers(dest="action", required=True, metavar="ACTION", parser_class=Parser)
    for command in (prepare, opening, confirm, take, close, review, rotate, declare_command, step, end, listing):
        command.declare(inner, parent)
