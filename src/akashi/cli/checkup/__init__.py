"""Commands about checkup files. They work on files and maps only: nothing is sent, nobody signs in, nothing is recorded."""

from __future__ import annotations

import argparse

from akashi.cli.checkup import convert, generate, hc08, inspect
from akashi.cli.shell import Parser


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the group ``checkup``."""
    group = commands.add_parser(
        "checkup",
        help="checkup files: inspect, convert, hc08, generate",
        description="Look at and convert checkup files on this machine. Nothing leaves it.",
    )
    inner = group.add_subparsers(dest="action", required=True, metavar="ACTION", parser_class=Parser)
    for command in (inspect, convert, hc08, generate):
        command.declare(inner, parent)
