"""``akashi review open`` and ``close``."""

from __future__ import annotations

import argparse

from akashi.app.people import reviews
from akashi.cli.homes import acting_person, person_options
from akashi.cli.shell import Shell, manual, moment

_EXITS = (3, 4, 5, 6, 7, 8)


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the commands."""
    text = (
        "Looks for accounts that are unused, dormant, too wide or without a department, and for devices and clients that\n"
        "nobody answers for. The digest of what was found goes to the ledger; each finding is then decided."
    )
    start = commands.add_parser("open", help="begin", **manual(parent, text, "akashi review open --as mori", _EXITS))
    text = "Ends a review whose findings are all decided."
    end = commands.add_parser(
        "close", help="end", **manual(parent, text, "akashi review close rev-… --as mori", _EXITS)
    )
    end.add_argument("review", metavar="REVIEW", help="rev-…")
    for parser, run in ((start, _open), (end, _close)):
        person_options(parser)
        parser.set_defaults(run=run)


def _open(arguments: argparse.Namespace, shell: Shell) -> int:
    with acting_person(arguments, shell) as (gateway, session):
        made = reviews.opened(gateway, session)
    shell.result({"findings": made.count, "review": made.handle}, [f"{made.handle}  {made.count}"])
    return 0


def _close(arguments: argparse.Namespace, shell: Shell) -> int:
    with acting_person(arguments, shell) as (gateway, session):
        done = reviews.closed(gateway, session, arguments.review)
        due = reviews.due_ms(gateway)
    shell.result({"closed_ms": done.closed_ms, "next_ms": due, "review": done.handle}, [done.handle])
    shell.say(shell.choose(f"次回の期日: {moment(due)[:10]}", f"next one due: {moment(due)[:10]}"))
    return 0
