"""``akashi client rotate``: a new secret for a machine client."""

from __future__ import annotations

import argparse

from akashi.app.people import clients
from akashi.cli.client.desk import DAY_MS, tell_issued
from akashi.cli.homes import acting_person, person_options
from akashi.cli.shell import Shell, manual


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "rotate",
        help="give a machine client a new secret",
        **manual(
            parent,
            "Makes a new secret, shown once. The one before it goes on working for the overlap, so that nothing stops;\n"
            "`--overlap-days 0` ends it at once, for a suspected leak.",
            "akashi client rotate cli-… --as mori",
            (3, 4, 5, 7, 8),
        ),
    )
    parser.add_argument("client", metavar="CLIENT", help="its handle (cli-…)")
    parser.add_argument(
        "--overlap-days", type=int, default=7, choices=range(31), metavar="DAYS", help="0 to 30 (default 7)"
    )
    person_options(parser)
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace, shell: Shell) -> int:
    with acting_person(arguments, shell) as (gateway, session):
        issued = clients.rotated(gateway, session, arguments.client, overlap_ms=arguments.overlap_days * DAY_MS)
    tell_issued(issued, shell)
    return 0
