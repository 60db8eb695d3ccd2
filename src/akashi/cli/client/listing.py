"""``akashi client list``: the machine clients of the institution."""

from __future__ import annotations

import argparse

from akashi.app.people import clients
from akashi.cli.homes import acting_person, person_options
from akashi.cli.shell import Shell, manual, moment
from akashi.identity.permissions import client_actions


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "list",
        help="list machine clients",
        **manual(
            parent,
            "Lists the institution's machine clients: label, device, actions, end, who answers for each, from where it may\n"
            "come, and until when its secrets work.",
            "akashi client list --as mori",
            (3, 6, 7, 8),
        ),
    )
    person_options(parser)
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace, shell: Shell) -> int:
    rows: list[dict[str, object]] = []
    lines = []
    with acting_person(arguments, shell) as (gateway, session):
        found = clients.listed(gateway, session)
    for one in found:
        client, actions = one.client, sorted(client_actions(one.client.actions))
        rows.append(
            {
                "actions": actions,
                "client": client.handle,
                "counterpart": client.counterpart,
                "device": client.device,
                "enabled": client.enabled,
                "label": one.label,
                "networks": list(one.networks),
                "responsible": client.responsible,
                "secrets_end_ms": list(one.secrets_end_ms),
                "until_ms": client.until_ms,
            }
        )
        until = shell.choose(f"{moment(client.until_ms)} まで", f"until {moment(client.until_ms)}")
        state = until if client.enabled else shell.choose("停止", "stopped")
        lines.append("  ".join([client.handle, one.label, client.device, client.responsible, state, ",".join(actions)]))
    shell.result(rows, lines)
    return 0
