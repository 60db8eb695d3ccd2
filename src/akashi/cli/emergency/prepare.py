"""``akashi emergency prepare``: a new sealed account."""

from __future__ import annotations

import argparse

from akashi.app.duty import emergencies
from akashi.cli.emergency.desk import command, show_prepared
from akashi.cli.homes import acting_person
from akashi.cli.shell import Shell


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = command(
        commands,
        parent,
        "prepare",
        "prepare a sealed account",
        "Registers an account for emergencies. Its secret is sealed under the keystore and seen by nobody until the account is\nopened; with --paper it is printed this once, for an envelope, and kept nowhere.",
        "akashi emergency prepare --login hijo.1 --name 非常時1 --as boss",
    )
    parser.add_argument("--login", dest="new_login", required=True, help="login; never used again")
    parser.add_argument("--name", required=True, help="display name; stays in this gateway")
    parser.add_argument("--paper", action="store_true", help="print the secret for a sealed envelope")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace, shell: Shell) -> int:
    with acting_person(arguments, shell) as (gateway, session):
        made = emergencies.prepare(gateway, session, arguments.new_login, arguments.name, paper=arguments.paper)
    return show_prepared(made, shell)
