"""``akashi network promote`` and ``renew``: a server that has caught up gets its vote; the present chain gives way to the next."""

from __future__ import annotations

import argparse

from akashi.app.network.local import homes
from akashi.app.roster.asking import promote, succeed
from akashi.cli.shell import Shell, manual


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add both commands."""
    parser = commands.add_parser(
        "promote",
        help="give a server that follows and has caught up its vote",
        **manual(
            parent,
            "The server votes two blocks later. Refused while it does not answer or lacks leaves, and where those who answer\n"
            "would be no quorum of the larger number. Publish trust.txt again afterwards: one more must have signed.",
            "akashi network promote --home demo-home 5",
            (2, 4, 5, 7),
        ),
    )
    parser.add_argument("number", type=int, metavar="NUMBER", help="the server's number")
    parser.set_defaults(run=_promote)
    parser = commands.add_parser(
        "renew",
        help="end the present chain and begin the next one over the same ledger",
        **manual(
            parent,
            "Before a version of CometBFT, or of Akashi, that cannot go on with the present blocks. All servers that vote must run.\n"
            "The ledger, its proofs and the trust file stay; each server keeps the former blocks in server/network/chains and\n"
            "begins the next chain by itself within some 10 s. Until then new operations are not final, and are kept.",
            "akashi network renew --home demo-home",
            (4, 5, 7),
        ),
    )
    parser.set_defaults(run=_renew)


def _promote(arguments: argparse.Namespace, shell: Shell) -> int:
    homes(arguments.home)
    changed = promote(arguments.home, arguments.number)
    told = shell.choose(
        f"サーバー {changed.number} が投票します（{changed.voting} 台）。trust.txt を配り直してください。",
        f"Server {changed.number} votes now ({changed.voting} do). Publish trust.txt again.",
    )
    shell.result({"number": changed.number, "voting": changed.voting}, [told])
    return 0


def _renew(arguments: argparse.Namespace, shell: Shell) -> int:
    homes(arguments.home)
    chain = succeed(arguments.home)
    told = shell.choose(
        f"次のチェーン（{chain}）へ移ります。各サーバーは 10 秒ほどで自動で移ります。", f"The next chain is {chain}."
    )
    shell.result({"chain": chain}, [told])
    return 0
