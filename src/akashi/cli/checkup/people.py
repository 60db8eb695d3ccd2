"""Files of results and the people in them, for the commands that show and export.

Guarantees: several files are read as one, so that visits of one person come together; nothing is written here. Refuses what the readers
refuse. Trusted: whoever names the folder of ``--maps``.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from akashi.checkup.formats.items import ItemTable
from akashi.checkup.readers.opening import read_any
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
    """Read all files. Raises :class:`MapUnknown`, ``TooManyPeople`` and what the readers raise."""
    bench, people, findings = bench_of(arguments, shell), People(), list[str]()
    items, maps = bench.shelf.items(), bench.shelf.maps()
    if arguments.wanted:
        maps = [one for one in maps if one.map_id == arguments.wanted]
        if not maps:
            raise MapUnknown
    sources: list[Source] = []
    for path in arguments.files:
        with reading(path, shell.progress(shell.choose("読み取り", "read"))) as stream:
            form, records = read_any(
                stream,
                items=items,
                definition=bench.shelf.definition(),
                maps=maps,
                on=bench.on,
                finding_sink=lambda found: findings.append(found.code),
                limit_bytes=bench.limit,
            )
            for record in records:
                people.add(record)
        sources.append(Source(path.name, _digest(path), form.value))
    return Gathered(people, items, tuple(sources), len(findings))


def _digest(path: Path) -> bytes:
    made = sha256()
    with reading(path) as stream:
        while piece := stream.read(1 << 20):
            made.update(piece)
    return made.digest()
