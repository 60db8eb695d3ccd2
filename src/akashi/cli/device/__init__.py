"""Commands about devices: browsers and machines that hold a client certificate."""

from __future__ import annotations

import argparse

from akashi.cli.device import (
    add,
    approve,
    limit,
    listing,
    lost,
    reassign,
    renew,
    request,
    requests,
    revoke,
)
from akashi.cli.shell import Parser


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the group ``device``."""
    group = commands.add_parser(
        "device",
        help="devices of an institution: ask for, approve, add, list, renew, hand on, report lost, revoke, limit",
        description="Devices with a client certificate. Adding, revoking and limiting need the server's home, which holds the CA; the rest is asked of the server.",
    )
    inner = group.add_subparsers(dest="action", required=True, metavar="ACTION", parser_class=Parser)
    for command in (add, listing, revoke, request, requests, approve, renew, reassign, lost, limit):
        command.declare(inner, parent)
