"""``akashi mirror accept``: take in what was carried back from a mirror."""

from __future__ import annotations

import argparse
from pathlib import Path

from akashi.app.mirrors.daily import MOST_BYTES
from akashi.cli.files import read_bounded
from akashi.cli.mirrorhomes import servers_desk
from akashi.cli.shell import Shell, manual
from akashi.network.mirror.events import mirror_digest
from akashi.network.mirror.export import is_enrolment, parse_enrolment


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "accept",
        help="take in a mirror's enrolment or receipt file",
        **manual(
            parent,
            "Run at the server. An enrolment is recorded after you have compared the mirror's digest by telephone; a receipt\n"
            "is recorded on the ledger, and closes the erasures that it answers for. Works while `akashi serve` runs.",
            "akashi mirror accept --home HOME receipt.akashi",
            (2, 3, 4, 5, 6, 7),
        ),
    )
    parser.add_argument("file", type=Path, metavar="FILE", help="what was carried back")
    parser.add_argument("--yes", action="store_true", help="the digest was compared: do not ask")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace, shell: Shell) -> int:
    data = read_bounded(arguments.file, MOST_BYTES)
    if is_enrolment(data):
        digest = mirror_digest(parse_enrolment(data)[1])
        if not arguments.yes:
            shell.require_yes(
                shell.choose(
                    f"ミラーの鍵の確認番号は {digest} です。合っていますか。",
                    f"The mirror's digest is {digest}. Right?",
                )
            )
        with servers_desk(arguments.home, shell) as desk:
            made = desk.accept(arguments.file)["mirror"]
        text = shell.choose("登録しました。鍵束の控えを新しくしてください。", "enrolled; copy the key store anew")
        shell.result({"digest": digest, "mirror": made}, [f"{made}: {text}"])
        return 0
    with servers_desk(arguments.home, shell) as desk:
        done = desk.accept(arguments.file)
    shell.result(
        done,
        [
            f"{shell.choose('消去を確認', 'erasures accounted for')}: {done['accounted']}",
            f"{shell.choose('消去中', 'still being erased')}: {done['waiting']}",
        ],
    )
    return 0
