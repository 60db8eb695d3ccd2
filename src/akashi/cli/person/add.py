"""``akashi person add``: a new person of the institution."""

from __future__ import annotations

import argparse

from akashi.cli.homes import acting_maybe, person_options
from akashi.cli.shell import Shell, manual
from akashi.identity.model import Role

_ROLES = {role.name.lower(): role for role in Role if role.name}


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "add",
        help="register a person",
        **manual(
            parent,
            "Registers a person on the ledger by a handle that is never used again; login and name stay in the gateway.\n"
            "Then give them a device, a code (`person totp`) and a password (`person password`).",
            "akashi person add --login hanako --name 星野 --role operator",
            (3, 5, 6, 7, 8),
        ),
    )
    parser.add_argument("--login", dest="new_login", required=True, help="login; never used again")
    parser.add_argument("--name", required=True, help="display name; stays in this gateway")
    parser.add_argument("--role", required=True, choices=sorted(_ROLES), action="append", help="repeatable")
    person_options(parser, required=False)
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace, shell: Shell) -> int:
    roles = Role(0)
    for name in arguments.role:
        roles |= _ROLES[name]
    with acting_maybe(arguments, shell) as (opened, session):
        accounts = opened.gateway.accounts
        person = accounts.add_person(login=arguments.new_login, name=arguments.name, roles=roles, by=session)
    shell.result({"person": person}, [person])
    return 0
