"""``akashi network add``: a further server for a network that runs."""

from __future__ import annotations

import argparse
from pathlib import Path

from akashi.app.network.local import homes
from akashi.app.roster.asking import add
from akashi.app.roster.papers import Offer
from akashi.cli.files import read_bounded, verify_free, write_whole
from akashi.cli.network.accept import MOST_PAPER
from akashi.cli.network.telling import untold_lines
from akashi.cli.shell import Shell, manual


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "add",
        help="put a further server on the ledger, without a vote at first",
        **manual(
            parent,
            "Asks the running founding server to enrol the server of an offer, writes its invitation, and tells the other\n"
            "servers of this machine, whose nodes start again one after the other. Compare the offer's fingerprint first. The\n"
            "server follows; `akashi network promote` gives it a vote. After an interruption: the same command again.",
            "akashi network add --home demo-home offer.json --out invitation-5.json",
            (2, 4, 5, 6, 7),
        ),
    )
    parser.add_argument("offer", type=Path, metavar="OFFER", help="the file from `network offer`")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="where the invitation goes")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace, shell: Shell) -> int:
    homes(arguments.home)
    verify_free(arguments.out)
    data = read_bounded(arguments.offer, MOST_PAPER)
    offer = Offer.parse(data)
    changed, invitation = add(arguments.home, data)
    write_whole(arguments.out, invitation.encode())
    told = shell.choose(
        f"サーバー {changed.number} を登録しました（投票はまだしません）。申し込みの番号: {offer.fingerprint}",
        f"Server {changed.number} is enrolled, without a vote yet. The offer's fingerprint: {offer.fingerprint}",
    )
    next_ = shell.choose(
        "次の手順: 新しいサーバーで akashi network accept と run、追いついたら akashi network promote",
        "Next: akashi network accept and run on the new machine, then akashi network promote once it has caught up",
    )
    value = {"fingerprint": offer.fingerprint, "number": changed.number, "untold": list(changed.untold)}
    shell.result(value, [told, next_, *untold_lines(changed, shell)])
    return 0
