"""``akashi report show``: who read what in a period."""

from __future__ import annotations

import argparse

from akashi.app.people import reports
from akashi.cli.calendar import day_start
from akashi.cli.homes import acting_person, person_options
from akashi.cli.shell import Shell, manual, moment


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the command."""
    text = "Sessions, records touched, and entries that somebody should look at. Reading the report is itself recorded."
    example = "akashi report show --from 2026-11-01 --to 2026-12-01 --as kansa"
    parser = commands.add_parser("show", help="a report of access", **manual(parent, text, example, (3, 6, 7, 8)))
    period(parser)
    person_options(parser)
    parser.set_defaults(run=_run)


def period(parser: argparse.ArgumentParser) -> None:
    """The options of a period."""
    parser.add_argument(
        "--from", dest="start", type=day_start, required=True, metavar="DAY", help="first day (YYYY-MM-DD)"
    )
    parser.add_argument("--to", dest="end", type=day_start, required=True, metavar="DAY", help="first day after it")


def _run(arguments: argparse.Namespace, shell: Shell) -> int:
    with acting_person(arguments, shell) as (gateway, session):
        found = reports.shown(gateway, session, arguments.start, arguments.end)
    value = {
        "marks": [
            {
                "at_ms": one.at_ms,
                "mark": one.mark.name.lower(),
                "number": one.number,
                "person": one.person,
                "subject": one.subject,
            }
            for one in found.marks
        ],
        "sessions": [
            {"device": one.device, "end_ms": one.end_ms, "person": one.person, "start_ms": one.start_ms}
            for one in found.stays
        ],
        "touched": [{"count": one.count, "person": one.person, "subject": one.subject} for one in found.touched],
    }
    lines = [f"{moment(one.start_ms)}  {moment(one.end_ms)}  {one.person}  {one.device}" for one in found.stays]
    lines += [f"{one.person}  {one.subject}  {one.count}" for one in found.touched]
    lines += [
        f"! {moment(one.at_ms)}  {one.person}  {one.mark.name.lower()}  {one.subject or '-'}" for one in found.marks
    ]
    shell.result(value, lines)
    return 0
