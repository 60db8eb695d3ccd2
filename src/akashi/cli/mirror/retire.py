"""``akashi mirror retire``: a mirror gets nothing more."""

from __future__ import annotations

import argparse

from akashi.cli.mirrorhomes import servers_desk
from akashi.cli.shell import Shell, manual


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "retire",
        help="stop counting on a mirror; what it had not answered for stays unproven",
        **manual(
            parent,
            "For a mirror that was lost or is taken out of use. Erasures that it had not answered for are then closed as not\n"
            "proven there, and reports say so for good. Cannot be undone.",
            "akashi mirror retire --home HOME mir-00000000000000000000",
            (2, 3, 4, 5, 6, 7),
        ),
    )
    parser.add_argument("mirror", metavar="MIRROR", help="which one (mir-…)")
    parser.add_argument("--yes", action="store_true", help="do not ask")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace, shell: Shell) -> int:
    if not arguments.yes:
        shell.require_yes(shell.choose("このミラーを使い終わりにしますか。", "Retire this mirror?"))
    with servers_desk(arguments.home, shell) as desk:
        done = desk.retire(arguments.mirror)
    shell.result(
        done,
        [
            f"{shell.choose('このミラーで消去を確かめられなかったもの', 'erasures not proven there')}: {done['unproven']}"
        ],
    )
    return 0
