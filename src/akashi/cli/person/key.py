"""``akashi person key``: a key of one's own for the command line, which signs what one does."""

from __future__ import annotations

import argparse
from pathlib import Path

from akashi.app.people import factors
from akashi.cli.homes import acting_person, person_options, secret
from akashi.cli.shell import Shell, manual
from akashi.identity.factors.model import FactorKind
from akashi.keys.keyfile import make_key_file


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "key",
        help="list one's own signing keys, or make one for the command line",
        **manual(
            parent,
            "Lists the keys that sign for you on the ledger. With --make a new one is written to a file under a passphrase and enrolled; where you\n"
            "have a key already, --sign names its file and approves. Other commands sign with --sign FILE; `person factor --remove` revokes.",
            "akashi person key --as mori --make mori.key",
            (2, 3, 4, 5, 7, 8),
        ),
    )
    parser.add_argument("--make", type=Path, metavar="FILE", help="write a new key here and enrol it")
    parser.add_argument("--label", default="", help="your word for it")
    parser.add_argument(
        "--key-passphrase-file", type=Path, metavar="FILE", help="the new file's passphrase, else it is asked for"
    )
    person_options(parser)
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace, shell: Shell) -> int:
    with acting_person(arguments, shell) as (gateway, session):
        if arguments.make:
            passphrase = secret(arguments.key_passphrase_file, "合言葉 / passphrase: ", "--key-passphrase-file")
            signer = make_key_file(arguments.make, passphrase.encode())
            possession = signer.sign(factors.possession_wanted(gateway, session, signer.spki))
            told = (FactorKind.DEVICE_KEY, signer.spki, possession, arguments.label)
            held = factors.enrol_key(gateway, session, *told)
            if not held.on_ledger:
                factors.introduce(gateway, session, held.factor.id)
        keys = factors.person_keys(gateway, session.person)
    rows = [{"key": one.key.hex(), "kind": one.approval.name.lower() if one.approval else ""} for one in keys]
    shell.result({"keys": rows}, [f"{row['key']}  {row['kind']}" for row in rows])
    return 0
