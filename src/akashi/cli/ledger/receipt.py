"""``akashi ledger receipt``: proof that one operation is on the ledger."""

from __future__ import annotations

import argparse
import re
from pathlib import Path

from akashi.cli.files import verify_free, write_whole
from akashi.cli.homes import gateway_options, opened_gateway
from akashi.cli.shell import BadArguments, Shell, manual

_ID = re.compile(r"[0-9a-f]{64}", re.ASCII)


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "receipt",
        help="write the receipt of one operation (C2SP tlog-proof)",
        **manual(
            parent,
            "Fetches the receipt, verifies it against the pinned trust file, and writes it. `akashi trail --json` names the\n"
            "operations of a transfer.",
            "akashi ledger receipt 0123…cdef --out receipt.tlog-proof",
            (3, 4, 5, 6, 7),
        ),
    )
    parser.add_argument("operation", metavar="OPERATION", help="the operation's id, 64 hexadecimal digits")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="where the receipt goes")
    gateway_options(parser)
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace, shell: Shell) -> int:
    if not _ID.fullmatch(arguments.operation):
        raise BadArguments(what="OPERATION", command="akashi ledger receipt")
    verify_free(arguments.out)
    with opened_gateway(arguments, shell) as gateway:
        data = gateway.ledger.receipt(bytes.fromhex(arguments.operation))
        gateway.verify_receipt(data)
    write_whole(arguments.out, data)
    shell.result({"bytes": len(data), "file": arguments.out.name}, [f"{arguments.out.name}  {len(data):,} bytes"])
    return 0
