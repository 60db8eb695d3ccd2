"""``akashi institution list``: who takes part."""

from __future__ import annotations

import argparse

from akashi.app.config import gateways_in
from akashi.cli.homes import opened_gateway
from akashi.cli.shell import Shell, manual
from akashi.identity.events import institution


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "list",
        help="list institutions",
        **manual(parent, "Lists every institution: handle, public number, name.", "akashi institution list", (3, 6, 7)),
    )
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace, shell: Shell) -> int:
    rows: list[dict[str, object]] = []
    lines = []
    arguments.institution = next(iter(gateways_in(arguments.home)), "")  # every gateway knows the same list
    with opened_gateway(arguments, shell) as gateway, gateway.ledger.view() as state:
        for entry in gateway.directory.entries():
            known = institution(state, entry.handle)
            enabled = known is not None and known.enabled
            rows.append({"enabled": enabled, "handle": entry.handle, "name": entry.name, "number": entry.number})
            mark = "" if enabled else shell.choose("（停止中）", " (disabled)")
            lines.append(f"{entry.handle}  {entry.number or '-':10}  {entry.name}{mark}")
    shell.result(rows, lines)
    return 0
