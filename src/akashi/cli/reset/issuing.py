"""``akashi reset issue`` and ``list``: an identity check, and the ledger of resets."""

from __future__ import annotations

import argparse
from pathlib import Path

from akashi.app.people import resets
from akashi.cli.files import read_bounded
from akashi.cli.homes import acting_person, person_named, person_options
from akashi.cli.shell import Shell, manual, moment
from akashi.identity.lifecycle.model import ResetMethod
from akashi.identity.lifecycle.resetting import MAX_DOCUMENT

_METHODS = {one.name.lower(): one for one in ResetMethod}
_EXITS = (3, 4, 5, 6, 7, 8)


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the commands."""
    text = (
        "Records how a person was identified and makes a ticket, shown once. It works for half an hour, once, on a device\n"
        "of theirs, or here (`reset redeem`). Whoever checks never sees the new password."
    )
    example = "akashi reset issue hanako --method photo_id --document menkyo.pdf --as mori"
    issue = commands.add_parser("issue", help="check somebody's identity", **manual(parent, text, example, _EXITS))
    issue.add_argument("named", metavar="PERSON", help="login or handle")
    issue.add_argument("--method", required=True, choices=sorted(_METHODS), help="how they were identified")
    issue.add_argument(
        "--document",
        type=Path,
        metavar="FILE",
        help="copy of what was looked at; sealed here, its digest on the ledger",
    )
    issue.add_argument("--witness", default="", help="login or handle of the colleague who knows them")
    text, example = "Lists resets, newest first: who, how, checked by whom.", "akashi reset list --as mori"
    listed = commands.add_parser("list", help="the ledger of resets", **manual(parent, text, example, _EXITS))
    for parser, run in ((issue, _issue), (listed, _list)):
        person_options(parser)
        parser.set_defaults(run=run)


def _issue(arguments: argparse.Namespace, shell: Shell) -> int:
    copy = read_bounded(arguments.document, MAX_DOCUMENT) if arguments.document else None
    with acting_person(arguments, shell) as (gateway, session):
        person = person_named(gateway, arguments.named)
        witness = person_named(gateway, arguments.witness) if arguments.witness else None
        method = _METHODS[arguments.method]
        ticket = resets.issued(gateway, session, person, method, document=copy, witness=witness)
    value = {"person": person, "reset": ticket.reset, "ticket": ticket.code, "until_ms": ticket.until_ms}
    shell.result(value, [f"{ticket.reset}  {ticket.code}  {moment(ticket.until_ms)}"])
    return 0


def _list(arguments: argparse.Namespace, shell: Shell) -> int:
    with acting_person(arguments, shell) as (gateway, session):
        found = resets.listed(gateway, session)
    rows = [
        {
            "at_ms": one.at_ms,
            "checker": one.checker,
            "document": None if one.document is None else one.document.hex(),
            "method": one.method.name.lower(),
            "person": one.person,
            "reset": one.handle,
            "witness": one.witness,
        }
        for one in found
    ]
    shell.result(rows, [f"{moment(one.at_ms)}  {one.handle}  {one.person}  {one.method.name.lower()}" for one in found])
    return 0
