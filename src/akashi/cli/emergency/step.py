"""``akashi emergency step``: tick a step of the checklist."""

from __future__ import annotations

import argparse

from akashi.app.duty import emergencies
from akashi.cli.emergency.desk import OUTCOMES, command
from akashi.cli.homes import acting_person
from akashi.cli.shell import Shell


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = command(
        commands,
        parent,
        "step",
        "tick a step of the checklist",
        "Records on the ledger who did a step of the checklist and when. A step that failed may be ticked again.",
        "akashi emergency step emg-… 3 --as ops",
    )
    parser.add_argument("declaration", metavar="DECLARATION", help="handle of the declared emergency")
    parser.add_argument("step", metavar="STEP", type=int, help="number of the step")
    parser.add_argument("--outcome", choices=sorted(OUTCOMES), default="done", help="how it ended (default done)")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace, shell: Shell) -> int:
    with acting_person(arguments, shell) as (gateway, session):
        outcome = OUTCOMES[arguments.outcome]
        found = emergencies.tick(gateway, session, arguments.declaration, arguments.step, outcome)
    done = {one.step: one.outcome.name.lower() for one in found.ticks}
    lines = [f"{number:>2}  {word}" for number, word in sorted(done.items())]
    shell.result({"declaration": found.handle, "steps": {str(n): word for n, word in done.items()}}, lines)
    return 0
