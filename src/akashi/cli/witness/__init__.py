"""Commands of a witness: the small program that another organisation runs (docs/witness.md)."""

from __future__ import annotations

import argparse

from akashi.cli.shell import Parser
from akashi.cli.witness import init, keys, run, show


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the group ``witness``."""
    group = commands.add_parser(
        "witness",
        help="a witness of other organisations' ledgers: init, run, keys, show",
        description="A witness (C2SP tlog-witness): cosigns checkpoints that extend those it saw, and keeps proof of the others.",
    )
    inner = group.add_subparsers(dest="action", required=True, metavar="ACTION", parser_class=Parser)
    for command in (init, run, keys, show):
        command.declare(inner, parent)
