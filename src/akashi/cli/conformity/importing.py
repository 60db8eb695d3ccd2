"""``akashi conformity import``: many answers at once, or official wording."""

from __future__ import annotations

import argparse
from pathlib import Path

from akashi.app.conformity.imports import LIMIT, Kind, Parcel, bring, kinds
from akashi.cli.files import read_bounded
from akashi.cli.homes import acting_person, person_options
from akashi.cli.shell import BadArguments, Shell, manual
from akashi.conformity.model import Reply

_REPLIES = {one.name.lower().replace("_", "-"): one for one in Reply}
_MAPPING_LIMIT = 1 << 20


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "import",
        help="answers from a sheet, an own workbook, a disclosure or a list; official wording",
        **manual(
            parent,
            "Reads a whole file, then keeps what it says. sheet, disclosure: workbooks that Akashi wrote; text: a disclosure\n"
            "as plain text; list: YAML; own: your own workbook, with a mapping; wording: the official text, kept here only.\n"
            "Rows that only resemble an item are listed for a person, never taken.",
            "akashi conformity import answers.xlsx --kind sheet --sheet mhlw-7.0-draft-ops --as mori",
            (3, 4, 6, 7, 8),
        ),
    )
    parser.add_argument("file", type=Path, metavar="FILE", help="the file")
    parser.add_argument("--kind", choices=kinds(), required=True, help="what it is")
    parser.add_argument("--sheet", required=True, metavar="CATALOGUE", help="the catalogue that it answers")
    parser.add_argument("--mapping", type=Path, metavar="FILE", help="which column is what (YAML; own, wording)")
    parser.add_argument("--accept", action="append", default=[], metavar="ROW=ITEM", help="a proposal that is right")
    parser.add_argument(
        "--reply", choices=sorted(_REPLIES), default="partly", help="what words without a reply mean (default: partly)"
    )
    person_options(parser)
    parser.set_defaults(run=_run)


def rows_named(given: list[str]) -> dict[int, str]:
    """``row=item`` of an option. Raises :class:`BadArguments`."""
    pairs = [one.partition("=") for one in given]
    if not all(row.isascii() and row.isdigit() and item for row, _, item in pairs):
        raise BadArguments(what="--accept ROW=ITEM", command="akashi conformity import")
    return {int(row): item for row, _, item in pairs}


def _run(arguments: argparse.Namespace, shell: Shell) -> int:
    kind = Kind(arguments.kind)
    if (kind is Kind.OWN and arguments.mapping is None) or (arguments.mapping and kind not in (Kind.OWN, Kind.WORDING)):
        raise BadArguments(what="--kind own --mapping FILE", command="akashi conformity import")
    mapping = b"" if arguments.mapping is None else read_bounded(arguments.mapping, _MAPPING_LIMIT)
    data = read_bounded(arguments.file, LIMIT)
    accepted = rows_named(arguments.accept)
    parcel = Parcel(kind, arguments.file.name, data, arguments.sheet, mapping, _REPLIES[arguments.reply], accepted)
    with acting_person(arguments, shell) as (gateway, session):
        found = bring(gateway, session, parcel)
    lines = [
        shell.choose(f"取り込んだもの {found.kept} 件", f"{found.kept} taken"),
        *(shell.choose(f"読めなかった欄: {one}", f"left out: {one}") for one in found.odd),
        *(
            shell.choose(
                f"似ている（確かめてください）: {row}行 → {item}", f"alike (please check): row {row} -> {item}"
            )
            for row, item, _ in found.proposals
        ),
        *(shell.choose(f"対応する項目なし: {row}行", f"no item found: row {row}") for row in found.unmatched),
    ]
    proposals = [{"item": item, "likeness": score, "row": row} for row, item, score in found.proposals]
    value = {"catalogue": found.catalogue, "kept": found.kept, "odd": list(found.odd), "proposals": proposals}
    shell.result(value | {"unmatched": list(found.unmatched)}, lines)
    return 0
