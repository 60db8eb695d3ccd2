"""``akashi mirror pull``: follow a ledger that a private link makes readable."""

from __future__ import annotations

import argparse
from pathlib import Path

from akashi.app.mirrors.mirroring import LedgerFile
from akashi.cli.mirrorhomes import opened_mirror
from akashi.cli.shell import Shell, manual
from akashi.ledger.wire.note import parse_checkpoint


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "pull",
        help="follow the ledger of a home that this machine can read",
        **manual(
            parent,
            "For a follower on a private link. Takes leaves and the checkpoint, verified as in an import, and erases what is\n"
            "ordered. Bodies and wraps come with bundles. Shows how far it is behind.",
            "akashi mirror pull --home away --source /mnt/service-home",
            (2, 5, 6, 7),
        ),
    )
    parser.add_argument("--source", type=Path, required=True, metavar="HOME", help="the home that is followed")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace, shell: Shell) -> int:
    source = LedgerFile.of_home(arguments.source)
    with opened_mirror(arguments.home, shell) as mirror:
        fresh = mirror.pull(source)
        now = mirror.status(parse_checkpoint(source.checkpoint()).size)
    shell.result(
        {"fresh": fresh, "lag": now.lag, "size": now.size},
        [
            f"{shell.choose('新しい記録', 'new leaves')}: {fresh}",
            f"{shell.choose('記録', 'leaves')}: {now.size}",
            f"{shell.choose('遅れ', 'behind by')}: {now.lag}",
        ],
    )
    return 0
