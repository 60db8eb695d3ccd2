"""``akashi person totp``: the second factor."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import segno

from akashi.cli.homes import acting_maybe, person_named, person_options, secret
from akashi.cli.shell import Shell, manual
from akashi.identity.service import Accounts


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "totp",
        help="give a person the codes of an authenticator app",
        **manual(
            parent,
            "Makes a seed and shows it once, as a QR code and as its address. It is in force once a code of it was given:\n"
            "at the terminal straight away, or later with --confirm.",
            "akashi person totp hanako",
            (3, 4, 6, 7, 8),
        ),
    )
    parser.add_argument("named", metavar="PERSON", help="login or handle")
    parser.add_argument("--confirm", action="store_true", help="put a seed that was shown before in force")
    parser.add_argument(
        "--new-code-file", type=Path, metavar="FILE", help="with --confirm: file with a code of the seed"
    )
    parser.add_argument("--drop", action="store_true", help="remove the second factor (a lost telephone)")
    person_options(parser, required=False)
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace, shell: Shell) -> int:
    with acting_maybe(arguments, shell) as (opened, session):
        accounts = opened.gateway.accounts
        person = person_named(opened.gateway, arguments.named)
        if session is not None and session.person != person:
            accounts.require(session, "person.manage")
        if arguments.drop:
            accounts.drop_totp(person, by=session)
            shell.result({"person": person, "totp": False}, [person])
            return 0
        uri = "" if arguments.confirm else _show(accounts, person, shell)
        confirmed = arguments.confirm or sys.stdin.isatty()
        if confirmed:
            accounts.confirm_totp(person, secret(arguments.new_code_file, "確認コード / code: ", "--new-code-file"))
        elif not shell.as_json:
            shell.say(
                shell.choose(
                    f"まだ使えません。次に: akashi person totp {arguments.named} --confirm",
                    f"Not in force yet. Next: akashi person totp {arguments.named} --confirm",
                )
            )
    value = {"person": person, "totp": confirmed} | ({"uri": uri} if uri else {})
    shell.result(value, [] if uri else [person])
    return 0


def _show(accounts: Accounts, person: str, shell: Shell) -> str:
    uri = accounts.enrol_totp(person).uri
    if not shell.as_json:
        segno.make(uri, error="l").terminal(out=shell.err, compact=True)
        shell.say(
            shell.choose(
                "認証アプリで読み取ってください。表示は今回だけです。",
                "Scan it with an authenticator app. It is shown this once.",
            )
        )
        shell.line(uri)  # before the code is asked for: without a camera the seed is typed into the app
    return uri
