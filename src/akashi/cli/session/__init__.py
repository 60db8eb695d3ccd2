"""Commands about sessions: where somebody is signed in, and ending it."""

from __future__ import annotations

import argparse

from akashi.cli.session import end, everywhere, leak, listing
from akashi.cli.shell import Parser


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the group ``session``."""
    group = commands.add_parser(
        "session",
        help="sessions: list, end, everywhere, leak",
        description="Where people of one institution are signed in. One's own sessions with --as; a manager's people with --person.",
    )
    inner = group.add_subparsers(dest="action", required=True, metavar="ACTION", parser_class=Parser)
    for command in (listing, end, everywhere, leak):
        command.declare(inner, parent)
