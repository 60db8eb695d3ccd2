"""Commands about transfers, for a signed-in person of one institution."""

from __future__ import annotations

import argparse

from akashi.cli.shell import Parser
from akashi.cli.transfer import confirm, listing, pending, receive, refuse, resend, send, show, withdraw


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the group ``transfer``."""
    group = commands.add_parser(
        "transfer",
        help="transfers: send, list, show, receive, confirm, refuse, withdraw, resend, pending",
        description="Send and receive. Each command signs a person in (--as) and out again.",
    )
    inner = group.add_subparsers(dest="action", required=True, metavar="ACTION", parser_class=Parser)
    for command in (send, listing, show, receive, confirm, refuse, withdraw, resend, pending):
        command.declare(inner, parent)
