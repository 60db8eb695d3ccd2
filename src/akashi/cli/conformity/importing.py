"""``akashi conformity import``: many answers at once, or official wording."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

from akashi.app.conformity.imports import Kind, bring, kinds
from akashi.app.conformity.telling import odd_line
from akashi.cli.conformity.parcels import guess_lines, guess_rows, own_options, own_parcel
from akashi.cli.homes import acting_person, person_options
from akashi.cli.shell import BadArguments, Shell, manual
from akashi.conformity.model import Reply

_REPLIES = {one.name.lower().replace("_", "-"): one for one in Reply}
_COMMAND = "akashi conformity import"


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "import",
        help="answers from a sheet, an own workbook, a disclosure or a list; official wording",
        **manual(
            parent,
            "Reads a whole file, then keeps what it says. sheet, disclosure: workbooks that Akashi wrote; text: a disclosure\n"
            "as plain text; list: YAML; own: your own workbook, with a mapping; wording: the official text, kept here only;\n"
            "questions, service, sla, roles: what export wrote in these forms (the last three as workbook or plain text).\n"
            "Rows that only resemble an item are listed for a person, never taken.",
            "akashi conformity import answers.xlsx --kind sheet --sheet mhlw-7.0-draft-ops --as mori",
            (3, 4, 6, 7, 8),
        ),
    )
    parser.add_argument("file", type=Path, metavar="FILE", help="the file")
    parser.add_argument("--kind", choices=kinds(), required=True, help="what it is")
    parser.add_argument("--sheet", required=True, metavar="CATALOGUE", help="the catalogue that it answers")
    own_options(parser)
    parser.add_argument(
        "--reply", choices=sorted(_REPLIES), default="partly", help="what words without a reply mean (default: partly)"
    )
    person_options(parser)
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace, shell: Shell) -> int:
    kind = Kind(arguments.kind)
    if (kind is Kind.OWN and arguments.mapping is None) or (arguments.mapping and kind not in (Kind.OWN, Kind.WORDING)):
        raise BadArguments(what="--kind own --mapping FILE", command=_COMMAND)
    parcel = own_parcel(arguments, kind, arguments.file, arguments.sheet, _COMMAND)
    parcel = replace(parcel, reply=_REPLIES[arguments.reply])
    with acting_person(arguments, shell) as (gateway, session):
        found = bring(gateway, session, parcel)
    lines = [
        shell.choose(f"取り込んだもの {found.kept} 件", f"{found.kept} taken"),
        *(shell.choose("読めなかった欄: ", "left out: ") + odd_line(one, shell.language) for one in found.odd),
        *guess_lines(shell, found.proposals, found.unmatched),
    ]
    value = {
        "catalogue": found.catalogue,
        "kept": found.kept,
        "odd": list(found.odd),
        "proposals": guess_rows(found.proposals),
    }
    shell.result(value | {"unmatched": list(found.unmatched)}, lines)
    return 0
