"""``akashi checkup map diff``: what changed between two maps, in words."""

from __future__ import annotations

import argparse
from pathlib import Path

from akashi.app.checkup.telling import change_lines, change_row
from akashi.app.desk.maps import MapShelf
from akashi.checkup.mapping.difference import difference
from akashi.cli.checkup_map.files import read_map
from akashi.cli.shell import Shell, manual


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "diff",
        help="what changed between two maps",
        **manual(
            parent,
            "Names every difference that could change a converted cell, one sentence each. Needs no home.",
            "akashi checkup map diff old.yaml new.yaml",
        ),
    )
    parser.add_argument("old", type=Path, metavar="OLD", help="the earlier map (.yaml)")
    parser.add_argument("new", type=Path, metavar="NEW", help="the later map (.yaml)")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace, shell: Shell) -> int:
    old, new = read_map(arguments.old), read_map(arguments.new)
    found = difference(old, new, MapShelf(arguments.home / "maps").items())
    shell.result([change_row(one) for one in found], change_lines(found, shell.language))
    return 0
