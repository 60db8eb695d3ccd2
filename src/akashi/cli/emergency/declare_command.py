"""``akashi emergency declare``: declare an emergency."""

from __future__ import annotations

import argparse

from akashi.app.duty import emergencies
from akashi.cli.emergency.desk import REASONS, command, hours
from akashi.cli.homes import acting_person
from akashi.cli.shell import Shell


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = command(
        commands,
        parent,
        "declare",
        "declare an emergency",
        "Opens every sealed account and begins the checklist of recovery. One of the listed reasons, or a drill.",
        "akashi emergency declare --cause cyber-attack --as boss",
    )
    parser.add_argument("--cause", choices=sorted(set(REASONS) - {"agreed"}), required=True, help="why")
    parser.add_argument("--hours", type=hours, help="how long the accounts stay open, 1 to 24 (default 8)")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace, shell: Shell) -> int:
    with acting_person(arguments, shell) as (gateway, session):
        made = emergencies.declare(gateway, session, REASONS[arguments.cause], arguments.hours)
        steps = emergencies.checklist(made.checklist).steps
    rows = [{"number": one.number, "step": shell.choose(one.ja, one.en)} for one in steps]
    lines = [
        f"{one.number:>2}  {shell.choose(one.ja, one.en)}（{shell.choose(one.who_ja, one.who_en)}）" for one in steps
    ]
    value = {"declaration": made.handle, "openings": list(made.openings), "steps": rows}
    shell.result(value, [made.handle, *made.openings, *lines])
    return 0
