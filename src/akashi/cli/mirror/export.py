"""``akashi mirror export``: the next bundle for a mirror."""

from __future__ import annotations

import argparse
from pathlib import Path

from akashi.cli.files import FolderMissing
from akashi.cli.mirrorhomes import servers_desk
from akashi.cli.shell import Shell, manual


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "export",
        help="write the next bundle for a mirror onto a medium",
        **manual(
            parent,
            "Run at the server. The bundle holds what is new: leaves, a checkpoint, sealed bodies, and the wraps of all that is\n"
            "alive, sealed to a key that the mirror destroys with the next bundle. --again after one was lost. Works while\n"
            "`akashi serve` runs.",
            "akashi mirror export --home HOME --to /media/usb",
            (2, 4, 6, 7),
        ),
    )
    parser.add_argument("--to", type=Path, required=True, metavar="FOLDER", help="where the bundle goes")
    parser.add_argument("--mirror", default="", metavar="MIRROR", help="which mirror (mir-…), if there are several")
    parser.add_argument("--again", action="store_true", help="from what the mirror has acknowledged")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace, shell: Shell) -> int:
    if not arguments.to.is_dir():
        raise FolderMissing(name=arguments.to.name)
    with servers_desk(arguments.home, shell) as desk:
        made = desk.export(arguments.to, arguments.mirror, again=arguments.again)
    shell.result(
        made,
        [
            made["file"],
            f"{shell.choose('記録', 'leaves')}: {made['start']} – {made['end']}",
            f"{shell.choose('封緘データ', 'sealed bodies')}: {made['bodies']}",
        ],
    )
    return 0
