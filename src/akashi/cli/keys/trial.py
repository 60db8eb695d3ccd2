"""``akashi keys shares-check``: whether a share is the one on the ledger, and whether enough of them open the key store."""

from __future__ import annotations

import argparse
from pathlib import Path

from akashi.app.keys.shares import rehearse, verify_shares
from akashi.cli.homes import gateway_options
from akashi.cli.keys.target import opened_holder, read_shares
from akashi.cli.shell import Shell, manual


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "shares-check",
        help="check shares against the ledger; with --rehearse try whether they open the key store",
        **manual(
            parent,
            "Each file is a share as text, or one that was sealed to the gateway of --institution (.akashi). Without\n"
            "--rehearse one share is enough and nothing is opened. A rehearsal is recorded and changes nothing.",
            "akashi keys shares-check --home HOME share-1.txt",
            (2, 3, 4, 5, 6, 7),
        ),
    )
    gateway_options(parser)
    parser.add_argument("files", type=Path, nargs="+", metavar="FILE", help="shares")
    parser.add_argument("--rehearse", action="store_true", help="bring them together, as in a recovery")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace, shell: Shell) -> int:
    with opened_holder(arguments, shell) as holder:
        shares = read_shares(arguments.files, holder.gateway)
        needed = verify_shares(holder.author, shares)
        if arguments.rehearse:
            rehearse(holder.keystore, holder.author, shares)
    numbers = [share.number for share in shares]
    lines = [
        shell.choose(
            f"台帳の記録と一致しました（{len(numbers)} 個、必要数 {needed}）。",
            f"As recorded ({len(numbers)}; {needed} are needed).",
        )
    ]
    if arguments.rehearse:
        lines.append(shell.choose("鍵束を開けることを確かめました。", "They open the key store."))
    shell.result({"needed": needed, "numbers": numbers, "rehearsed": arguments.rehearse}, lines)
    return 0
