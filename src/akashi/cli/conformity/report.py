"""``akashi conformity report``: what stands, what contradicts, what is open, what expires."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from akashi.app.conformity.comparing import missing_reports
from akashi.app.conformity.desk import READ
from akashi.app.conformity.telling import decision_line, decision_row, overview_lines, summary_row
from akashi.app.conformity.views import Wanted, decisions, overview
from akashi.app.gateway.home import Gateway
from akashi.cli.homes import acting_maybe, person_options
from akashi.cli.shell import Shell, manual, moment
from akashi.conformity.model import Decision, Verdict

_VERDICTS = {one.name.lower().replace("_", "-"): one for one in Verdict}


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "report",
        help="the overview, one sheet, contradictions, what expires, or missing reports",
        **manual(
            parent,
            "Judges everything again as of now: a bar for each sheet, contradictions first. Options narrow each other down.",
            "akashi conformity report --sheet mhlw-7.0-draft-ops --verdict fails",
            (3, 4, 6, 7, 8),
        ),
    )
    parser.add_argument("--sheet", default="", metavar="CATALOGUE", help="one catalogue, contradictions first")
    parser.add_argument("--verdict", choices=sorted(_VERDICTS), help="only items with this verdict")
    parser.add_argument(
        "--contradictions", action="store_true", help="only declarations that a measurement contradicts"
    )
    parser.add_argument("--expiring", action="store_true", help="only what ends soon: measured in 7 days, else in 30")
    parser.add_argument(
        "--missing-reports", action="store_true", help="only items that ask for a report to the manager"
    )
    person_options(parser, required=False)
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace, shell: Shell) -> int:
    with acting_maybe(arguments, shell) as (opened, session):
        if session is not None:
            opened.gateway.accounts.require(session, READ)
        if arguments.missing_reports:
            return _missing(opened.gateway, shell)
        if arguments.sheet or arguments.verdict or arguments.contradictions or arguments.expiring:
            wanted = Wanted(
                arguments.sheet, _VERDICTS.get(arguments.verdict), arguments.contradictions, arguments.expiring
            )
            return _list(decisions(opened.gateway.conformity, wanted), shell)
        seen = overview(opened.gateway.conformity)
    clashes = [decision_row(one) for one in seen.contradictions]
    value = {"contradictions": clashes, "sheets": [summary_row(one) for one in seen.sheets]}
    shell.result(value, overview_lines(seen, shell.language))
    return 0


def _list(found: Sequence[Decision], shell: Shell) -> int:
    lines = [f"{decision_line(one, shell.language)}  ({moment(one.expires_ms or None)})" for one in found]
    shell.result([decision_row(one) for one in found], lines)
    return 0


def _missing(gateway: Gateway, shell: Shell) -> int:
    found = missing_reports(gateway)
    rows = [{"catalogue": name, "item": item.id} for name, item in found]
    shell.result(rows, [f"{name}/{item.id}  {item.text.of(shell.language)}" for name, item in found])
    return 0
