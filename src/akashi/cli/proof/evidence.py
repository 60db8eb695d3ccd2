"""``akashi evidence export``: a bundle that proves itself."""

from __future__ import annotations

import argparse
from pathlib import Path

from akashi.app.desk import transfers
from akashi.cli.files import verify_free, write_whole
from akashi.cli.homes import SecretMissing, acting_person, opened_server, person_options
from akashi.cli.shell import BadArguments, Shell, manual
from akashi.ledger.proof.evidence import export_all


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "export",
        help="write the evidence of a transfer, or of the whole ledger",
        **manual(
            parent,
            "Writes a bundle that anybody can verify offline with the trust file. Of one transfer: for a signed-in person of\n"
            "a party. Of the whole ledger (--all): for whoever holds the server's home.",
            "akashi evidence export tr-… --out transfer.akashi --as mori",
            (3, 4, 5, 6, 7, 8),
        ),
    )
    parser.add_argument("transfer", metavar="TRANSFER", nargs="?", default="", help="its handle (tr-…)")
    parser.add_argument("--all", action="store_true", help="the whole ledger instead of one transfer")
    text = "with --all: as of the newest checkpoint that witnesses cosigned, without what is newer (docs/witness.md)"
    parser.add_argument("--witnessed", action="store_true", help=text)
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="where the bundle goes")
    person_options(parser, required=False)
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace, shell: Shell) -> int:
    if bool(arguments.transfer) == arguments.all:
        raise BadArguments(what="TRANSFER | --all", command="akashi evidence export")
    verify_free(arguments.out)
    if arguments.all:
        with opened_server(arguments, shell) as server:
            data = export_all(server.witnessing.whole() if arguments.witnessed else server.engine)
    else:
        if not arguments.login:
            raise SecretMissing(option="--as")
        with acting_person(arguments, shell) as (gateway, session):
            data = b"".join(transfers.evidence(gateway, session, arguments.transfer).pieces)
    write_whole(arguments.out, data)
    shell.result({"bytes": len(data), "file": arguments.out.name}, [f"{arguments.out.name}  {len(data):,} bytes"])
    return 0
