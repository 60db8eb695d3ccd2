"""``akashi device renew``: a new certificate before the old one ends."""

from __future__ import annotations

import argparse

from akashi.app.people import devices
from akashi.cli.homes import acting_maybe, person_options
from akashi.cli.shell import Shell, manual


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "renew",
        help="renew a device before its certificate ends",
        **manual(
            parent,
            "Issues a successor for a device in its last sixty days, for who answers for it or a manager. The old certificate stays good\n"
            "until its end. Code and password of the new P12 are shown once.",
            "akashi device renew dev-… --as hanako",
            (3, 4, 5, 6, 7, 8),
        ),
    )
    parser.add_argument("device", metavar="DEVICE", help="the handle of the old one")
    person_options(parser, required=False)
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace, shell: Shell) -> int:
    with acting_maybe(arguments, shell) as (opened, session):
        made = devices.renew(opened.gateway, session, arguments.device)
    secret = shell.choose("パスワード（今回だけ表示）", "password (shown this once)")
    code = shell.choose("受け取りコード（今回だけ表示）", "pick-up code (shown this once)")
    value = {"code": made.code, "device": made.device, "password": made.password}
    shell.result(value, [made.device, f"{code}: {made.code}", f"{secret}: {made.password}"])
    return 0
