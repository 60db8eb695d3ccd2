"""``akashi transfer receive``: open in memory, or take out into a file."""

from __future__ import annotations

import argparse
from hashlib import sha256
from pathlib import Path

from akashi.app.desk import transfers
from akashi.app.gateway.home import Gateway
from akashi.cli.files import verify_free, write_whole
from akashi.cli.homes import acting_person, person_options, secret
from akashi.cli.shell import Shell, manual
from akashi.exchange.model import Destination, Form, ReadPurpose
from akashi.identity.model import Session

_PURPOSES = {one.name.lower(): one for one in ReadPurpose}
_PLACES = {one.name.lower(): one for one in Destination}
_FORMS = {one.name.lower(): one for one in Form}


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "receive",
        help="open a transfer, and with --out take it out",
        **manual(
            parent,
            "Records purpose and person on the ledger, then opens in memory, compares with what the sender committed to and\n"
            "screens it. With --out the destination and form are recorded too and a file is written: sealed (stays\n"
            "closed), locked (under a passphrase) or plain (a zip).",
            "akashi transfer receive tr-… --purpose checkup_result --as hoshi",
            (3, 4, 5, 6, 7, 8),
        ),
    )
    parser.add_argument("transfer", metavar="TRANSFER", help="its handle (tr-…)")
    parser.add_argument("--purpose", required=True, choices=sorted(_PURPOSES), help="why it is opened")
    parser.add_argument("--out", type=Path, metavar="FILE", help="take it out into this file")
    parser.add_argument("--form", choices=sorted(_FORMS), default="sealed", help="in which form (default sealed)")
    parser.add_argument(
        "--destination", choices=sorted(_PLACES), default="device", help="where it goes (default device)"
    )
    parser.add_argument(
        "--passphrase-file", type=Path, metavar="FILE", help="passphrase of a locked file, else asked for"
    )
    person_options(parser)
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace, shell: Shell) -> int:
    verify_free(arguments.out)
    with acting_person(arguments, shell) as (gateway, session):
        if arguments.out is not None:
            return _take_out(gateway, session, arguments, shell)
        documents = transfers.opened(gateway, session, arguments.transfer, _PURPOSES[arguments.purpose])
    rows = [{"bytes": len(data), "name": name, "sha256": sha256(data).hexdigest()} for name, data in documents]
    lines = [f"{one['name']}  {one['bytes']:,} bytes  sha256 {one['sha256']}" for one in rows]
    shell.result({"documents": rows, "transfer": arguments.transfer}, lines)
    return 0


def _take_out(gateway: Gateway, session: Session, arguments: argparse.Namespace, shell: Shell) -> int:
    form, passphrase = _FORMS[arguments.form], ""
    if form is Form.LOCKED:
        passphrase = secret(arguments.passphrase_file, "持ち出し用の合言葉 / passphrase: ", "--passphrase-file")
    purpose, place = _PURPOSES[arguments.purpose], _PLACES[arguments.destination]
    taken = transfers.exported(gateway, session, arguments.transfer, purpose, place, form, passphrase)
    data = b"".join(taken.pieces)
    write_whole(arguments.out, data)
    value = {"bytes": len(data), "file": arguments.out.name, "form": arguments.form, "transfer": arguments.transfer}
    shell.result(value, [f"{arguments.out.name}  {arguments.form}  {len(data):,} bytes"])
    return 0
