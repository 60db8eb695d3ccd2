"""``akashi network init``: several servers on this machine instead of one."""

from __future__ import annotations

import argparse
from pathlib import Path

from akashi.app.network.local import FIRST_PORT, make_network, require_home
from akashi.app.passphrase import find_passphrase
from akashi.app.roster.founding import found_invited
from akashi.app.roster.papers import Offer
from akashi.app.roster.regrowing import next_number_of
from akashi.cli.files import read_bounded, verify_free, write_whole
from akashi.cli.network.accept import MOST_PAPER
from akashi.cli.shell import Shell, manual
from akashi.network.model import Address


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "init",
        help="hand the home's ledger over to several servers of this machine",
        **manual(
            parent,
            "Makes homes for further servers below HOME/servers, puts all their keys on the ledger, and hands it over: from\n"
            "then on only a quorum of the servers makes anything final. The tree and its receipts stay valid. There is no way\n"
            "back to one server under the same checkpoints. Four servers tolerate the loss of one; three tolerate none. A home that\n"
            "was recovered from a mirror is handed over in the same way: lost servers stay retired, new ones have new numbers.",
            "akashi network init --home demo-home --servers 4",
            (2, 4, 5, 7),
        ),
    )
    parser.add_argument("--servers", type=int, default=4, metavar="N", help="how many, this one included (default 4)")
    text = f"first of two ports per server (default {FIRST_PORT})"
    parser.add_argument("--port", type=int, default=FIRST_PORT, help=text)
    parser.add_argument(
        "--offer", type=Path, nargs="+", metavar="FILE", help="servers on other machines instead (network offer)"
    )
    parser.add_argument("--host", default="127.0.0.1", help="with --offer: how the others reach this machine")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace, shell: Shell) -> int:
    require_home(arguments.home)  # before anybody is asked for a passphrase
    if arguments.offer:
        return _run_invited(arguments, shell)
    passphrase = find_passphrase(arguments.home)
    made = make_network(arguments.home, arguments.servers, arguments.port, passphrase, shell.clock)
    done = shell.choose(f"{len(made)} 台の構成になりました。", f"{len(made)} servers keep this ledger from here on.")
    next_ = shell.choose("次の手順: akashi network start", "Next: akashi network start")
    shell.result({"servers": len(made)}, [done, next_])
    return 0


def _run_invited(arguments: argparse.Namespace, shell: Shell) -> int:
    offers = [Offer.parse(read_bounded(one, MOST_PAPER)) for one in arguments.offer]
    first = next_number_of(require_home(arguments.home))
    places = [arguments.home.absolute().parent / f"invitation-{first + at}.json" for at in range(len(offers))]
    verify_free(*places)
    passphrase = find_passphrase(arguments.home)
    address = Address(arguments.host, arguments.port, arguments.port + 1)
    invitations = found_invited(arguments.home, address, offers, passphrase, shell.clock)
    for place, invitation in zip(places, invitations, strict=True):
        write_whole(place, invitation.encode())
    count = len(offers) + 1
    lines = [shell.choose(f"{count} 台の構成になりました。", f"{count} servers keep this ledger from here on.")]
    lines += [f"{place.name}: {offer.fingerprint}" for place, offer in zip(places, offers, strict=True)]
    lines.append(
        shell.choose(
            "次の手順: akashi serve、各機で akashi network accept",
            "Next: akashi serve, and akashi network accept on each machine",
        )
    )
    shell.result({"invitations": [one.name for one in places], "servers": count}, lines)
    return 0
