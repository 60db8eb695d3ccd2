"""``akashi alert list``: what must be looked at."""

from __future__ import annotations

import argparse

from akashi.app.people import presence
from akashi.cli.homes import acting_maybe, person_options
from akashi.cli.shell import Shell, manual, moment


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "list",
        help="list alerts",
        **manual(
            parent,
            "Lists open alerts, the newest first: number, kind, what it is about, how often, and when it last happened.",
            "akashi alert list --as mori",
            (3, 4, 5, 6, 7, 8),
        ),
    )
    parser.add_argument("--all", action="store_true", help="also those that somebody acknowledged")
    person_options(parser, required=False)
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace, shell: Shell) -> int:
    with acting_maybe(arguments, shell) as (opened, session):
        found = presence.alerts(opened.gateway, session, acknowledged=arguments.all)
    rows: list[dict[str, object]] = []
    lines = []
    for one in found:
        facts: dict[str, object] = {
            "acknowledged_by": one.acknowledged_by,
            "acknowledged_ms": one.acknowledged_ms,
            "count": one.count,
        }
        times = {"first_ms": one.first_ms, "last_ms": one.last_ms}
        rows.append(facts | times | {"kind": one.kind, "number": one.number, "subject": one.subject})
        by = f"  {one.acknowledged_by}" if one.acknowledged_by else ""
        lines.append(f"{one.number}  {one.kind}  {one.subject}  {one.count}  {moment(one.last_ms)}{by}")
    shell.result(rows, lines)
    return 0
