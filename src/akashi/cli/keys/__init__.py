"""Commands about keys: the passphrase of the key stores, where keys are, changing them, a leak, shares."""

from __future__ import annotations

import argparse

from akashi.cli.keys import drill, move, passphrase, recover, report, rotate, shares, trial
from akashi.cli.shell import Parser


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the group ``keys``."""
    group = commands.add_parser(
        "keys",
        help="keys: passphrase, report, rotate, move, leak-drill, shares",
        description="The keys of a home, for whoever holds it.",
    )
    inner = group.add_subparsers(dest="action", required=True, metavar="ACTION", parser_class=Parser)
    for command in (passphrase, report, rotate, move, drill, shares, trial, recover):
        command.declare(inner, parent)
