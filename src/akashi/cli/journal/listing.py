"""``akashi journal list``: who did what at this gateway."""

from __future__ import annotations

import argparse

from akashi.cli.homes import acting_person, person_options
from akashi.cli.shell import Shell, manual, moment
from akashi.identity.journal import Access, What


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "list",
        help="list entries of the access journal",
        **manual(
            parent,
            "Lists who signed in, read, took out or was refused what, and when; handles only. For managers, auditors and the\n"
            "secretariat; the reading itself is an entry.",
            "akashi journal list --last 50 --as kanri",
            (3, 6, 7, 8),
        ),
    )
    parser.add_argument("--last", type=int, default=100, help="how many of the newest entries (default 100)")
    person_options(parser)
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace, shell: Shell) -> int:
    with acting_person(arguments, shell) as (gateway, session):
        gateway.accounts.require(session, "dashboard.read")
        newest = gateway.journal.record(What.JOURNAL_READ, session=session)
        wanted = max(1, arguments.last)
        entries = list(gateway.journal.entries(max(1, newest - wanted + 1), wanted))
    shell.result([_row(one) for one in entries], [_line(one) for one in entries])
    return 0


def _row(one: Access) -> dict[str, object]:
    return {
        "at_ms": one.at_ms,
        "count": one.count,
        "device": one.device,
        "number": one.number,
        "outcome": one.outcome.name.lower(),
        "person": one.person,
        "purpose": one.purpose,
        "reason": one.reason,
        "subject": one.subject,
        "what": one.what.name.lower(),
    }


def _line(one: Access) -> str:
    rest = "  ".join(word for word in (one.person, one.subject, one.reason) if word)
    return f"{one.number:6}  {moment(one.at_ms)}  {one.what.name.lower()}  {one.outcome.name.lower()}  {rest}".rstrip()
