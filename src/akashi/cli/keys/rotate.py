"""``akashi keys rotate``: change one kind of key, with an overlap."""

from __future__ import annotations

import argparse

from akashi.app.gateway.enrolment import OPENING_KINDS
from akashi.app.keys.gateway_keys import rotate_gateway
from akashi.app.keys.rotation import KeyRole, Rotated
from akashi.app.keys.server_keys import SERVER_ROLES, rotate_server
from akashi.cli.homes import gateway_options, opened_both, opened_server
from akashi.cli.shell import Shell, manual, moment


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "rotate",
        help="change one kind of key; the old one stays good while both overlap",
        **manual(
            parent,
            "Makes a new key, introduces it, switches to it. Run it again after the overlap to withdraw the old key; after\n"
            "an interruption, to finish. The opening key follows the setting `suite`. Stop `akashi serve` before, copy the\n"
            "key store afterwards. Gateways of other homes take a new public/ca.pem from the secretariat.",
            "akashi keys rotate gateway --home HOME --institution inst-…",
            (2, 3, 4, 5, 6, 7),
        ),
    )
    parser.add_argument("role", choices=[role.value for role in KeyRole], help="which key")
    gateway_options(parser)
    parser.add_argument("--yes", action="store_true", help="do not ask")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace, shell: Shell) -> int:
    role = KeyRole(arguments.role)
    if not arguments.yes:
        shell.require_yes(shell.choose(f"鍵 {role.value} を替えますか。", f"Change the key {role.value}?"))
    if role in SERVER_ROLES:
        with opened_server(arguments, shell) as server:
            done = rotate_server(server, role)
    else:
        with opened_both(arguments, shell) as opened:
            kind = OPENING_KINDS.get(opened.gateway.settings.suite) if role is KeyRole.OPENING else None
            done = rotate_gateway(opened.gateway, opened.server, role, kind)
    _tell(done, shell)
    return 0


def _tell(done: Rotated, shell: Shell) -> None:
    record = {
        "did": list(done.did),
        "generation": done.generation,
        "retires_ms": done.retires_ms,
        "role": done.role.value,
    }
    steps = ", ".join(done.did) or shell.choose("することはありませんでした", "nothing to do")
    lines = [
        f"{done.role.value}: {shell.choose('第', 'generation ')}{done.generation}{shell.choose('世代', '')}  ({steps})"
    ]
    if done.retires_ms is not None:
        when = moment(done.retires_ms)
        lines.append(shell.choose(f"古い鍵は {when} まで有効です。", f"The old key stays good until {when}."))
    shell.result(record, lines)
