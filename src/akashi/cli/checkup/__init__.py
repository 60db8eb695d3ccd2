"""Commands about checkup files. They work on files and maps only: nothing is sent, and nobody signs in but to approve maps."""

from __future__ import annotations

import argparse

from akashi.cli import checkup_formats, checkup_map, checkup_words
from akashi.cli.checkup import batch, convert, emergency, generate, inspect, show
from akashi.cli.shell import Parser


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the group ``checkup``."""
    group = commands.add_parser(
        "checkup",
        help="checkup files: inspect, read, check, convert, write, terms, words, batch, show, emergency, generate; archives, FHIR, maps",
        description="Look at and convert checkup files on this machine. Nothing leaves it.",
    )
    inner: argparse._SubParsersAction[argparse.ArgumentParser] = group.add_subparsers(
        dest="action", required=True, metavar="ACTION", parser_class=Parser
    )
    for command in (inspect, convert, batch, show, emergency, generate):
        command.declare(inner, parent)
    checkup_formats.declare(inner, parent)
    checkup_map.declare(inner, parent)
    checkup_words.declare(inner, parent)
