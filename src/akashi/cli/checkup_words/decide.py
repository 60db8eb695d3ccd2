"""``akashi checkup words decide``: what a word means from now on."""

from __future__ import annotations

import argparse

from akashi.app.mapmaking import words
from akashi.app.mapmaking.words import Verdict
from akashi.cli.checkup_map.desk import person_step
from akashi.cli.homes import acting_person
from akashi.cli.shell import Shell


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = person_step(
        commands,
        parent,
        "decide",
        "say which standard finding a word is, or that it stays as written",
        "Counts for the conversions after it; what was converted before does not change. Deciding again replaces the decision.",
        "akashi checkup words decide word-… --finding 結節影 --as mori",
    )
    parser.add_argument("word", metavar="WORD", help="the word's handle (word-…)")
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--finding", metavar="FINDING", help="the standard finding that it is (`words list --findings`)")
    what.add_argument("--keep", action="store_true", help="it stays as written")
    what.add_argument("--back", action="store_true", help="take the decision back: it waits again")
    parser.add_argument(
        "--part", default="", metavar="PART", help="the part of the word that is the finding; else all of it"
    )
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace, shell: Shell) -> int:
    verdict = Verdict.FINDING if arguments.finding else Verdict.KEEP if arguments.keep else Verdict.BACK
    with acting_person(arguments, shell) as (gateway, session):
        made = words.decide(gateway, session, arguments.word, verdict, arguments.finding or "", arguments.part)
    meant = {
        Verdict.FINDING: f"{made.part} → {made.finding}",
        Verdict.KEEP: shell.choose("そのまま", "stays as written"),
        Verdict.BACK: shell.choose("決めていない", "waits"),
    }
    shell.result(words.word_row(made), [f"{made.handle}  {meant[verdict]}"])
    return 0
