"""``akashi ledger rekey``: the log's next key takes over."""

from __future__ import annotations

import argparse

from akashi.app.server.founding import trust_digest
from akashi.app.server.rekeying import rekey
from akashi.cli.homes import opened_server
from akashi.cli.shell import Shell, manual


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "rekey",
        help="let the log's next key sign from now on",
        **manual(
            parent,
            "Records on the ledger, as the secretariat, that the key it has committed to signs checkpoints from now on, and\n"
            "commits to the one after. Gateways follow by themselves; old receipts stay valid. Cannot be undone. Stop\n"
            "`akashi serve` before, and copy the server's key store afterwards: it holds the next key.",
            "akashi ledger rekey --home HOME",
            (2, 3, 6, 7),
        ),
    )
    parser.add_argument("--yes", action="store_true", help="do not ask")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace, shell: Shell) -> int:
    if not arguments.yes:
        shell.require_yes(shell.choose("台帳の署名鍵を次の鍵に替えますか。", "Change the log's key to the next one?"))
    with opened_server(arguments, shell) as server:
        done, digest = rekey(server), trust_digest(server.trust_text())
    shell.result(
        {"height": done.height, "index": done.index, "operation": done.operation_id.hex(), "trust": digest},
        [
            shell.choose(
                f"{done.index} 番の記録から新しい鍵で署名します。", f"The new key signs from leaf {done.index} on."
            ),
            f"{shell.choose('信頼ファイルの確認番号', 'digest of the trust file')}: {digest}",
        ],
    )
    return 0
