"""Where the claims of an archive come from: the table that ``--claims`` names, else the archive that is read.

Guarantees: the table is read whole before anything is written, and its findings are told with the others.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from akashi.app.desk.outputs import Kind
from akashi.checkup import Finding
from akashi.checkup.archive.claim_table import CarriedClaims, Claims, ClaimTable
from akashi.checkup.readers.detection import FormatName
from akashi.cli.checkup.bench import reading
from akashi.cli.checkup_formats.desk import Source


def claims_option(parser: argparse.ArgumentParser) -> None:
    """The option that names the table of claims."""
    parser.add_argument(
        "--claims", type=Path, metavar="FILE", help="the table of claims (CSV, one row per person) for --to archive"
    )


@contextmanager
def claims_for(
    arguments: argparse.Namespace, source: Source, say: Callable[[Finding], None]
) -> Iterator[Claims | None]:
    """The claims of the table that is named, else those of the archive that is read. Raises the reading errors."""
    if arguments.claims is not None:
        with reading(arguments.claims) as stream:
            table = ClaimTable(stream, say)
        yield table
    elif arguments.to == Kind.ARCHIVE.value and source.format is FormatName.ARCHIVE:
        with reading(source.path) as stream:
            carried = CarriedClaims(stream, say)
            yield carried or None
    else:
        yield None
