"""Commands about devices: browsers and machines that hold a client certificate."""

from __future__ import annotations

import argparse

from akashi.cli.device import add, listing, revoke
from akashi.cli.shell import Parser


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the group ``device``."""
    group = commands.add_parser(
        "device",
        help="devices of an institution: add, list, revoke",
        description="Devices with a client certificate. Issuing and revoking need the server's home, which holds the CA.",
    )
    inner = group.add_subparsers(dest="action", required=True, metavar="ACTION", parser_class=Parser)
    for command in (add, listing, revoke):
        command.declare(inner, parent)
