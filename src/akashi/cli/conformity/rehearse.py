"""``akashi conformity rehearse``: recover the whole service from a mirror in a scratch folder, verify it, and let the mirror sign what came of it."""

from __future__ import annotations

import argparse
from functools import partial
from pathlib import Path

from akashi.app.networkcheck.rehearsing import rehearse
from akashi.cli.files import verify_free, write_whole
from akashi.cli.homes import secret
from akashi.cli.keys.target import read_shares
from akashi.cli.mirrorhomes import opened_mirror
from akashi.cli.shell import Shell, manual
from akashi.keys.custody.service import recover as unlock_with
from akashi.keys.keystore import FileKeystore


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "rehearse",
        help="rehearse a recovery from a mirror's home, and write its signed record",
        **manual(
            parent,
            "Run on the mirror's machine, with a copy of the key store as for `akashi mirror recover`. Everything is recovered into\n"
            "a scratch folder, verified leaf by leaf, and removed again. Put the record into the folder rehearsals of the service's home:\n"
            "the next run accepts it if the mirror that signed it is enrolled and its tree is the service's own.",
            "akashi conformity rehearse --home away --copy kept-by-officers --new-file NEW --out record.akashi share-1.txt share-3.txt",
            (2, 3, 5, 6, 7),
        ),
    )
    parser.add_argument("--copy", type=Path, required=True, metavar="FOLDER", help="copy of the folder server/keys")
    parser.add_argument("--new-file", type=Path, metavar="FILE", help="file with the copy's passphrase, or a new one")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="the record to carry back")
    parser.add_argument("shares", type=Path, nargs="*", metavar="SHARE", help="shares as text")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace, shell: Shell) -> int:
    verify_free(arguments.out)
    passphrase = secret(arguments.new_file, "合言葉 / passphrase: ", "--new-file").encode()
    unlock = partial(FileKeystore.open, passphrase=passphrase)
    if arguments.shares:
        unlock = partial(unlock_with, shares=read_shares(arguments.shares, None), passphrase=passphrase)
    into = arguments.home / "rehearsal"
    with opened_mirror(arguments.home, shell) as mirror:
        said, record = rehearse(mirror, into, arguments.copy, unlock, passphrase, shell.clock)
    write_whole(arguments.out, record)
    shell.result(
        {"findings": said.findings, "missing": said.missing, "payloads": said.payloads, "size": said.size},
        [
            f"{shell.choose('記録', 'leaves')}: {said.size}",
            f"{shell.choose('封緘データ', 'sealed bodies')}: {said.payloads}",
            f"{shell.choose('鍵の包みが無いもの', 'without wraps')}: {said.missing}",
            f"{shell.choose('合わないもの', 'findings')}: {said.findings}",
        ],
    )
    return 0
