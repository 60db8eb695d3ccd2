"""Commands about the people of one institution, at its gateway."""

from __future__ import annotations

import argparse

from akashi.cli.person import add, disable, factor, key, listing, password, recovery, temporary, totp
from akashi.cli.shell import Parser


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the group ``person``."""
    group = commands.add_parser(
        "person",
        help="people of an institution: add, list, disable, password, totp, factor, recovery, temporary, key",
        description="The people of one institution. A manager signs in with --as; without it whoever holds the home acts.",
    )
    inner = group.add_subparsers(dest="action", required=True, metavar="ACTION", parser_class=Parser)
    for command in (add, listing, disable, password, totp, factor, recovery, temporary, key):
        command.declare(inner, parent)
