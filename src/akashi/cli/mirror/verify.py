"""``akashi mirror verify``: everything that a mirror holds, once more."""

from __future__ import annotations

import argparse

from akashi.cli.mirrorhomes import opened_mirror
from akashi.cli.shell import Shell, manual


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "verify",
        help="verify a mirror as a whole, offline",
        **manual(
            parent,
            "Executes every leaf again from the pinned genesis, recomputes the tree, the chain and the state, checks the\n"
            "checkpoint's signatures and every body's digest. Exit status 6 at the first disagreement.",
            "akashi mirror verify --home away",
            (6, 7),
        ),
    )
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace, shell: Shell) -> int:
    with opened_mirror(arguments.home, shell) as mirror:
        leaves, bodies = mirror.verify()
    shell.result(
        {"bodies": bodies, "leaves": leaves},
        [
            f"{shell.choose('検証した記録', 'leaves verified')}: {leaves}",
            f"{shell.choose('検証した封緘データ', 'bodies verified')}: {bodies}",
        ],
    )
    return 0
