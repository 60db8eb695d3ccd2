"""``akashi review list``, ``show`` and ``export``."""

from __future__ import annotations

import argparse
from pathlib import Path

from akashi.app.people import reviews
from akashi.cli.files import verify_free, write_whole
from akashi.cli.homes import acting_person, person_options
from akashi.cli.shell import Shell, manual, moment

_EXITS = (3, 4, 6, 7, 8)


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the commands."""
    text, example = "Lists reviews, newest first.", "akashi review list --as mori"
    listed = commands.add_parser("list", help="list reviews", **manual(parent, text, example, _EXITS))
    text, example = "Shows what a review found and what was decided.", "akashi review show rev-… --as mori"
    show = commands.add_parser("show", help="show a review", **manual(parent, text, example, _EXITS))
    text = "Takes a review out as CSV, or as JSON where the file's name ends so."
    example = "akashi review export rev-… --to tanaoroshi.csv --as mori"
    export = commands.add_parser("export", help="take a review out", **manual(parent, text, example, _EXITS))
    export.add_argument("--to", type=Path, required=True, metavar="FILE", help="a new file")
    for parser in (show, export):
        parser.add_argument("review", metavar="REVIEW", help="rev-…")
    for parser, run in ((listed, _list), (show, _show), (export, _export)):
        person_options(parser)
        parser.set_defaults(run=run)


def _list(arguments: argparse.Namespace, shell: Shell) -> int:
    with acting_person(arguments, shell) as (gateway, session):
        found = reviews.listed(gateway, session)
    rows = [
        {
            "closed_ms": one.closed_ms,
            "decided": one.decided,
            "findings": one.count,
            "opened_ms": one.opened_ms,
            "review": one.handle,
        }
        for one in found
    ]
    shell.result(rows, [f"{one.handle}  {moment(one.opened_ms)}  {one.decided}/{one.count}" for one in found])
    return 0


def _show(arguments: argparse.Namespace, shell: Shell) -> int:
    rows: list[dict[str, object]] = []
    lines = []
    with acting_person(arguments, shell) as (gateway, session):
        for one in reviews.lines(gateway, session, arguments.review):
            what, how = one.found.finding.name.lower(), "-" if one.decision is None else one.decision.name.lower()
            rows.append(
                {
                    "decision": how,
                    "detail": one.found.detail,
                    "finding": what,
                    "login": one.login,
                    "subject": one.found.subject,
                }
            )
            lines.append(f"{one.found.subject}  {what:18}  {one.found.detail:5}  {how:16}  {one.login}")
    shell.result(rows, lines)
    return 0


def _export(arguments: argparse.Namespace, shell: Shell) -> int:
    verify_free(arguments.to)
    as_json = arguments.to.suffix.lower() == ".json"
    with acting_person(arguments, shell) as (gateway, session):
        data = b"".join(reviews.taken_out(gateway, session, arguments.review, as_json=as_json).pieces)
    write_whole(arguments.to, data)
    shell.result({"file": arguments.to.name}, [arguments.to.name])
    return 0
