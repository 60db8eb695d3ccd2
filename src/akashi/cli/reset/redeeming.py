"""``akashi reset redeem``: the person sets a new password with their ticket, beside who checked them."""

from __future__ import annotations

import argparse
from pathlib import Path

from akashi.app.people import resets
from akashi.cli.homes import gateway_options, opened_gateway, secret
from akashi.cli.shell import ConfirmationMissing, Shell, manual


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the command."""
    text = (
        "The person types the ticket and, twice, a new password that nobody else sees. On the gateway's own machine this\n"
        "works only where they were checked here and `reset_at_checker` allows it."
    )
    parser = commands.add_parser(
        "redeem", help="set a new password", **manual(parent, text, "akashi reset redeem hanako", (3, 4, 6, 7, 8))
    )
    parser.add_argument("login", metavar="LOGIN", help="one's own login")
    parser.add_argument("--ticket-file", type=Path, metavar="FILE", help="file with the ticket, else it is asked for")
    parser.add_argument(
        "--new-file", type=Path, metavar="FILE", help="file with the new password, else it is asked for"
    )
    gateway_options(parser)
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace, shell: Shell) -> int:
    with opened_gateway(arguments, shell) as gateway:
        code = secret(arguments.ticket_file, "再設定票 / ticket: ", "--ticket-file")
        new = secret(arguments.new_file, "新しいパスワード / new password: ", "--new-file")
        if arguments.new_file is None and secret(None, "もう一度 / again: ", "--new-file") != new:
            raise ConfirmationMissing
        person = resets.redeemed(gateway, arguments.login, code, gateway.machine_certificate(), new)
    shell.result({"person": person}, [person])
    return 0
