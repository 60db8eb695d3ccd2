"""What the commands of approved maps share: parsers with a person, and how a version is shown."""

from __future__ import annotations

import argparse
from typing import Any

from akashi.app.checkup.telling import version_line, version_row
from akashi.checkup.approval.model import MAX_VERSION, MapVersion
from akashi.cli.homes import person_options
from akashi.cli.shell import Shell, manual

STATUSES = (3, 4, 5, 6, 7, 8)


def person_step(
    commands: argparse._SubParsersAction[Any],
    parent: argparse.ArgumentParser,
    name: str,
    text: str,
    more: str,
    example: str,
) -> argparse.ArgumentParser:
    """The parser of a command that somebody signs in for; ``text`` is its help line, ``more`` its description."""
    parser: argparse.ArgumentParser = commands.add_parser(name, help=text, **manual(parent, more, example, STATUSES))
    person_options(parser)
    return parser


def version_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments that name one version of a map."""
    parser.add_argument("map", metavar="MAP", help="the map's handle (map-…)")
    parser.add_argument("version", type=version_number, metavar="VERSION", help="its version (1, 2, …)")


def version_number(text: str) -> int:
    """The type of arguments that are versions.

    >>> version_number("3")
    3
    """
    number = int(text)
    if not 0 < number <= MAX_VERSION:
        raise argparse.ArgumentTypeError(f"1…{MAX_VERSION}")
    return number


def shown(one: MapVersion, shell: Shell) -> int:
    """A step was taken; the version as it stands now."""
    shell.result(version_row(one), [version_line(one, shell.language)])
    return 0
