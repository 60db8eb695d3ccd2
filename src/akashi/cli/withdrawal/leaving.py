"""``akashi withdrawal begin``, ``status``, ``settle`` and ``complete``."""

from __future__ import annotations

import argparse
from pathlib import Path

from akashi.app.membership.leaving import Progress, Withdrawals
from akashi.cli.files import verify_free, write_whole
from akashi.cli.homes import opened_server
from akashi.cli.shell import Shell, manual
from akashi.identity.model import InstitutionReason

_REASONS = {one.name.lower(): one for one in InstitutionReason if one is not InstitutionReason.RESUMED}
_EXITS = (3, 4, 5, 6, 7)


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the commands."""
    text = "From now on nothing new is sent to the institution or by it; what is open goes on to its end."
    example = "akashi withdrawal begin みどり健診センター"
    begin = commands.add_parser("begin", help="an institution leaves", **manual(parent, text, example, _EXITS))
    begin.add_argument("--reason", choices=sorted(_REASONS), default="withdrawn", help="why (default withdrawn)")
    text, example = "Tells which transfers are open and which wait to be erased.", "akashi withdrawal status inst-…"
    status = commands.add_parser("status", help="what is left to do", **manual(parent, text, example, _EXITS))
    text = "Erases what is over, exports evidence and receipts, and puts their digests on the ledger. Refused while anything is open."
    settle = commands.add_parser(
        "settle", help="settle it", **manual(parent, text, "akashi withdrawal settle inst-…", _EXITS)
    )
    text = "Revokes devices and keys, stops everybody, and writes the certificate of deletion: a zip whose bundles verify offline."
    example = "akashi withdrawal complete inst-… --to shoukyo-shoumei.zip"
    complete = commands.add_parser("complete", help="close every account", **manual(parent, text, example, _EXITS))
    complete.add_argument("--to", type=Path, required=True, metavar="FILE", help="a new file for the certificate")
    for parser, run in ((begin, _begin), (status, _status), (settle, _settle), (complete, _complete)):
        parser.add_argument("named", metavar="INSTITUTION", help="its handle, name or public number")
        parser.set_defaults(run=run)


def _told(found: Progress, shell: Shell) -> int:
    shell.result(
        {"erased": found.erased, "open": list(found.open), "waiting": list(found.waiting)},
        [*found.open, *found.waiting],
    )
    return 0


def _begin(arguments: argparse.Namespace, shell: Shell) -> int:
    with opened_server(arguments, shell) as server:
        handle = server.find_institution(arguments.named).handle
        return _told(Withdrawals(server).begin(handle, _REASONS[arguments.reason]), shell)


def _status(arguments: argparse.Namespace, shell: Shell) -> int:
    with opened_server(arguments, shell) as server:
        return _told(Withdrawals(server).status(server.find_institution(arguments.named).handle), shell)


def _settle(arguments: argparse.Namespace, shell: Shell) -> int:
    with opened_server(arguments, shell) as server:
        handle = server.find_institution(arguments.named).handle
        Withdrawals(server).settle(handle)
        return _told(Withdrawals(server).status(handle), shell)


def _complete(arguments: argparse.Namespace, shell: Shell) -> int:
    verify_free(arguments.to)
    with opened_server(arguments, shell) as server:
        handle = server.find_institution(arguments.named).handle
        write_whole(arguments.to, Withdrawals(server).complete(handle))
    shell.result({"file": arguments.to.name, "institution": handle}, [arguments.to.name])
    return 0
