"""``akashi device limit``: how many devices an institution may have."""

from __future__ import annotations

import argparse

from akashi.cli.homes import opened_server
from akashi.cli.shell import Shell, manual
from akashi.identity.devices.rules import MAX_DEVICES


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "limit",
        help="limit the number of an institution's devices",
        **manual(
            parent,
            "Records on the ledger, as the secretariat, how many devices an institution may have. Devices that are there stay; gateways\n"
            "and renewals do not count.",
            "akashi device limit inst-… --most 20",
            (3, 4, 5, 6, 7),
        ),
    )
    parser.add_argument("of", metavar="INSTITUTION", help="its handle, name or public number")
    parser.add_argument("--most", type=_number, required=True, metavar="N", help="how many")
    parser.set_defaults(run=_run)


def _number(text: str) -> int:
    number = int(text)
    if not 0 <= number <= MAX_DEVICES:
        raise argparse.ArgumentTypeError(f"0…{MAX_DEVICES}")
    return number


def _run(arguments: argparse.Namespace, shell: Shell) -> int:
    with opened_server(arguments, shell) as server:
        handle = server.find_institution(arguments.of).handle
        server.limit_devices(handle, arguments.most)
    shell.result({"institution": handle, "most": arguments.most}, [f"{handle}  {arguments.most}"])
    return 0
