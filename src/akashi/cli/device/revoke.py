"""``akashi device revoke``: a device is lost, replaced or retired."""

from __future__ import annotations

import argparse

from akashi.cli.homes import opened_server
from akashi.cli.shell import Shell, manual
from akashi.identity.model import DeviceReason

_REASONS = {one.name.lower(): one for one in DeviceReason}


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "revoke",
        help="refuse a device from now on",
        **manual(
            parent,
            "Records the revocation on the ledger, as the secretariat: every origin refuses the device at its next request,\n"
            "and the next revocation list names it.",
            "akashi device revoke dev-… --reason lost",
            (3, 5, 6, 7),
        ),
    )
    parser.add_argument("device", metavar="DEVICE", help="its handle")
    parser.add_argument("--reason", required=True, choices=sorted(_REASONS), help="why")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace, shell: Shell) -> int:
    with opened_server(arguments, shell) as server:
        server.revoke_device(arguments.device, _REASONS[arguments.reason])
    shell.result({"device": arguments.device, "revoked": True}, [arguments.device])
    return 0
