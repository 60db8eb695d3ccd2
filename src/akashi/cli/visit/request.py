"""``akashi visit request``: apply for a visit."""

from __future__ import annotations

import argparse
from pathlib import Path

from akashi.app.duty import visits
from akashi.cli.homes import acting_person, person_named
from akashi.cli.shell import Shell
from akashi.cli.visit.desk import command, instant, plan_of


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = command(
        commands,
        parent,
        "request",
        "apply for a visit",
        "Applies for a visit with a work plan (a JSON file: purpose, systems, steps, sources; expects, reads, test_accounts, text).\nSomebody else decides. With --emergency the work may begin before that, and is decided on within a day.",
        "akashi visit request --visitor hoshu.t --plan plan.json --from 2026-11-21T09:00 --to 2026-11-21T17:00 --as ops",
    )
    parser.add_argument("--visitor", required=True, metavar="PERSON", help="login or handle of the maintainer")
    parser.add_argument("--plan", type=Path, required=True, metavar="FILE", help="the work plan")
    parser.add_argument("--from", dest="start", type=instant, required=True, metavar="MINUTE", help="begin, in Japan")
    parser.add_argument("--to", dest="until", type=instant, required=True, metavar="MINUTE", help="end, in Japan")
    parser.add_argument("--emergency", action="store_true", help="begin before the decision (24 hours at most)")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace, shell: Shell) -> int:
    plan, window = plan_of(arguments.plan), (arguments.start, arguments.until)
    with acting_person(arguments, shell) as (gateway, session):
        visitor = person_named(gateway, arguments.visitor)
        visit = visits.request(gateway, session, visitor, plan, window, emergency=arguments.emergency)
    shell.result({"visit": visit}, [visit])
    return 0
