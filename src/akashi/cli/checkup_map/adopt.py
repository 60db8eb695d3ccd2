"""``akashi checkup map adopt``: use a map that another institution shared."""

from __future__ import annotations

import argparse
from pathlib import Path

from akashi.app.checkup import mapdesk
from akashi.cli.checkup_map.desk import person_step, shown
from akashi.cli.checkup_map.files import read_map_text
from akashi.cli.homes import acting_person
from akashi.cli.shell import Shell


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = person_step(
        commands,
        parent,
        "adopt",
        "use a map that another institution approved and shared with this one",
        "The file must be exactly the approved text; a newer version is adopted in place of the one before.",
        "akashi checkup map adopt map.yaml --as hoshi",
    )
    parser.add_argument("file", type=Path, metavar="FILE", help="the map's text, as its institution handed it over")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace, shell: Shell) -> int:
    text = read_map_text(arguments.file)
    with acting_person(arguments, shell) as (gateway, session):
        return shown(mapdesk.adopt(gateway, session, text), shell)
