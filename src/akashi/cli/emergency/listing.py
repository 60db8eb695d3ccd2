"""``akashi emergency list``: accounts, openings, declared emergencies."""

from __future__ import annotations

import argparse

from akashi.app.duty import emergencies
from akashi.cli.emergency.desk import command, opening_line, opening_row
from akashi.cli.homes import acting_person
from akashi.cli.shell import Shell


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = command(
        commands,
        parent,
        "list",
        "list accounts, openings and declared emergencies",
        "Lists sealed accounts with their state, all openings and all declared emergencies. With --check the seals are looked at.",
        "akashi emergency list --check --as boss",
    )
    parser.add_argument("--check", action="store_true", help="also check that every seal is intact")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace, shell: Shell) -> int:
    with acting_person(arguments, shell) as (gateway, session):
        found = emergencies.standing(gateway, session)
        broken = emergencies.check_seals(gateway, session) if arguments.check else []
    accounts: list[dict[str, object]] = [
        {"account": one.person, "intact": one.person not in broken, "state": one.state.name.lower()}
        for one in found.accounts
    ]
    declared: list[dict[str, object]] = [
        {"cause": one.cause.name.lower(), "declaration": one.handle, "ended_ms": one.ended_ms}
        for one in found.declarations
    ]
    lines = [f"{one['account']}  {one['state']}{'' if one['intact'] else '  !'}" for one in accounts]
    lines += [opening_line(one) for one in found.openings]
    lines += [f"{one['declaration']}  {one['cause']}" for one in declared]
    openings = [opening_row(one) for one in found.openings]
    shell.result({"accounts": accounts, "declarations": declared, "openings": openings}, lines)
    return 0
