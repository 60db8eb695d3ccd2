"""Commands about alerts: what somebody of the institution must look at."""

from __future__ import annotations

import argparse

from akashi.cli.alert import acknowledge, listing
from akashi.cli.shell import Parser


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the group ``alert``."""
    group = commands.add_parser(
        "alert",
        help="alerts: list, acknowledge",
        description="Alerts about lock-outs, second places, devices, factors, emergencies. Open until a person says that they looked.",
    )
    inner = group.add_subparsers(dest="action", required=True, metavar="ACTION", parser_class=Parser)
    for command in (listing, acknowledge):
        command.declare(inner, parent)
