"""``akashi conformity declare``: what applies to this institution."""

from __future__ import annotations

import argparse

from akashi.app.conformity.desk import READ
from akashi.app.conformity.desk import declare as declare_features
from akashi.cli.homes import acting_person, person_options
from akashi.cli.shell import BadArguments, Shell, manual
from akashi.conformity.service import Conformity


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "declare",
        help="declare what applies to this institution: conditions one by one, or a preset",
        **manual(
            parent,
            "Shows the conditions with their questions and what is declared. With a preset or single conditions it changes\n"
            "them; items whose condition is not declared become 対象外.",
            "akashi conformity declare --preset outsourced --yes wireless --as mori",
            (3, 6, 7, 8),
        ),
    )
    parser.add_argument("--preset", default="", metavar="NAME", help="start from a preset (outsourced, cloud, …)")
    parser.add_argument("--yes", action="append", default=[], metavar="ID", help="a condition that applies; repeatable")
    parser.add_argument("--no", action="append", default=[], metavar="ID", help="one that does not; repeatable")
    person_options(parser)
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace, shell: Shell) -> int:
    with acting_person(arguments, shell) as (gateway, session):
        gateway.accounts.require(session, READ)
        conformity = gateway.conformity
        chosen = _chosen(arguments, conformity)
        if chosen is not None:
            declare_features(gateway, session, chosen)
        declared = conformity.features()
        features, groups, presets = conformity.books.features, conformity.books.groups, conformity.books.presets
    lines = []
    for name, title in groups.items():
        lines.append(title.of(shell.language))
        lines += [
            f"  [{'x' if one.id in declared else ' '}] {one.id:<26} {one.question.of(shell.language)}"
            for one in features.values()
            if one.group == name
        ]
    lines += [f"--preset {one.id:<18} {one.title.of(shell.language)}" for one in presets.values()]
    shell.result({"declared": sorted(declared), "presets": sorted(presets)}, lines)
    return 0


def _chosen(arguments: argparse.Namespace, conformity: Conformity) -> set[str] | None:
    """The new declaration, or ``None`` where nothing is to change."""
    if not (arguments.preset or arguments.yes or arguments.no):
        return None
    chosen = set(conformity.features())
    if arguments.preset:
        preset = conformity.books.presets.get(arguments.preset)
        if preset is None:
            known = ", ".join(sorted(conformity.books.presets))
            raise BadArguments(what=f"--preset: {known}", command="akashi conformity declare")
        chosen = set(preset.features)
    unknown = set(arguments.no) - set(conformity.books.features)
    # A condition that nobody knows is refused by the service; one that is taken away would go unnoticed there.
    return chosen - set(arguments.no) | set(arguments.yes) | unknown
