"""``akashi mirror import``: take a carried bundle in, on the isolated machine."""

from __future__ import annotations

import argparse
from pathlib import Path

from akashi.cli.files import verify_free, write_whole
from akashi.cli.mirrorhomes import opened_mirror
from akashi.cli.shell import Shell, manual


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "import",
        help="verify a bundle, take it in, erase what is ordered, and write the receipt",
        **manual(
            parent,
            "Run on the isolated machine. Everything is verified offline first: signatures under the pinned trust file, every\n"
            "operation again, every body. Killed anywhere it is repeated. Carry the receipt back to the server.",
            "akashi mirror import --home away /media/usb/mir-7-000001.akashi-mirror --receipt /media/usb/receipt.akashi",
            (2, 3, 5, 6, 7),
        ),
    )
    parser.add_argument("file", type=Path, metavar="FILE", help="the bundle")
    parser.add_argument("--receipt", type=Path, required=True, metavar="FILE", help="where the receipt goes")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace, shell: Shell) -> int:
    verify_free(arguments.receipt)
    with opened_mirror(arguments.home, shell) as mirror:
        fresh = mirror.take(arguments.file)
        write_whole(arguments.receipt, mirror.receipts())
        now = mirror.status()
    words = shell.choose("取り込みました", "taken in") if fresh else shell.choose("取り込み済み", "was taken in before")
    shell.result(
        {"bodies": now.bodies, "erased": now.erased, "fresh": fresh, "number": now.number, "size": now.size},
        [
            f"{words}: {now.number}",
            f"{shell.choose('記録', 'leaves')}: {now.size}",
            f"{shell.choose('封緘データ', 'sealed bodies')}: {now.bodies}",
            f"{shell.choose('消去の完了', 'erased for good')}: {now.erased}",
            f"{shell.choose('次の鍵を待つ消去', 'erasures that wait for the next key')}: {now.unaccounted}",
        ],
    )
    return 0
