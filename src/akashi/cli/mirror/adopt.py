"""``akashi mirror adopt``: an institution's gateway goes on under the new epoch of a recovered service."""

from __future__ import annotations

import argparse
from pathlib import Path

from akashi.app.config import gateway_paths
from akashi.app.mirrors.adopting import MAX_EPOCH_BYTES, adopt, parse_epoch
from akashi.cli.files import read_bounded
from akashi.cli.homes import chosen_gateway, gateway_options
from akashi.cli.shell import Shell, manual


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "adopt",
        help="let a gateway go on under the new epoch of a recovered service",
        **manual(
            parent,
            "Run at the institution, while its gateway is not served. FILE is server/public/epoch-N.akashi-epoch of the recovered\n"
            "server. Its fingerprint is shown and must be compared by telephone; what was pinned stays beside it. Says how\n"
            "many records this gateway saw that the recovered log does not have: ask for these again.",
            "akashi mirror adopt epoch-2.akashi-epoch --home HOME",
            (2, 3, 4, 5, 6, 7),
        ),
    )
    parser.add_argument("file", type=Path, metavar="FILE", help="the epoch's file")
    parser.add_argument("--yes", action="store_true", help="the fingerprint was compared: do not ask")
    gateway_options(parser)
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace, shell: Shell) -> int:
    epoch = parse_epoch(read_bounded(arguments.file, MAX_EPOCH_BYTES))
    institution = chosen_gateway(arguments)
    if not arguments.yes:
        shell.require_yes(
            shell.choose(
                f"信頼ファイルの確認番号は {epoch.fingerprint} です。電話で確かめましたか。",
                f"The trust file's fingerprint is {epoch.fingerprint}. Compared by telephone?",
            )
        )
    done = adopt(gateway_paths(arguments.home, institution), epoch)
    shell.result(
        {"fingerprint": epoch.fingerprint, "missing": done.missing, "origin": done.origin, "size": done.size},
        [
            f"{shell.choose('台帳', 'ledger')}: {done.origin}",
            f"{shell.choose('引き継いだ記録', 'leaves taken over')}: {done.size}",
            f"{shell.choose('引き継がれなかった記録（この機関が見たもの）', 'leaves seen here that are lost')}: {done.missing}",
        ],
    )
    return 0
