"""Files of results and the people in them, for the commands that show and export.

Guarantees: several files are read as one, so that visits of one person come together; a table is read with the map and the words that
``convert`` uses; where people are missing, that is said; nothing is written here. Refuses what the readers refuse, and files without anybody. Trusted: whoever names the folder of ``--maps``.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO

from akashi.app.errors import ResultsUnreadable
from akashi.checkup import NeutralRecord
from akashi.checkup.findings import FindingLog, left_out
from akashi.checkup.formats.items import ItemTable
from akashi.checkup.readers.detection import LOOK_BYTES, FormatName, detect
from akashi.checkup.readers.opening import read_any
from akashi.checkup.report.people import People, Source
from akashi.checkup.tabular.convert import read_records
from akashi.cli.checkup.bench import Bench, MapUnknown, bench_of, reading
from akashi.cli.shell import Shell


@dataclass(frozen=True, slots=True)
class Gathered:
    """The people of the files that were named."""

    people: People = field(repr=False)
    items: ItemTable = field(repr=False)
    sources: tuple[Source, ...] = field(repr=False)
    findings: int
    left_out: int


def people_options(parser: argparse.ArgumentParser) -> None:
    """The options of commands that read files of results of any format."""
    parser.add_argument(
        "files",
        type=Path,
        nargs="+",
        metavar="FILE",
        help="a file of results, of any format; several are read together",
    )
    parser.add_argument(
        "--map", dest="wanted", default="", metavar="ID", help="the map to use for an institution's CSV"
    )
    parser.add_argument("--maps", type=Path, metavar="FOLDER", help="folder with maps to try (*.yaml), approved or not")
    parser.add_argument(
        "--institution", default="", help="whose settings, where the home has several gateways (inst-…)"
    )


def gathered(arguments: argparse.Namespace, shell: Shell) -> Gathered:
    """Read all files. Raises :class:`MapUnknown`, ``TooManyPeople``, ``ResultsUnreadable`` where nobody is in them, and what the readers raise."""
    bench, people, said = bench_of(arguments, shell), People(), FindingLog(0)
    wanted = arguments.wanted
    if wanted and all(one.map_id != wanted for one in bench.shelf.maps()):
        raise MapUnknown
    sources: list[Source] = []
    for path in arguments.files:
        with reading(path, shell.progress(shell.choose("読み取り", "read"))) as stream:
            form, records = _read(stream, path, bench, wanted, said)
            for record in records:
                people.add(record)
        sources.append(Source(path.name, _digest(path), form.value))
    if not len(people):
        raise ResultsUnreadable
    counts = said.counts()
    if lost := left_out(counts):
        shell.say(
            shell.choose(
                f"読めなかった行・文書が {lost} 件あります。そこにある人は入っていません。場所は akashi checkup check で分かります。",
                f"{lost} rows or documents could not be read; the people in them are missing. `akashi checkup check` says where.",
            )
        )
    return Gathered(people, bench.shelf.items(), tuple(sources), sum(counts.values()), lost)


def _read(
    stream: BinaryIO, path: Path, bench: Bench, wanted: str, said: FindingLog
) -> tuple[FormatName, Iterator[NeutralRecord]]:
    """A table as ``convert`` reads it, with the same map and words; any other format by its reader."""
    shelf = bench.shelf
    form = detect(stream.read(LOOK_BYTES), definitions=[shelf.definition()])
    stream.seek(0)
    if form is FormatName.LAYOUT:
        return form, read_records(
            stream,
            bench.map_for(path, wanted),
            on=bench.on,
            items=shelf.items(),
            finding_sink=said.add,
            limit_bytes=bench.limit,
            vocabulary=shelf.vocabulary(),
        )
    return read_any(
        stream,
        items=shelf.items(),
        definition=shelf.definition(),
        maps=[],
        on=bench.on,
        finding_sink=said.add,
        limit_bytes=bench.limit,
    )


def _digest(path: Path) -> bytes:
    made = sha256()
    with reading(path) as stream:
        while piece := stream.read(1 << 20):
            made.update(piece)
    return made.digest()
