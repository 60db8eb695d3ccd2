"""``akashi device request``: ask for a device."""

from __future__ import annotations

import argparse

from akashi.app.people import devices
from akashi.cli.homes import acting_person, person_named, person_options
from akashi.cli.shell import Shell, manual
from akashi.identity.devices.model import DevicePurpose

_PURPOSES = {one.name.lower(): one for one in DevicePurpose}


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "request",
        help="ask for a device",
        **manual(
            parent,
            "Asks for a device, for oneself or somebody who will answer for it. A manager who is not the asker approves it.",
            "akashi device request --purpose workplace --as hanako",
            (3, 4, 5, 6, 7, 8),
        ),
    )
    parser.add_argument("--purpose", required=True, choices=sorted(_PURPOSES), help="what it is for")
    parser.add_argument("--person", default="", help="who will answer for it: login or handle (default: who asks)")
    person_options(parser)
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace, shell: Shell) -> int:
    with acting_person(arguments, shell) as (gateway, session):
        person = person_named(gateway, arguments.person) if arguments.person else ""
        device = devices.request(gateway, session, _PURPOSES[arguments.purpose], person)
    shell.result({"device": device}, [device])
    return 0
