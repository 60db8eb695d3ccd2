"""``akashi report review`` and ``list``: the review of a report is on the ledger."""

from __future__ import annotations

import argparse

from akashi.app.people import reports
from akashi.cli.homes import acting_person, person_options
from akashi.cli.report.showing import period
from akashi.cli.shell import Shell, manual, moment
from akashi.identity.lifecycle.model import AccessVerdict

_VERDICTS = {one.name.lower(): one for one in AccessVerdict}


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the commands."""
    text = "Says on the ledger that one has looked at a period that is over, and what one came to."
    example = "akashi report review --from 2026-10-01 --to 2026-11-01 --verdict nothing_to_note --as kansa"
    review = commands.add_parser("review", help="sign a review", **manual(parent, text, example, (3, 5, 6, 7, 8)))
    period(review)
    review.add_argument("--verdict", required=True, choices=sorted(_VERDICTS), help="what one came to")
    text, example = "Lists reviews of access, newest first.", "akashi report list --as kansa"
    listed = commands.add_parser("list", help="list reviews", **manual(parent, text, example, (3, 6, 7, 8)))
    for parser, run in ((review, _review), (listed, _list)):
        person_options(parser)
        parser.set_defaults(run=run)


def _review(arguments: argparse.Namespace, shell: Shell) -> int:
    with acting_person(arguments, shell) as (gateway, session):
        done = reports.reviewed(gateway, session, arguments.start, arguments.end, _VERDICTS[arguments.verdict])
    shell.result({"operation": done.operation_id.hex()}, [done.operation_id.hex()])
    return 0


def _list(arguments: argparse.Namespace, shell: Shell) -> int:
    with acting_person(arguments, shell) as (gateway, session):
        found = reports.reviews(gateway, session)
    rows = [
        {
            "approved": one.approved,
            "at_ms": one.at_ms,
            "by": one.by,
            "findings": one.findings,
            "from_ms": one.from_ms,
            "to_ms": one.to_ms,
            "verdict": one.verdict.name.lower(),
        }
        for one in found
    ]
    shell.result(
        rows, [f"{moment(one.from_ms)}  {moment(one.to_ms)}  {one.verdict.name.lower()}  {one.by}" for one in found]
    )
    return 0
