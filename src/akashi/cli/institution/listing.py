"""``akashi institution list``: who takes part."""

from __future__ import annotations

import argparse

from akashi.cli.homes import opened_server
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
    with opened_server(arguments, shell) as server, server.engine.view() as state:
        for entry in server.directory.entries():
            known = institution(state, entry.handle)
            enabled = known is not None and known.enabled
            rows.append({"enabled": enabled, "handle": entry.handle, "name": entry.name, "number": entry.number})
            mark = "" if enabled else shell.choose("（停止中）", " (disabled)")
            lines.append(f"{entry.handle}  {entry.number or '-':10}  {entry.name}{mark}")
    shell.result(rows, lines)
    return 0
