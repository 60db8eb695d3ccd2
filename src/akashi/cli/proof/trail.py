"""``akashi trail``: the steps of one transfer, the same for both sides."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from akashi.app.desk import transfers
from akashi.app.desk.trail import TrailLine, trail_lines
from akashi.cli.homes import acting_person, person_options
from akashi.cli.shell import Shell, manual, moment
from akashi.exchange.model import Step


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "trail",
        help="the steps of a transfer, as both sides see them",
        **manual(
            parent,
            "Lists every entry of the ledger about a transfer: number, time, what, which institution, who. People of other\n"
            "institutions appear by their handle.",
            "akashi trail tr-… --as mori",
            (3, 4, 6, 7, 8),
        ),
    )
    parser.add_argument("transfer", metavar="TRANSFER", help="its handle (tr-…)")
    person_options(parser)
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace, shell: Shell) -> int:
    with acting_person(arguments, shell) as (gateway, session):
        shown = transfers.shown(gateway, session, arguments.transfer)
        lines = trail_lines(gateway, shown.trail, shell.language)
    shell.result(trail_rows(lines, shown.trail), trail_text(lines))
    return 0


def trail_rows(lines: Sequence[TrailLine], steps: Sequence[Step]) -> list[dict[str, object]]:
    """The steps as JSON: handles only, so that both sides' outputs are equal."""
    return [
        {
            "block_ms": line.block_ms,
            "index": line.index,
            "institution": step.institution,
            "kind": line.kind,
            "operation": line.operation,
            "person": step.person,
        }
        for line, step in zip(lines, steps, strict=True)
    ]


def trail_text(lines: Sequence[TrailLine]) -> list[str]:
    """The steps as lines."""
    return [
        f"{line.index:6}  {moment(line.block_ms)}  {line.sentence}  {line.institution}"
        + (f"  {line.person}" if line.person else "")
        for line in lines
    ]
