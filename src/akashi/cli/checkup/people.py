"""Files of results and the people in them, for the commands that show and export.

Guarantees: several files are read as one, so that visits of one person come together; a table is read with the map and the words that
``convert`` uses; where people are missing, that is said; nothing is written here. Refuses what the readers refuse, and files without anybody. Trusted: whoever names the folder of ``--maps``.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from akashi.app.errors import ResultsUnreadable
from akashi.checkup.findings import FindingLog, left_out
from akashi.checkup.formats.items import ItemTable
from akashi.checkup.report.people import People, Source
from akashi.cli.checkup.bench import MapUnknown, bench_of, reading
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
    add, several = parser.add_argument, "a file of results, of any format; several are read together"
    add("files", type=Path, nargs="+", metavar="FILE", help=several)
    add("--map", dest="wanted", default="", metavar="ID", help="the map to use for an institution's CSV")
    add("--maps", type=Path, metavar="FOLDER", help="folder with maps to try (*.yaml), approved or not")
    add("--institution", default="", help="whose settings, where the home has several gateways (inst-…)")


def gathered(arguments: argparse.Namespace, shell: Shell) -> Gathered:
    """Read all files. Raises :class:`MapUnknown`, ``TooManyPeople``, ``ResultsUnreadable`` where nobody is in them, and what the readers raise."""
    bench, people, said = bench_of(arguments, shell), People(), FindingLog(0)
    wanted = arguments.wanted
    if wanted and all(one.map_id != wanted for one in bench.shelf.maps()):
        raise MapUnknown
    sources: list[Source] = []
    for path in arguments.files:
        with reading(path, shell.progress(shell.choose("読み取り", "read"))) as stream:
            form, records = bench.people(stream, path, wanted, said.add)
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


def _digest(path: Path) -> bytes:
    made = sha256()
    with reading(path) as stream:
        while piece := stream.read(1 << 20):
            made.update(piece)
    return made.digest()
