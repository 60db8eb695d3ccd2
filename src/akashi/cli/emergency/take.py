"""``akashi emergency take``: the secret of an open account, once."""

from __future__ import annotations

import argparse

from akashi.app.duty import emergencies
from akashi.cli.emergency.desk import command
from akashi.cli.homes import acting_person
from akashi.cli.shell import Shell


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = command(
        commands,
        parent,
        "take",
        "take the secret of an open account",
        "Prints the secret, to its opener, this once (in a declared emergency: to whoever is there first). A secret on paper is in\nits envelope and is not printed.",
        "akashi emergency take emg-… --as hanako",
    )
    parser.add_argument("opening", metavar="OPENING", help="handle of the opening")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace, shell: Shell) -> int:
    with acting_person(arguments, shell) as (gateway, session):
        account = gateway.people.emergencies.opening(arguments.opening).account
        secret = emergencies.take(gateway, session, arguments.opening)
        login = gateway.accounts.account(account).login
    shell.result({"login": login, "opening": arguments.opening, "secret": secret}, [f"{login}  {secret}"])
    return 0
