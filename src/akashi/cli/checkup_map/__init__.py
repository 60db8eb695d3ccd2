"""Commands about maps: draft, try, explain, compare; and, at a gateway, approve, list, show, retire, share, adopt."""

from __future__ import annotations

import argparse

from akashi.cli.checkup_map import adopt, approve, check, diff, draft, explain, listing, retire, share, show
from akashi.cli.shell import Parser

COMMANDS = (draft, check, explain, diff, approve, listing, show, retire, share, adopt)


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the group ``map``."""
    group = commands.add_parser(
        "map",
        help="maps: draft, check, explain, diff, approve, list, show, retire, share, adopt",
        description="How an institution's own layout is read: propose it, try it, sign it.",
    )
    inner = group.add_subparsers(dest="step", required=True, metavar="STEP", parser_class=Parser)
    for command in COMMANDS:
        command.declare(inner, parent)
