"""``akashi access table``: the table of permissions as the program has it."""

from __future__ import annotations

import argparse

from akashi.cli.shell import Shell, manual
from akashi.identity.access.explain import INFORMATION_WORDS, SCOPE_WORDS, roles_in_words
from akashi.identity.access.model import Permission
from akashi.identity.model import Role
from akashi.identity.permissions import CLIENT_ACTIONS, TABLE

_COLUMNS = ("action", "information", "scope", "roles", "critical", "signed", "client")


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "table",
        help="print the table of permissions",
        **manual(
            parent,
            "Prints every action with its information class, scope and roles; whether it needs a proof within five minutes\n"
            "and the person's own signature; and whether a machine client can have it.",
            "akashi access table --csv",
        ),
    )
    parser.add_argument("--csv", action="store_true", help="print comma-separated values")
    parser.add_argument("--clients", action="store_true", help="only what a machine client can have")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace, shell: Shell) -> int:
    chosen = [one for one in TABLE.values() if not arguments.clients or one.action in CLIENT_ACTIONS]
    rows = [_row(one) for one in chosen]
    lines = [_line(one, shell) for one in chosen]
    if arguments.csv:
        lines = [",".join(_COLUMNS), *[",".join(_cell(row[name]) for name in _COLUMNS) for row in rows]]
    shell.result(rows, lines)
    return 0


def _row(one: Permission) -> dict[str, object]:
    return {
        "action": one.action,
        "client": one.action in CLIENT_ACTIONS,
        "critical": one.critical,
        "en": one.en,
        "information": one.information.name.lower(),
        "ja": one.ja,
        "roles": [role.name.lower() for role in Role if role & one.roles and role.name],
        "scope": one.scope.name.lower(),
        "signed": one.signed,
    }


def _cell(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return " ".join(value) if isinstance(value, list) else str(value)


def _line(one: Permission, shell: Shell) -> str:
    tongue = 0 if shell.language == "ja" else 1
    marks = ("!" if one.critical else "-") + ("*" if one.signed else "-")
    words = [
        INFORMATION_WORDS[one.information][tongue],
        SCOPE_WORDS[one.scope][tongue],
        roles_in_words(one.roles, tongue),
    ]
    return "  ".join([f"{one.action:<20}", marks, shell.choose(one.ja, one.en), *words])
