"""``akashi visit review``: the report was looked at."""

from __future__ import annotations

import argparse

from akashi.app.duty import visits
from akashi.cli.homes import acting_person
from akashi.cli.shell import Shell
from akashi.cli.visit.desk import VERDICTS, command, show_visit


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = command(
        commands,
        parent,
        "review",
        "review the report of a visit",
        "Records that somebody who neither worked nor reported looked at the report (`visit show`) and accepts it, or does not.",
        "akashi visit review vis-… accept --as keikaku",
    )
    parser.add_argument("visit", metavar="VISIT", help="handle of the visit")
    parser.add_argument("verdict", choices=sorted(VERDICTS), help="what was found")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace, shell: Shell) -> int:
    with acting_person(arguments, shell) as (gateway, session):
        return show_visit(visits.review(gateway, session, arguments.visit, VERDICTS[arguments.verdict]), shell)
