"""``akashi person list``: the people of the institution."""

from __future__ import annotations

import argparse

from akashi.cli.homes import acting_maybe, person_options
from akashi.cli.shell import Shell, manual
from akashi.identity.events import person
from akashi.identity.model import Role


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "list",
        help="list people",
        **manual(
            parent,
            "Lists handle, roles, login and name, also of those who left.",
            "akashi person list --institution inst-…",
            (3, 6, 7, 8),
        ),
    )
    person_options(parser, required=False)
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace, shell: Shell) -> int:
    rows: list[dict[str, object]] = []
    lines = []
    with acting_maybe(arguments, shell) as (opened, session):
        accounts = opened.gateway.accounts
        if session is not None:
            accounts.require(session, "person.manage")
        with opened.gateway.ledger.view() as state:
            for account in sorted(accounts.accounts(), key=lambda one: one.login):
                known = person(state, account.person)
                roles = (
                    [] if known is None else [role.name.lower() for role in Role if role in known.roles and role.name]
                )
                enabled = known is not None and known.enabled
                rows.append(
                    {
                        "enabled": enabled,
                        "login": account.login,
                        "name": account.name,
                        "password": account.has_password,
                        "person": account.person,
                        "roles": roles,
                        "totp": account.has_totp,
                    }
                )
                mark = "" if enabled else shell.choose("（停止中）", " (disabled)")
                lines.append(f"{account.person}  {'+'.join(roles):20}  {account.login}  {account.name}{mark}")
    shell.result(rows, lines)
    return 0
