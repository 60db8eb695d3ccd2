"""``akashi emergency rotate``: a new secret for a used account."""

from __future__ import annotations

import argparse

from akashi.app.duty import emergencies
from akashi.cli.emergency.desk import account_named, command, show_prepared
from akashi.cli.homes import acting_person
from akashi.cli.shell import Shell


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = command(
        commands,
        parent,
        "rotate",
        "give an account a new secret",
        "Seals the account again under a new secret; the old one never works again. Needed after every use.",
        "akashi emergency rotate per-… --as boss",
    )
    parser.add_argument("account", metavar="ACCOUNT", help="login or handle of the account")
    parser.add_argument("--paper", action="store_true", help="print the secret for a sealed envelope")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace, shell: Shell) -> int:
    with acting_person(arguments, shell) as (gateway, session):
        made = emergencies.rotate(gateway, session, account_named(gateway, arguments.account), paper=arguments.paper)
    return show_prepared(made, shell)
