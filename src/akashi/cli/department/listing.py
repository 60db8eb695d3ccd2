"""``akashi department list``."""

from __future__ import annotations

import argparse

from akashi.app.people import rights
from akashi.cli.homes import acting_person, person_options
from akashi.cli.shell import Shell, manual


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the command."""
    text, example = "Lists departments, also closed ones.", "akashi department list --as mori"
    parser = commands.add_parser("list", help="list departments", **manual(parent, text, example, (3, 6, 7, 8)))
    person_options(parser)
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace, shell: Shell) -> int:
    rows: list[dict[str, object]] = []
    lines = []
    with acting_person(arguments, shell) as (gateway, session):
        for one, name in rights.departments(gateway, session):
            kind = one.kind.name.lower()
            rows.append(
                {"department": one.handle, "kind": kind, "manager": one.manager, "name": name, "open": one.open}
            )
            mark = "" if one.open else shell.choose("（廃止）", " (closed)")
            lines.append(f"{one.handle}  {kind:14}  {one.manager}  {name}{mark}")
    shell.result(rows, lines)
    return 0
