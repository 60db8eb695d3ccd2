"""``akashi keys recover``: open a key store with shares, on this or on a fresh machine."""

from __future__ import annotations

import argparse
from pathlib import Path

from akashi.app.gateway.home import Gateway
from akashi.app.keys.opening import find_token
from akashi.app.keys.shares import record_use
from akashi.app.server.home import Server
from akashi.cli.homes import chosen_gateway, gateway_options, secret
from akashi.cli.keys.target import read_shares, settings_of
from akashi.cli.shell import ConfirmationMissing, Shell, manual
from akashi.errors import Unavailable
from akashi.keys.custody.model import Share, ShareUse
from akashi.keys.custody.service import recover


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "recover",
        help="open the key store with shares and lock it under a new passphrase",
        **manual(
            parent,
            "For the server's key store, or a gateway's with --institution; the home is restored from its copy first. The\n"
            "use is recorded on the ledger. The shares are used up: make new ones afterwards.",
            "akashi keys recover --home HOME --new-file NEW share-1.txt share-3.txt",
            (2, 3, 4, 5, 6, 7),
        ),
    )
    gateway_options(parser)
    parser.add_argument("files", type=Path, nargs="+", metavar="FILE", help="shares as text")
    parser.add_argument(
        "--new-file", type=Path, metavar="FILE", help="file with the new passphrase, else it is asked for"
    )
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace, shell: Shell) -> int:
    _, settings, folder = settings_of(arguments)
    shares = read_shares(arguments.files, None)
    new = secret(arguments.new_file, "新しい合言葉 / new passphrase: ", "--new-file").encode()
    if arguments.new_file is None and secret(None, "もう一度 / again: ", "--new-file").encode() != new:
        raise ConfirmationMissing
    recover(folder, shares, new, token=find_token(arguments.home, settings))
    recorded = _record(arguments, shell, new, shares)
    lines = [shell.choose("鍵束を開き、新しい合言葉にしました。", "The key store is open, under the new passphrase.")]
    if not recorded:
        lines.append(shell.choose("台帳には記録できませんでした。", "The ledger could not be reached to record it."))
    lines.append(shell.choose("次に: akashi keys shares（新しい分散鍵）", "next: akashi keys shares, to make new ones"))
    shell.result({"recorded": recorded, "shares": len(shares)}, lines)
    return 0


def _record(arguments: argparse.Namespace, shell: Shell, passphrase: bytes, shares: list[Share]) -> bool:
    """Say it on the ledger; the recovery stands whether or not the ledger can be reached now."""
    try:
        if arguments.institution:
            name = chosen_gateway(arguments)
            opened: Gateway | Server = Gateway.open(arguments.home, name, passphrase, shell.clock)
        else:
            opened = Server.open(arguments.home, passphrase, shell.clock)
    except Unavailable:
        return False
    try:
        record_use(opened.author, shares, ShareUse.RECOVERY)
    finally:
        opened.close()
    return True
