"""``akashi ledger stamp``: a time stamp on the newest checkpoint."""

from __future__ import annotations

import argparse

from akashi.cli.homes import opened_server
from akashi.cli.shell import Shell, manual


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "stamp",
        help="have the newest checkpoint time-stamped (RFC 3161)",
        **manual(
            parent,
            "Asks the time-stamping authority of the settings and records the token on the ledger. Without one in the\n"
            "settings the home's own test authority answers, which proves nothing legally.",
            "akashi ledger stamp --home HOME",
            (3, 6, 7),
        ),
    )
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace, shell: Shell) -> int:
    with opened_server(arguments, shell) as server:
        done = server.stamper.stamp()
        local = not server.settings.tsa_url
    value = {"index": done.index, "operation": done.operation_id.hex(), "test_authority": local}
    shell.result(value, [shell.choose(f"台帳の{done.index}番", f"entry {done.index} of the ledger")])
    if local:
        shell.say(
            shell.choose("試験用の時刻認証局です。法的な効力はありません。", "A test authority: no legal effect.")
        )
    return 0
