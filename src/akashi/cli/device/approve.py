"""``akashi device approve``: approve a device that somebody else asked for."""

from __future__ import annotations

import argparse

from akashi.app.people import devices
from akashi.cli.homes import acting_person, person_options
from akashi.cli.shell import Shell, manual


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "approve",
        help="approve and issue a requested device",
        **manual(
            parent,
            "Approves a request that somebody else made and issues the certificate. Its P12 waits on the public origin under a code;\n"
            "code and password are shown once and handed over separately.",
            "akashi device approve dev-… --as mori",
            (3, 4, 5, 6, 7, 8),
        ),
    )
    parser.add_argument("device", metavar="DEVICE", help="its handle, as the request gave it")
    person_options(parser)
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace, shell: Shell) -> int:
    with acting_person(arguments, shell) as (gateway, session):
        made = devices.approve(gateway, session, arguments.device)
    secret = shell.choose("パスワード（今回だけ表示）", "password (shown this once)")
    code = shell.choose("受け取りコード（今回だけ表示）", "pick-up code (shown this once)")
    value = {"code": made.code, "device": made.device, "password": made.password}
    shell.result(value, [made.device, f"{code}: {made.code}", f"{secret}: {made.password}"])
    return 0
