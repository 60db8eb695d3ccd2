"""``akashi mirror backup``: copies of a mirror, made while it works."""

from __future__ import annotations

import argparse
import os
import threading
from datetime import UTC, datetime
from pathlib import Path

from akashi.app.errors import HomeMissing
from akashi.app.mirrors.copying import SHARE
from akashi.app.mirrors.mirroring import back_up, drop_old
from akashi.cli.shell import Shell, manual
from akashi.network.mirror.service import mirror_paths

_NICE = 15


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "backup",
        help="copy a mirror's ledger and sealed bodies, once or on a schedule, without stopping anything",
        **manual(
            parent,
            "One folder for each copy, named by its time (UTC); the newest --retain are kept. Keys and wraps are not copied: a copy\n"
            "of them would outlive erasures. It works for a small share of the time, so that others are not held up. With --every it\n"
            "goes on until it is interrupted, behind everything else on the machine (nice).",
            "akashi mirror backup --home away --to /backup --every 60 --retain 24",
            (2, 5, 6, 7),
        ),
    )
    parser.add_argument("--to", type=Path, required=True, metavar="FOLDER", help="where the copies go")
    parser.add_argument("--every", type=int, default=0, metavar="MINUTES", help="again and again")
    parser.add_argument("--retain", type=int, default=7, metavar="N", help="how many copies stay (default 7)")
    parser.add_argument(
        "--share", type=int, default=SHARE, metavar="PERCENT", help=f"of the time it may work (default {SHARE})"
    )
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace, shell: Shell) -> int:
    paths, pause = mirror_paths(arguments.home), threading.Event()
    if not paths.trust.is_file():
        raise HomeMissing(name=arguments.home.name)
    if arguments.every > 0:
        os.nice(_NICE)
    while True:
        name = datetime.fromtimestamp(shell.clock.now_ms() // 1000, UTC).strftime("%Y%m%dT%H%M%SZ")
        made = back_up(paths, arguments.to / name, arguments.share)
        dropped = drop_old(arguments.to, max(1, arguments.retain))
        shell.result(
            {"copy": name, "bytes": made.stat().st_size, "dropped": dropped},
            [f"{shell.choose('控え', 'copy')}: {name}"],
        )
        if arguments.every <= 0 or pause.wait(arguments.every * 60):
            return 0
