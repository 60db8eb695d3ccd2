"""``akashi demo``: the main job from end to end with invented people."""

from __future__ import annotations

import argparse

from akashi.app.demo import PEOPLE, run
from akashi.cli.shell import Shell, manual


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "demo",
        help="convert, send, receive, erase and prove with invented people",
        **manual(
            parent,
            "Founds a service in an empty home and runs the main job end to end, with the time of each step.",
            "akashi demo --home demo-home",
            (6, 7),
        ),
    )
    parser.add_argument("--people", type=int, default=PEOPLE, help=f"how many invented people (default {PEOPLE})")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace, shell: Shell) -> int:
    run(arguments.home, shell.clock, shell.line, people=max(1, arguments.people))
    return 0
