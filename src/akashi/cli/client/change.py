"""``akashi client change``: other terms for a machine client."""

from __future__ import annotations

import argparse

from akashi.app.people import clients
from akashi.cli.client.desk import terms_of, terms_options
from akashi.cli.homes import acting_person, person_options
from akashi.cli.shell import Shell, manual


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "change",
        help="give a machine client other terms",
        **manual(
            parent,
            "Replaces actions, end, responsible person and counterpart of a machine client from its next request on; with\n"
            "--network also from where it may come (`--network any` for everywhere).",
            "akashi client change cli-… --action transfer.read --responsible hanako --as mori",
            (3, 4, 5, 6, 7, 8),
        ),
    )
    parser.add_argument("client", metavar="CLIENT", help="its handle (cli-…)")
    parser.add_argument(
        "--network", dest="networks", action="append", default=[], metavar="CIDR", help="from where; repeatable"
    )
    terms_options(parser)
    person_options(parser)
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace, shell: Shell) -> int:
    with acting_person(arguments, shell) as (gateway, session):
        wanted = None if not arguments.networks else tuple(one for one in arguments.networks if one != "any")
        terms = terms_of(arguments, gateway)
        clients.changed(gateway, session, arguments.client, terms, networks=wanted)
    shell.result({"client": arguments.client}, [arguments.client])
    return 0
