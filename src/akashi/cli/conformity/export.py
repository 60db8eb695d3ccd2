"""``akashi conformity export``: sheets, OSCAL, bundle and the like into a folder."""

from __future__ import annotations

import argparse
from pathlib import Path

from akashi.app.conformity.exports import Form, Wish, export, forms
from akashi.app.conformity.imports import Kind, Parcel, proposals
from akashi.cli.conformity.parcels import file_lines, guess_lines, own_options, own_parcel
from akashi.cli.files import FileUnwritable, verify_free, write_whole
from akashi.cli.homes import acting_person, person_options
from akashi.cli.shell import BadArguments, Shell, manual
from akashi.conformity.model import Audience
from akashi.durable import make_directory

_COMMAND = "akashi conformity export"
_AUDIENCES = {one.name.lower(): one for one in Audience}


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "export",
        help="write sheets, paper, OSCAL, an evidence folder or a bundle",
        **manual(
            parent,
            "Writes what a recorded run and the answers say. Words and evidence meant for fewer than --audience stay here.\n"
            "xlsx: all sheets in one workbook; hispro: a workbook a sheet; meti: a disclosure; folder: evidence by item; own: your\n"
            "workbook, filled in; ciso: catalogues for CISO Assistant; bundle: proves itself, see `akashi conformity verify`.",
            "akashi conformity export --format bundle --out handed-out --as mori",
            (3, 4, 5, 6, 7, 8),
        ),
    )
    parser.add_argument("--format", choices=[*forms(), Form.OWN.value], required=True, help="what to write")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="a folder that is not there yet")
    parser.add_argument("--sheet", action="append", default=[], metavar="CATALOGUE", help="only this one; repeatable")
    parser.add_argument("--audience", choices=sorted(_AUDIENCES), default="public", help="for whom (default: public)")
    parser.add_argument("--run", dest="of_run", default="", metavar="RUN", help="a recorded run (default: the newest)")
    parser.add_argument("--fill", type=Path, metavar="FILE", help="your own workbook (own; with --sheet, --mapping)")
    own_options(parser)
    parser.add_argument("--assessor", default="", metavar="INST", help="to whom a bundle seals raw output and words")
    person_options(parser)
    parser.set_defaults(run=_run)


def _own(arguments: argparse.Namespace) -> Parcel | None:
    """The user's own workbook, where it is asked for."""
    given = (arguments.fill, arguments.mapping, arguments.sheet)
    if arguments.format != Form.OWN:
        return None
    if not all(given) or len(arguments.sheet) != 1:
        raise BadArguments(what="--format own --fill --mapping --sheet", command=_COMMAND)
    return own_parcel(arguments, Kind.OWN, arguments.fill, arguments.sheet[0], _COMMAND)


def _run(arguments: argparse.Namespace, shell: Shell) -> int:
    verify_free(arguments.out)
    own = _own(arguments)
    form, readers = Form(arguments.format), _AUDIENCES[arguments.audience]
    wish = Wish(form, readers, tuple(arguments.sheet), arguments.of_run, arguments.assessor, own)
    with acting_person(arguments, shell) as (gateway, session):
        files = export(gateway, session, wish)
        guesses = proposals(gateway, own) if own else ((), ())
    folder: Path = arguments.out
    try:
        for parent in sorted({(folder / name).parent for name in files}):
            make_directory(parent)
    except OSError as error:
        raise FileUnwritable(name=folder.name) from error
    for name, data in files.items():
        write_whole(folder / name, data)
    rows = [{"bytes": len(data), "file": name} for name, data in sorted(files.items())]
    shell.result(rows, [*file_lines(files, shell.language), *guess_lines(shell, *guesses)])
    return 0
