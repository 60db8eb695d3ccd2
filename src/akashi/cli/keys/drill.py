"""``akashi keys leak-drill``: what a leaked key means, and the way out."""

from __future__ import annotations

import argparse
from datetime import datetime
from pathlib import Path

from akashi.app.keys.drill import LeakReport, drill_gateway, drill_server, write_report
from akashi.app.keys.rotation import KeyRole
from akashi.app.keys.server_keys import SERVER_ROLES
from akashi.cli.homes import gateway_options, opened_both, opened_server
from akashi.cli.shell import BadArguments, Shell, manual


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "leak-drill",
        help="rehearse the leak of a key, or (--really) withdraw it at once",
        **manual(
            parent,
            "Lists what the key signed since then, what it opens and which devices hang on it, and writes a report as JSON\n"
            "and as text. With --really the key is revoked as compromised since that time and a new one is made, without\n"
            "overlap. Without it nothing changes.",
            "akashi keys leak-drill gateway --home HOME --since 2026-11-01T09:00:00+09:00 --out DIR",
            (2, 3, 4, 5, 6, 7),
        ),
    )
    parser.add_argument("role", choices=[role.value for role in KeyRole], help="which key leaked")
    gateway_options(parser)
    parser.add_argument("--since", required=True, help="from when it is not believed (with offset, as in the example)")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder for the report")
    parser.add_argument("--really", action="store_true", help="it leaked: withdraw it now")
    parser.add_argument("--yes", action="store_true", help="do not ask")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace, shell: Shell) -> int:
    role, since = KeyRole(arguments.role), _since(arguments.since)
    if arguments.really and not arguments.yes:
        shell.require_yes(shell.choose("この鍵を今すぐ失効させますか。", "Withdraw this key now?"))
    if role in SERVER_ROLES:
        with opened_server(arguments, shell) as server:
            made = drill_server(server, role, since, really=arguments.really)
    else:
        with opened_both(arguments, shell) as opened:
            made = drill_gateway(opened.gateway, opened.server, role, since, really=arguments.really)
    files = [path.name for path in write_report(made, arguments.out)]
    shell.result({"files": files, **_counts(made)}, [*made.as_text().decode().splitlines(), *files])
    return 0


def _counts(made: LeakReport) -> dict[str, object]:
    seen = made.exposure
    return {
        "devices": len(seen.devices),
        "operations": len(seen.operations),
        "really": made.really,
        "transfers": len(seen.transfers),
    }


def _since(text: str) -> int:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise BadArguments(what="--since", command="akashi keys leak-drill") from error
    if moment.tzinfo is None or moment.timestamp() < 0:
        raise BadArguments(what="--since", command="akashi keys leak-drill")
    return int(moment.timestamp() * 1000)
