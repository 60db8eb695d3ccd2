"""``akashi home snapshot``: a consistent copy of the ledger in use."""

from __future__ import annotations

import argparse
from pathlib import Path

from akashi.app.config import server_paths
from akashi.app.errors import HomeMissing
from akashi.cli.shell import Shell, manual
from akashi.ledger.engine.copies import snapshot


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "snapshot",
        help="copy the ledger while it is in use",
        **manual(
            parent,
            "Copies the ledger at one height into a folder, without stopping whoever writes it. Sealed bodies and key\n"
            "slots are not copied: a copy of a slot would keep an erased payload openable.",
            "akashi home snapshot --home HOME --to /backup/2026-11-21",
            (5, 6, 7),
        ),
    )
    parser.add_argument("--to", type=Path, required=True, metavar="FOLDER", help="where the copy goes")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace, shell: Shell) -> int:
    paths = server_paths(arguments.home)
    if not paths.settings.is_file():
        raise HomeMissing(name=arguments.home.name)
    made = snapshot(paths.ledger, arguments.to)
    size = made.stat().st_size
    shell.result({"bytes": size, "file": made.name}, [f"{made.name}  {size:,} bytes"])
    return 0
