"""``akashi visit report``: compare journal and plan, and record it."""

from __future__ import annotations

import argparse
from pathlib import Path

from akashi.app.duty import visits
from akashi.cli.emergency.desk import text_of
from akashi.cli.homes import acting_person
from akashi.cli.shell import Shell
from akashi.cli.visit.desk import TRIAL_DATA, command, comparison_lines, comparison_row


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = command(
        commands,
        parent,
        "report",
        "report a visit",
        "Compares the access journal with the plan and records what was found: what was seen, as whom, what became of test data.",
        "akashi visit report vis-… --test-data erased --text-file report.txt --as ops",
    )
    parser.add_argument("visit", metavar="VISIT", help="handle of the visit")
    parser.add_argument("--test-data", choices=sorted(TRIAL_DATA), required=True, help="what became of test data")
    parser.add_argument("--text-file", type=Path, metavar="FILE", help="what was done and erased, in words (UTF-8)")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace, shell: Shell) -> int:
    with acting_person(arguments, shell) as (gateway, session):
        data, text = TRIAL_DATA[arguments.test_data], text_of(arguments.text_file)
        made = visits.report(gateway, session, arguments.visit, data, text)
    value = comparison_row(made.comparison) | {"test_data": arguments.test_data, "visit": made.visit}
    shell.result(value, [made.visit, *comparison_lines(made.comparison, shell)])
    return 0
