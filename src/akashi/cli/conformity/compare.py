"""``akashi conformity compare``: two runs, two catalogues, or the answers of now and a year ago."""

from __future__ import annotations

import argparse

from akashi.app.conformity import comparing
from akashi.app.conformity.desk import READ
from akashi.app.conformity.telling import REPLIES, change_line, decision_row, edition_lines
from akashi.cli.homes import acting_maybe, person_options
from akashi.cli.shell import BadArguments, Shell, days, manual
from akashi.conformity.model import DAY_MS
from akashi.conformity.service import Conformity

_NAME = "akashi conformity compare"


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "compare",
        help="what changed between two runs, two catalogues, or since last year",
        **manual(
            parent,
            "Of two runs (run-…): verdicts that differ. Of two catalogues: what the second one asks in place of the first,\n"
            "and thresholds that differ. With --since-days: answers that differ from what was said then.",
            f"{_NAME} mhlw-4.3 mhlw-7.0-draft-ops",
            (3, 4, 6, 7, 8),
        ),
    )
    for name in ("older", "newer"):
        parser.add_argument(name, metavar=name.upper(), nargs="?", default="", help="a run or a catalogue")
    parser.add_argument("--since-days", type=days, metavar="DAYS", help="answers of now and of so many days ago")
    person_options(parser, required=False)
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace, shell: Shell) -> int:
    pair = bool(arguments.older) and bool(arguments.newer)
    if pair is (arguments.since_days is not None) or bool(arguments.older) is not bool(arguments.newer):
        raise BadArguments(what="OLDER NEWER | --since-days", command=_NAME)
    with acting_maybe(arguments, shell) as (opened, session):
        if session is not None:
            opened.gateway.accounts.require(session, READ)
        conformity = opened.gateway.conformity
        if not pair:
            return _answers(conformity, shell.clock.now_ms() - arguments.since_days * DAY_MS, shell)
        if arguments.newer.startswith("run-"):
            return _runs(conformity, arguments.older, arguments.newer, shell)
        return _editions(conformity, arguments.older, arguments.newer, shell)


def _runs(conformity: Conformity, older: str, newer: str, shell: Shell) -> int:
    changes = comparing.run_changes(conformity, older, newer)
    rows = [
        {side: None if it is None else decision_row(it) for side, it in (("after", one.after), ("before", one.before))}
        for one in changes
    ]
    shell.result(rows, [change_line(one, shell.language) for one in changes])
    return 0


def _editions(conformity: Conformity, older: str, newer: str, shell: Shell) -> int:
    found = comparing.editions(conformity, older, newer)
    met = {one.item: [{"item": at, "relation": how.value} for at, how in one.counterparts] for one in found.met}
    differ = {key: [None if one is None else one.value for one in pair] for key, pair in found.thresholds.items()}
    told = {"gone": found.gone, "met": met, "new": found.new, "thresholds": differ}
    shell.result(told, edition_lines(found, shell.language))
    return 0


def _answers(conformity: Conformity, since_ms: int, shell: Shell) -> int:
    rows, lines = list[dict[str, object]](), list[str]()
    for before, now in comparing.answer_changes(conformity, since_ms):
        was, says = (REPLIES[one.reply].of(shell.language) if one else "-" for one in (before, now))
        lines.append(f"{now.catalogue}/{now.item}  {was} -> {says}")
        names = [one.reply.name.lower() if one else None for one in (before, now)]
        rows.append({"after": names[1], "before": names[0], "item": f"{now.catalogue}/{now.item}"})
    shell.result(rows, lines)
    return 0
