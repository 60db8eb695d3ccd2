"""``akashi house run``: the server's housekeeping, once."""

from __future__ import annotations

import argparse
from dataclasses import asdict

from akashi.cli.homes import opened_server
from akashi.cli.shell import Shell, manual


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "run",
        help="end what expired, erase what is due, once",
        **manual(
            parent,
            "Ends transfers that nobody finished in time, erases payloads that are due and records the receipts. What\n"
            "cannot be done now is counted as waiting. `akashi serve` does the same every minute.",
            "akashi house run --home HOME",
            (3, 6, 7),
        ),
    )
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace, shell: Shell) -> int:
    with opened_server(arguments, shell) as server:
        report = asdict(server.housekeeping.run_once())
        report["erased"] += server.erase_delivered()
    words = {
        "expired": shell.choose("期限切れ", "expired"),
        "ordered": shell.choose("消去の指示", "erasures ordered"),
        "erased": shell.choose("消去", "erased"),
        "orphans": shell.choose("送られなかった預かり", "never announced"),
        "waiting": shell.choose("次回に持ち越し", "waiting"),
    }
    shell.result(report, [f"{words.get(name, name)}: {count}" for name, count in report.items()])
    return 0
