"""``akashi emergency review``: look through what was touched, and judge it."""

from __future__ import annotations

import argparse
from pathlib import Path

from akashi.app.duty import emergencies
from akashi.cli.emergency.desk import VERDICTS, command, text_of
from akashi.cli.homes import acting_person
from akashi.cli.shell import Shell, moment


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = command(
        commands,
        parent,
        "review",
        "review an opening",
        "Lists every record that was touched. With --verdict it records the review, by somebody who neither opened, confirmed nor\nused the account; the words stay sealed, the ledger gets a commitment.",
        "akashi emergency review emg-… --verdict justified --text-file why.txt --as kansa",
    )
    parser.add_argument("opening", metavar="OPENING", help="handle of the opening")
    parser.add_argument("--verdict", choices=sorted(VERDICTS), help="what was found; without it only the list is shown")
    parser.add_argument("--text-file", type=Path, metavar="FILE", help="what was found, in words (UTF-8)")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace, shell: Shell) -> int:
    with acting_person(arguments, shell) as (gateway, session):
        entries = emergencies.touched(gateway, session, arguments.opening)
        if arguments.verdict:
            text = text_of(arguments.text_file)
            emergencies.review(gateway, session, arguments.opening, VERDICTS[arguments.verdict], text)
    rows: list[dict[str, object]] = [
        {"at_ms": one.at_ms, "number": one.number, "subject": one.subject, "what": one.what.name.lower()}
        for one in entries
    ]
    lines = [f"{one.number}  {moment(one.at_ms)}  {one.what.name.lower()}  {one.subject or '-'}" for one in entries]
    value = {"entries": rows, "opening": arguments.opening, "verdict": arguments.verdict}
    shell.result(value, [f"{arguments.opening}  {arguments.verdict or '-'}", *lines])
    return 0
