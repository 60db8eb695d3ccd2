"""``akashi conformity export``: sheets, OSCAL, bundle and the like into a folder."""

from __future__ import annotations

import argparse
from pathlib import Path

from akashi.app.conformity.exports import Form, Wish, export, forms
from akashi.cli.files import FileUnwritable, verify_free, write_whole
from akashi.cli.homes import acting_person, person_options
from akashi.cli.shell import Shell, manual
from akashi.conformity.model import Audience
from akashi.durable import make_directory

_AUDIENCES = {one.name.lower(): one for one in Audience}


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "export",
        help="write sheets, paper, OSCAL, an evidence folder or a bundle",
        **manual(
            parent,
            "Writes what a recorded run and the answers say. Words and evidence meant for fewer than --audience stay here. The\n"
            "bundle proves itself: `akashi conformity verify`. With --assessor it also carries raw output and texts, sealed to\n"
            "that institution alone.",
            "akashi conformity export --format bundle --out handed-out --as mori",
            (3, 4, 5, 6, 7, 8),
        ),
    )
    parser.add_argument("--format", choices=forms(), required=True, help="what to write")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="a folder that is not there yet")
    parser.add_argument("--sheet", action="append", default=[], metavar="CATALOGUE", help="only this one; repeatable")
    parser.add_argument("--audience", choices=sorted(_AUDIENCES), default="public", help="for whom (default: public)")
    parser.add_argument("--run", dest="of_run", default="", metavar="RUN", help="a recorded run (default: the newest)")
    parser.add_argument("--assessor", default="", metavar="INST", help="whom the raw evidence is sealed to (bundle)")
    person_options(parser)
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace, shell: Shell) -> int:
    verify_free(arguments.out)
    wish = Wish(
        Form(arguments.format),
        _AUDIENCES[arguments.audience],
        tuple(arguments.sheet),
        arguments.of_run,
        arguments.assessor,
    )
    with acting_person(arguments, shell) as (gateway, session):
        files = export(gateway, session, wish)
    folder: Path = arguments.out
    try:
        for parent in sorted({(folder / name).parent for name in files}):
            make_directory(parent)
    except OSError as error:
        raise FileUnwritable(name=folder.name) from error
    for name, data in files.items():
        write_whole(folder / name, data)
    rows = [{"bytes": len(data), "file": name} for name, data in sorted(files.items())]
    shell.result(rows, [f"{len(data):>12,}  {name}" for name, data in sorted(files.items())])
    return 0
