"""``akashi client add``: a machine client on one of the institution's devices."""

from __future__ import annotations

import argparse

from akashi.app.people import clients
from akashi.cli.client.desk import tell_issued, terms_of, terms_options
from akashi.cli.homes import acting_person, person_options
from akashi.cli.shell import Shell, manual


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "add",
        help="enrol a machine client",
        **manual(
            parent,
            "Enrols a machine client on the ledger: one device, a few actions, an end, and a person who answers for it. Its\n"
            "secret is shown once; requests carry it as `Authorization: Bearer …` over the device's certificate.",
            "akashi client add dev-… --label 基幹システム --action transfer.send --responsible hanako --as mori",
            (3, 4, 5, 6, 7, 8),
        ),
    )
    parser.add_argument("device", metavar="DEVICE", help="its device (dev-…), not the gateway itself")
    parser.add_argument("--label", required=True, help="what it is, for your own list")
    parser.add_argument(
        "--network", dest="networks", action="append", default=[], metavar="CIDR", help="from where; repeatable"
    )
    terms_options(parser)
    person_options(parser)
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace, shell: Shell) -> int:
    with acting_person(arguments, shell) as (gateway, session):
        terms = terms_of(arguments, gateway)
        issued = clients.enrolled(
            gateway, session, arguments.device, terms, label=arguments.label, networks=tuple(arguments.networks)
        )
    tell_issued(issued, shell)
    return 0
