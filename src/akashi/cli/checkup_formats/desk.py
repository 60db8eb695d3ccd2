"""The file of a command: its format, recognised by its content; its people; and the checks on them.

Guarantees: the people are read anew each time they are asked for, one at a time. Refuses: what the readers refuse. Trusted: whoever
names the folder of ``--maps``.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from akashi.checkup import Finding, LayoutMap, NeutralRecord
from akashi.checkup.archive.reception import check_archive
from akashi.checkup.checks.needs import PROGRAMS
from akashi.checkup.checks.running import check_records
from akashi.checkup.errors import FormatUnknown, LayoutUnknown
from akashi.checkup.readers.detection import LOOK_BYTES, FormatName, detect
from akashi.checkup.readers.opening import read_any
from akashi.checkup.tabular.convert import read_records
from akashi.cli.checkup.bench import Bench, bench_of, bench_options, reading
from akashi.cli.shell import Shell

NAMES = {
    FormatName.LAYOUT: ("健診機関の表（CSV）", "an institution's own table"),
    FormatName.JMA: ("日医特定健診フォーマット", "日医特定健診"),
    FormatName.FKAC522: ("国保連 FKAC522", "FKAC522"),
    FormatName.HC08: ("特定健診 XML（hc08）", "特定健診 XML (hc08)"),
    FormatName.HG08: ("特定保健指導 XML（hg08）", "特定保健指導 XML (hg08)"),
    FormatName.ARCHIVE: ("特定健診アーカイブ（ZIP）", "特定健診 archive (ZIP)"),
    FormatName.ECHECKUP: ("FHIR 健診結果報告書", "FHIR checkup report"),
    FormatName.STANDARD_CSV: ("標準 CSV", "standard CSV"),
    FormatName.UNKNOWN: ("不明", "unknown"),
}
Sink = Callable[[Finding], None]


@dataclass(frozen=True, slots=True)
class Source:
    """One file at hand. ``layout_map`` is there for an institution's own table only."""

    path: Path
    format: FormatName
    layout_map: LayoutMap | None
    bench: Bench
    show: Callable[[int, int], None] = field(repr=False)

    @property
    def map_id(self) -> str:
        """What made the records: a map, or ``format:`` and the format's name."""
        return self.layout_map.map_id if self.layout_map else f"format:{self.format.value}"

    def records(self, sink: Sink | None = None) -> Iterator[NeutralRecord]:
        """The people; what reading says (for a table also what the checks say) goes to ``sink``."""
        bench, items = self.bench, self.bench.shelf.items()
        with reading(self.path, self.show) as stream:
            if self.layout_map is not None:
                yield from read_records(
                    stream,
                    self.layout_map,
                    on=bench.on,
                    items=items,
                    finding_sink=sink,
                    limit_bytes=bench.limit,
                    vocabulary=bench.shelf.vocabulary(),
                )
                return
            yield from read_any(
                stream,
                items=items,
                definition=bench.shelf.definition(),
                maps=[],
                on=bench.on,
                finding_sink=sink,
                limit_bytes=bench.limit,
            )[1]

    def checked(self, sink: Sink, program: str = "") -> Iterator[NeutralRecord]:
        """The people with every check: of cells, across cells and people, and of an archive as its receiver makes them."""
        if self.layout_map is not None:
            asked = replace(self.layout_map, program=program or self.layout_map.program)
            return replace(self, layout_map=asked).records(sink)
        items = self.bench.shelf.items()
        if self.format is not FormatName.ARCHIVE:
            return check_records(self.records(sink), items, program, self.bench.on, sink)
        with reading(self.path) as stream:
            check_archive(stream, items, finding_sink=sink)
        return check_records(self.records(), items, program, self.bench.on, sink)


def source_options(parser: argparse.ArgumentParser) -> None:
    """The options of commands that read a file of any format."""
    bench_options(parser, "the file: own table, standard CSV, 日医特定健診, FKAC522, 特定健診 XML or archive, FHIR")
    parser.add_argument("--map", dest="wanted", default="", metavar="ID", help="the map to use, whatever the layout is")


def program_option(parser: argparse.ArgumentParser) -> None:
    """The option that names the programme whose needs are checked."""
    parser.add_argument(
        "--program",
        choices=sorted(PROGRAMS),
        default="",
        help="the kind of checkup (default: what the file or map says)",
    )


def source_of(arguments: argparse.Namespace, shell: Shell) -> Source:
    """The file that the options name. Raises the reading errors, ``FormatUnknown``, ``LayoutUnknown``, ``MapNotValid``."""
    bench, path, wanted = bench_of(arguments, shell), arguments.file, arguments.wanted
    with reading(path) as stream:
        head = stream.read(LOOK_BYTES)
    name = FormatName.LAYOUT if wanted else detect(head, definitions=[bench.shelf.definition()])
    layout_map = None
    if name in {FormatName.LAYOUT, FormatName.UNKNOWN}:
        try:
            layout_map = bench.map_for(path, wanted)
        except LayoutUnknown as error:
            if name is FormatName.UNKNOWN:
                raise FormatUnknown from error
            raise
        name = FormatName.LAYOUT
    return Source(path, name, layout_map, bench, shell.progress(shell.choose("読み取り", "reading")))


def shown(record: NeutralRecord) -> Mapping[str, object]:
    """A record as JSON; what is empty is left out."""
    items = [
        {name: text for name in one.__slots__ if name != "status" and (text := getattr(one, name)) != ""}
        | {"status": one.status.value}
        for one in record.items
    ]
    return {
        "row": record.row, "line": record.line, "map": record.map_id, "table": record.table_id,
        "fields": {name: text for name, text in record.fields.items() if text},
        "originals": {name: text for name, text in record.originals.items() if text},
        "items": items,
    }  # fmt: skip
