"""``akashi network accept``: begin with the invitation that came back, or learn from it where a new server is."""

from __future__ import annotations

import argparse
from pathlib import Path

from akashi.app.network.local import require_home
from akashi.app.network.places import NetworkPlaces
from akashi.app.passphrase import find_passphrase
from akashi.app.roster.accepting import accept_invitation
from akashi.app.roster.asking import meet_invited
from akashi.app.roster.papers import parse_invitation
from akashi.cli.files import read_bounded
from akashi.cli.shell import Shell, manual

MOST_PAPER = 1 << 20


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "accept",
        help="with an invitation: begin as a new server, or learn where that one is",
        **manual(
            parent,
            "On the new machine: fetches the ledger up to the handover from the servers of the invitation, which must run, and\n"
            "executes every operation again. `akashi network run` fetches the rest. On a machine whose server runs already: tells\n"
            "it where the new server is, if the ledger names that one, and starts its node again.",
            "akashi network accept invitation-5.json --home here",
            (2, 3, 4, 5, 6, 7),
        ),
    )
    parser.add_argument(
        "invitation", type=Path, metavar="INVITATION", help="the file from `network init` or `network add`"
    )
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace, shell: Shell) -> int:
    paths = require_home(arguments.home)
    invitation = parse_invitation(read_bounded(arguments.invitation, MOST_PAPER))
    if NetworkPlaces.of(paths).exists:
        known = meet_invited(arguments.home, invitation)
        told = shell.choose(f"{known} 台のサーバーを知っています。", f"This server knows {known} servers now.")
        shell.result({"servers": known}, [told])
        return 0
    number = accept_invitation(arguments.home, invitation, find_passphrase(arguments.home))
    told = shell.choose(
        f"サーバー {number} の用意ができました。次の手順: akashi network run",
        f"Server {number} is ready. Next: akashi network run",
    )
    shell.result({"number": number}, [told])
    return 0
