"""``akashi keys passphrase``: another passphrase for the key stores of a home."""

from __future__ import annotations

import argparse
from pathlib import Path

from akashi.app.config import gateway_paths, gateways_in, server_paths
from akashi.app.errors import HomeMissing
from akashi.app.passphrase import find_passphrase
from akashi.cli.homes import secret
from akashi.cli.shell import ConfirmationMissing, Shell, manual
from akashi.keys.errors import PassphraseWrong
from akashi.keys.keystore import FileKeystore


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "passphrase",
        help="lock the key stores of the home under another passphrase",
        **manual(
            parent,
            "Locks every key store of the home under a new passphrase; the keys stay the same. The old one is found as\n"
            "always. After an interruption run it again with the same two. A file HOME/passphrase is yours to replace.",
            "akashi keys passphrase --home HOME",
            (3, 6, 7),
        ),
    )
    parser.add_argument(
        "--new-file", type=Path, metavar="FILE", help="file with the new passphrase, else it is asked for"
    )
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace, shell: Shell) -> int:
    home: Path = arguments.home
    stores = [gateway_paths(home, one).keys for one in gateways_in(home)]
    if server_paths(home).settings.is_file():
        stores.append(server_paths(home).keys)
    if not stores:
        raise HomeMissing(name=home.name)
    old, new = (
        find_passphrase(home),
        secret(arguments.new_file, "新しい合言葉 / new passphrase: ", "--new-file").encode(),
    )
    if arguments.new_file is None and secret(None, "もう一度 / again: ", "--new-file").encode() != new:
        raise ConfirmationMissing
    changed = sum(_rotate(store, old, new) for store in stores)
    shell.result(
        {"changed": changed, "stores": len(stores)},
        [
            shell.choose(
                f"{len(stores)} 個の鍵束のうち {changed} 個を変えました。",
                f"{changed} of {len(stores)} key stores changed.",
            )
        ],
    )
    return 0


def _rotate(folder: Path, old: bytes, new: bytes) -> bool:
    try:
        store = FileKeystore.open(folder, old)
    except PassphraseWrong:
        FileKeystore.open(folder, new)  # an interrupted run has been here already
        return False
    store.rotate_passphrase(new)
    return True
