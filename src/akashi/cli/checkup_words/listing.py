"""``akashi checkup words list``: findings that conversions here did not understand."""

from __future__ import annotations

import argparse

from akashi.app.mapmaking import words
from akashi.cli.checkup_map.desk import person_step
from akashi.cli.homes import acting_person
from akashi.cli.shell import Shell


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = person_step(
        commands,
        parent,
        "list",
        "list the findings that conversions at this gateway did not understand",
        "The most frequent first; `--findings` names the standard findings of each examination instead. Shows texts of files, without\n"
        "saying whose they are.",
        "akashi checkup words list --as mori",
    )
    parser.add_argument("--findings", action="store_true", help="show which standard findings there are")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace, shell: Shell) -> int:
    with acting_person(arguments, shell) as (gateway, session):
        if arguments.findings:
            choices = words.findings(gateway, session)
            shell.result(choices, [f"{modality}: {'、'.join(found)}" for modality, found in choices.items()])
            return 0
        found = words.queued(gateway, session)
    value = {
        "waiting": [words.word_row(one) for one in found.waiting],
        "kept": [words.word_row(one) for one in found.kept],
        "learnt": [words.word_row(one) for one in found.learnt],
    }
    counts = len(found.waiting), len(found.learnt), len(found.kept)
    lines = [
        shell.choose(
            "決めていない用語: {} 決めた用語: {} そのままの用語: {}", "waiting: {} decided: {} kept: {}"
        ).format(*counts)
    ]
    lines += [f"{one.handle}  {one.modality}  {one.count}  {one.word}" for one in found.waiting]
    shell.result(value, lines)
    return 0
