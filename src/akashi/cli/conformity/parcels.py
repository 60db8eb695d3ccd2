"""What ``akashi conformity import`` and ``export`` share: the user's own workbook with its mapping, and what is only alike.

Guarantees: a row that only resembles an item is printed for a person and taken only where the person names it. Refuses: a mapping without
a workbook, ``--accept`` that is no ``ROW=ITEM``. Trusts: the person who says which row is about which item.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Mapping
from pathlib import Path

from akashi.app.conformity.imports import LIMIT, Kind, Parcel
from akashi.cli.files import read_bounded
from akashi.cli.shell import BadArguments, Shell
from akashi.conformity.model import Words

_MAPPING_LIMIT = 1 << 20
_MANY = 100
"""From more files on, a list of them all helps nobody."""
Guess = tuple[int, str, int]
"""Row, item, likeness per mille."""


def own_options(parser: argparse.ArgumentParser) -> None:
    """``--mapping`` and ``--accept``."""
    parser.add_argument("--mapping", type=Path, metavar="FILE", help="which column is what (YAML; own workbooks)")
    parser.add_argument("--accept", action="append", default=[], metavar="ROW=ITEM", help="a proposal that is right")


def rows_named(given: list[str], command: str) -> dict[int, str]:
    """``row=item`` of an option. Raises :class:`BadArguments`."""
    pairs = [one.partition("=") for one in given]
    if not all(row.isascii() and row.isdigit() and item for row, _, item in pairs):
        raise BadArguments(what="--accept ROW=ITEM", command=command)
    return {int(row): item for row, _, item in pairs}


def own_parcel(arguments: argparse.Namespace, kind: Kind, file: Path, catalogue: str, command: str) -> Parcel:
    """A file with what the options say of it. Raises :class:`BadArguments` and what reading raises."""
    accepted = rows_named(arguments.accept, command)
    mapping = b"" if arguments.mapping is None else read_bounded(arguments.mapping, _MAPPING_LIMIT)
    return Parcel(kind, file.name, read_bounded(file, LIMIT), catalogue, mapping, accepted=accepted)


def guess_rows(found: Iterable[Guess]) -> list[dict[str, object]]:
    """Proposals as JSON."""
    return [{"item": item, "likeness": score, "row": row} for row, item, score in found]


def guess_lines(shell: Shell, found: Iterable[Guess], unmatched: Iterable[int]) -> list[str]:
    """Proposals with the option that takes them, and rows that nothing resembles."""
    return [
        *(
            shell.choose(
                f"似ている（確かめてください）: {row}行 → {item}（--accept {row}={item}）",
                f"alike (please check): row {row} -> {item} (--accept {row}={item})",
            )
            for row, item, _ in found
        ),
        *(shell.choose(f"対応する項目なし: {row}行", f"no item found: row {row}") for row in unmatched),
    ]


def file_lines(files: Mapping[str, bytes], language: str) -> list[str]:
    """Each file with its size; of a folder with very many only what stands at its top, and how many there are."""
    top = [name for name in sorted(files) if len(files) <= _MANY or name.endswith("index.html")]
    lines = [f"{len(files[name]):>12,}  {name}" for name in top]
    more = Words(f"全 {len(files)} ファイル", f"{len(files)} files").of(language)
    return lines if len(files) <= _MANY else [*lines, more]
