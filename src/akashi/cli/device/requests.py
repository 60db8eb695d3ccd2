"""``akashi device requests``: who asked for devices."""

from __future__ import annotations

import argparse

from akashi.app.people import devices
from akashi.cli.homes import acting_maybe, person_options
from akashi.cli.shell import Shell, manual, moment


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "requests",
        help="list requests for devices",
        **manual(
            parent,
            "Lists requests for devices with their stage. Who manages devices sees all, others their own.",
            "akashi device requests --as mori",
            (3, 4, 5, 6, 7, 8),
        ),
    )
    person_options(parser, required=False)
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace, shell: Shell) -> int:
    with acting_maybe(arguments, shell) as (opened, session):
        found = devices.requests(opened.gateway, session)
    rows: list[dict[str, object]] = []
    lines = []
    for one in found:
        stage, purpose = one.stage.name.lower(), one.purpose.name.lower()
        who = {"approver": one.approver, "by": one.by, "device": one.device, "responsible": one.responsible}
        rows.append(who | {"purpose": purpose, "requested_ms": one.requested_ms, "stage": stage})
        lines.append(f"{one.device}  {stage}  {purpose}  {one.responsible}  {moment(one.requested_ms)}")
    shell.result(rows, lines)
    return 0
