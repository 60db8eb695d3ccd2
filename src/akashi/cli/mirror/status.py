"""``akashi mirror status``: what a mirror holds, or what a server still waits for."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path

from akashi.cli.files import verify_free, write_whole
from akashi.cli.mirrorhomes import opened_mirror, servers_desk
from akashi.cli.shell import Shell, manual, moment
from akashi.network.mirror.service import mirror_paths


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "status",
        help="a mirror's holdings; at the server the mirrors and the erasures that wait for them",
        **manual(
            parent,
            "In a mirror's home: leaves, bodies, erasures, and with --receipt its receipt once more. In a server's home: which\n"
            "mirrors there are, what they have acknowledged (late: one that is silent for too long), and which erasures they\n"
            "have not answered for.",
            "akashi mirror status --home HOME",
            (3, 4, 6, 7),
        ),
    )
    parser.add_argument("--receipt", type=Path, metavar="FILE", help="write the mirror's receipt there again")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace, shell: Shell) -> int:
    if mirror_paths(arguments.home).trust.is_file():
        return _of_mirror(arguments, shell)
    with servers_desk(arguments.home, shell) as desk:
        now = desk.status()
    late = shell.choose("受領が遅れています", "late")
    lines = [
        f"{one['mirror']}  {one['number']}  {one['size']}  {moment(one['heard_ms'] or None)}"
        f"{'  ' + late if one['overdue'] else ''}"
        for one in now["mirrors"]
    ]
    erasing = shell.choose("消去中", "being erased")
    lines += [f"{erasing}: {one['transfer']}  {' '.join(one['mirrors'])}" for one in now["waiting"]]
    lines += [f"{erasing}: {now['open']}"] if now["open"] > len(now["waiting"]) else []
    shell.result(now, lines)
    return 0


def _of_mirror(arguments: argparse.Namespace, shell: Shell) -> int:
    verify_free(arguments.receipt)
    with opened_mirror(arguments.home, shell) as mirror:
        now = mirror.status()
        if arguments.receipt is not None:
            write_whole(arguments.receipt, mirror.receipts())
    shell.result(
        asdict(now),
        [
            f"{now.handle}  {now.origin}",
            f"{shell.choose('記録', 'leaves')}: {now.size}",
            f"{shell.choose('最後の取り込み', 'last import')}: {now.number}  {moment(now.imported_ms or None)}",
            f"{shell.choose('封緘データ', 'sealed bodies')}: {now.bodies}",
            f"{shell.choose('消去の完了', 'erased for good')}: {now.erased}",
            f"{shell.choose('次の鍵を待つ消去', 'erasures that wait for the next key')}: {now.unaccounted}",
        ],
    )
    return 0
