"""``akashi checkup map share``: who else may use a version."""

from __future__ import annotations

import argparse

from akashi.app.checkup import mapdesk
from akashi.cli.checkup_map.desk import person_step, shown, version_arguments
from akashi.cli.homes import acting_person
from akashi.cli.shell import Shell


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = person_step(
        commands,
        parent,
        "share",
        "say which institutions may use a version: the whole list",
        "Replaces the list that was there; nobody named ends the sharing. Each of them needs the text too (`map show --out`).",
        "akashi checkup map share map-… 1 --with inst-… --as mori",
    )
    version_arguments(parser)
    parser.add_argument(
        "--with", dest="children", action="append", default=[], metavar="INST", help="an institution; repeatable"
    )
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace, shell: Shell) -> int:
    with acting_person(arguments, shell) as (gateway, session):
        return shown(mapdesk.share(gateway, session, arguments.map, arguments.version, arguments.children), shell)
