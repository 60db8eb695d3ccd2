"""``akashi person password``: a first or new password."""

from __future__ import annotations

import argparse
from pathlib import Path

from akashi.cli.homes import acting_maybe, person_named, person_options, secret
from akashi.cli.shell import ConfirmationMissing, Shell, manual


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "password",
        help="set a person's password",
        **manual(
            parent,
            "Sets a password, asked for twice or read from a file, and ends the person's sessions. 13 characters or more,\n"
            "or 8 with letters and digits where a code is in force.",
            "akashi person password hanako",
            (3, 4, 6, 7, 8),
        ),
    )
    parser.add_argument("named", metavar="PERSON", help="login or handle")
    parser.add_argument(
        "--new-file", type=Path, metavar="FILE", help="file with the new password, else it is asked for"
    )
    person_options(parser, required=False)
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace, shell: Shell) -> int:
    with acting_maybe(arguments, shell) as (opened, session):
        person = person_named(opened.gateway, arguments.named)
        new = secret(arguments.new_file, "新しいパスワード / new password: ", "--new-file")
        if arguments.new_file is None and secret(None, "もう一度 / again: ", "--new-file") != new:
            raise ConfirmationMissing
        opened.gateway.accounts.set_password(person, new, by=session)
    shell.result({"person": person}, [person])
    return 0
