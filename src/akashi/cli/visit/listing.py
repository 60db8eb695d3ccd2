"""``akashi visit list``: the visits of the institution."""

from __future__ import annotations

import argparse

from akashi.app.duty import visits
from akashi.cli.homes import acting_person
from akashi.cli.shell import Shell
from akashi.cli.visit.desk import command, visit_line, visit_row


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = command(
        commands,
        parent,
        "list",
        "list visits",
        "Lists visits with window, decision and stage; a visitor sees their own.",
        "akashi visit list --as boss",
    )
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace, shell: Shell) -> int:
    with acting_person(arguments, shell) as (gateway, session):
        found = visits.listed(gateway, session)
    shell.result([visit_row(one) for one in found], [visit_line(one) for one in found])
    return 0
