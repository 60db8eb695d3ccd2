"""``akashi network offer``: a new machine's keys, and the paper to carry to the secretariat."""

from __future__ import annotations

import argparse
import re
from pathlib import Path

from akashi.app.network.local import FIRST_PORT
from akashi.app.passphrase import find_passphrase
from akashi.app.roster.accepting import offer_server
from akashi.cli.files import read_bounded, verify_free, write_whole
from akashi.cli.shell import Shell, manual
from akashi.network.model import Address

_MOST_TRUST = 64 * 1024
_HANDLE = re.compile("inst-[0-9a-z]{4,32}")


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "offer",
        help="on a new machine: make a server's keys and the file that offers it",
        **manual(
            parent,
            "Makes the home of a further server with keys that never leave it, and a file of public keys for the secretariat.\n"
            "Compare the fingerprint over the telephone before the server is added. HOST is how the others reach this machine.",
            "akashi network offer --home here --server-trust trust.txt --secretariat inst-office --host 10.0.0.5 --out offer.json",
            (2, 3, 5, 6),
        ),
    )
    parser.add_argument("--server-trust", type=Path, required=True, metavar="FILE", help="the trust file of the ledger")
    text = "the secretariat's institution (inst-…)"
    parser.add_argument("--secretariat", dest="institution", type=_institution, required=True, metavar="ID", help=text)
    parser.add_argument("--host", required=True, help="name or address at which the others reach this machine")
    text = f"peer plane's port; the next one is the node's (default {FIRST_PORT})"
    parser.add_argument("--port", type=int, default=FIRST_PORT, help=text)
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="where the offer goes")
    parser.set_defaults(run=_run)


def _institution(text: str) -> str:
    if not _HANDLE.fullmatch(text):
        raise argparse.ArgumentTypeError("inst-…")
    return text


def _run(arguments: argparse.Namespace, shell: Shell) -> int:
    verify_free(arguments.out)
    trust, passphrase = read_bounded(arguments.server_trust, _MOST_TRUST), find_passphrase(arguments.home)
    address = Address(arguments.host, arguments.port, arguments.port + 1)
    made = offer_server(arguments.home, trust, arguments.institution, address, passphrase, shell.clock)
    write_whole(arguments.out, made.encode())
    told = shell.choose(
        f"申し込みファイルを作りました。電話で読み合わせる番号: {made.fingerprint}",
        f"The offer is written. Fingerprint to compare by telephone: {made.fingerprint}",
    )
    shell.result({"fingerprint": made.fingerprint}, [told])
    return 0
