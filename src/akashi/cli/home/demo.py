"""``akashi demo``: the main job from end to end with invented people, and the conformity of the system that ran it."""

from __future__ import annotations

import argparse

from akashi.api.faces import faces
from akashi.app.demo import PEOPLE, PORT, run
from akashi.app.demo_conformity import conclude, taken_port
from akashi.app.gateway.home import Gateway
from akashi.app.networkcheck.demo_again import again
from akashi.app.selfcheck.context import SelfContext
from akashi.cli.firsts import PortUnusable
from akashi.cli.shell import Shell, manual
from akashi.identity.model import Session

_LAST = 65_531


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "demo",
        help="convert, send, receive, erase and prove with invented people; then measure the system that did it",
        **manual(
            parent,
            "Founds a service in an empty home and runs the main job end to end, with the time of each step. Then it serves\n"
            "the home, measures it, judges every item of every catalogue, verifies the bundle offline, and shows the overview.\n"
            "With --again it measures a demo home that `akashi network start` runs as several servers.",
            "akashi demo --home demo-home",
            (6, 7),
        ),
    )
    parser.add_argument("--people", type=int, default=PEOPLE, help=f"how many invented people (default {PEOPLE})")
    parser.add_argument("--port", type=int, default=PORT, help=f"the first of its five ports (default {PORT})")
    parser.add_argument("--again", action="store_true", help="measure a demo home that several servers serve now")
    parser.add_argument("--no-conformity", action="store_true", help="only the main job")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace, shell: Shell) -> int:
    def context(gateway: Gateway, session: Session) -> SelfContext:
        """The self check beside the served home: over HTTPS, on the gateway's own origin."""
        url = f"https://{gateway.settings.host}:{gateway.settings.port}"
        tables = faces(gateway, None, shell.clock)
        return SelfContext(gateway, None, arguments.home.resolve(), url, session, tables)

    if arguments.again:
        again(arguments.home, shell.clock, shell.line, context)
        return 0
    if not 0 < arguments.port <= _LAST:
        raise PortUnusable(port=arguments.port)
    taken = None if arguments.no_conformity else taken_port(arguments.port)
    if taken is not None:  # before the first minute is spent on a service that could not be served
        raise PortUnusable(port=taken)
    shown = run(arguments.home, shell.clock, shell.line, people=max(1, arguments.people), port=arguments.port)
    if arguments.no_conformity:
        return 0
    conclude(arguments.home, shown, shell.clock, shell.line, context)
    return 0
