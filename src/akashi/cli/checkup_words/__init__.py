"""Commands about findings that no thesaurus understood at a gateway: list them, decide what they mean."""

from __future__ import annotations

import argparse

from akashi.cli.checkup_words import decide, listing
from akashi.cli.shell import Parser


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the group ``words``."""
    group = commands.add_parser(
        "words",
        help="words that no thesaurus understood at a gateway: list, decide",
        description="What conversions at a gateway did not understand, and what it means from now on.",
    )
    inner = group.add_subparsers(dest="step", required=True, metavar="STEP", parser_class=Parser)
    for command in (listing, decide):
        command.declare(inner, parent)
