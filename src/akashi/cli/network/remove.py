"""``akashi network remove``: a server that is one no more."""

from __future__ import annotations

import argparse

from akashi.app.network.local import homes
from akashi.app.roster.asking import remove
from akashi.cli.network.telling import untold_lines
from akashi.cli.shell import Shell, manual
from akashi.network.model import RetireReason


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "remove",
        help="retire a server: its vote and signatures count no more",
        **manual(
            parent,
            "Asks the running founding server to put it on the ledger. Refused where those who answer would be no quorum of the\n"
            "rest. A server of this machine is stopped and its home set aside, not deleted; what it holds is not proven erased.\n"
            "Publish trust.txt again afterwards; the one before stays beside it, for bundles that were made under it.",
            "akashi network remove --home demo-home 5 --reason replaced",
            (2, 4, 5, 7),
        ),
    )
    parser.add_argument("number", type=int, metavar="NUMBER", help="the server's number")
    reasons = [one.name.lower() for one in RetireReason]
    parser.add_argument("--reason", choices=reasons, required=True, help="why it is removed")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace, shell: Shell) -> int:
    homes(arguments.home)
    changed = remove(arguments.home, arguments.number, arguments.reason)
    told = shell.choose(
        f"サーバー {changed.number} を外しました（残り {changed.voting} 台が投票）。trust.txt を配り直してください。",
        f"Server {changed.number} is removed ({changed.voting} vote). Publish trust.txt again.",
    )
    value = {"number": changed.number, "untold": list(changed.untold), "voting": changed.voting}
    shell.result(value, [told, *untold_lines(changed, shell)])
    return 0
