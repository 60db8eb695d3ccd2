"""``akashi mirror init``: a new mirror, on the machine that no network reaches."""

from __future__ import annotations

import argparse
from pathlib import Path

from akashi.app.passphrase import find_passphrase
from akashi.app.wiring import KINDS
from akashi.cli.files import read_bounded, verify_free, write_whole
from akashi.cli.shell import Shell, manual
from akashi.ledger.proof.trust import MAX_TRUST_BYTES
from akashi.network.mirror.events import mirror_digest
from akashi.network.mirror.service import SIGN_KEY, Mirror


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "init",
        help="make an empty mirror that believes a trust file",
        **manual(
            parent,
            "Run on the isolated machine. Compare the digest of the trust file by telephone before. Carry the enrolment file\n"
            "to the server, where `akashi mirror accept` shows the same digest of the mirror's key.",
            "akashi mirror init --home away --trust trust.txt --out enrolment.akashi",
            (2, 5, 7),
        ),
    )
    parser.add_argument("--trust", type=Path, required=True, metavar="FILE", help="the service's trust file")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="the enrolment file to carry")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace, shell: Shell) -> int:
    verify_free(arguments.out)
    trust = read_bounded(arguments.trust, MAX_TRUST_BYTES)
    mirror = Mirror.create(arguments.home, trust, find_passphrase(arguments.home), KINDS, shell.clock)
    try:
        write_whole(arguments.out, mirror.enrolment())
        digest = mirror_digest(mirror.keystore.public(SIGN_KEY))
    finally:
        mirror.close()
    shell.result(
        {"digest": digest, "mirror": mirror.handle, "origin": mirror.origin},
        [
            f"{shell.choose('ミラー', 'mirror')}: {mirror.handle}",
            f"{shell.choose('鍵の確認番号', 'digest of its key')}: {digest}",
        ],
    )
    return 0
