"""``akashi checkup map show``: one version, and its text."""

from __future__ import annotations

import argparse
from pathlib import Path

from akashi.app.checkup import mapdesk
from akashi.cli.checkup_map.desk import person_step, shown, version_arguments
from akashi.cli.files import verify_free, write_whole
from akashi.cli.homes import acting_person
from akashi.cli.shell import Shell


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = person_step(
        commands,
        parent,
        "show",
        "show one version of a map; retired ones too",
        "With --out the text is written, byte for byte as it was approved: this file is what another institution adopts.",
        "akashi checkup map show map-… 1 --out map.yaml --as mori",
    )
    version_arguments(parser)
    parser.add_argument("--out", type=Path, metavar="FILE", help="where the map's text goes (.yaml)")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace, shell: Shell) -> int:
    verify_free(arguments.out)
    with acting_person(arguments, shell) as (gateway, session):
        found, text = mapdesk.version(gateway, session, arguments.map, arguments.version)
    if arguments.out:
        write_whole(arguments.out, text.encode())
    return shown(found, shell)
