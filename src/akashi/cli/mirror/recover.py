"""``akashi mirror recover``: the whole service again, from a mirror and a copy of its key store."""

from __future__ import annotations

import argparse
from pathlib import Path

from akashi.app.mirrors.recovering import Unlock, Wish, recover
from akashi.cli.files import read_bounded
from akashi.cli.homes import secret
from akashi.cli.keys.target import read_shares
from akashi.cli.mirrorhomes import next_steps, opened_mirror
from akashi.cli.shell import Shell, manual
from akashi.keys.custody.service import recover as unlock_with
from akashi.keys.keystore import FileKeystore
from akashi.ledger.wire.note import MAX_NOTE_BYTES


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "recover",
        help="make a server's home from a mirror's home, the key store's copy, and shares",
        **manual(
            parent,
            "The key store's copy opens with its passphrase, or with officers' shares. Without --same-log a new epoch begins that\n"
            "names the last checkpoint; with it you say that nothing newer is known anywhere. docs/mirror.md has the steps.",
            "akashi mirror recover --home away --into HOME --copy kept-by-officers --new-file NEW share-1.txt share-3.txt",
            (2, 3, 5, 6, 7),
        ),
    )
    parser.add_argument("--into", type=Path, required=True, metavar="HOME", help="the new home")
    parser.add_argument("--copy", type=Path, required=True, metavar="FOLDER", help="copy of the folder server/keys")
    parser.add_argument("--new-file", type=Path, metavar="FILE", help="file with the new home's passphrase")
    parser.add_argument("--same-log", action="store_true", help="go on with the same log")
    parser.add_argument("--seen", type=Path, action="append", default=[], metavar="FILE", help="a known checkpoint")
    parser.add_argument("shares", type=Path, nargs="*", metavar="SHARE", help="shares as text")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace, shell: Shell) -> int:
    passphrase = secret(arguments.new_file, "合言葉 / passphrase: ", "--new-file").encode()
    unlock = _unlock(arguments, passphrase)
    wish = Wish(arguments.same_log, tuple(read_bounded(path, MAX_NOTE_BYTES) for path in arguments.seen))
    with opened_mirror(arguments.home, shell) as mirror:
        made = recover(mirror, arguments.into, arguments.copy, unlock, passphrase, wish, shell.clock)
    value = {"missing": made.without_wraps, "origin": made.origin, "payloads": made.payloads, "size": made.size}
    words = (
        ("台帳", "ledger"),
        ("記録", "leaves"),
        ("封緘データ", "sealed bodies"),
        ("鍵の包みが無いもの", "without wraps"),
    )
    counts = (made.origin, made.size, made.payloads, made.without_wraps)
    told = [f"{shell.choose(*word)}: {count}" for word, count in zip(words, counts, strict=True)]
    shell.result(value, [*told, *next_steps(made, arguments.into, shell)])
    return 0


def _unlock(arguments: argparse.Namespace, passphrase: bytes) -> Unlock:
    if not arguments.shares:
        return lambda folder: FileKeystore.open(folder, passphrase)
    shares = read_shares(arguments.shares, None)
    return lambda folder: unlock_with(folder, shares, passphrase)
