"""``akashi checkup map draft``: what each column of an unknown file may be, and a first map."""

from __future__ import annotations

import argparse
from datetime import date
from pathlib import Path

from akashi.app.checkup.telling import columns_rows, draft_lines, report_csv
from akashi.checkup.mapping.document import MapHead, to_yaml
from akashi.checkup.mapping.draft import draft
from akashi.cli.checkup.bench import bench_of, reading
from akashi.cli.files import verify_free, write_whole
from akashi.cli.shell import BadArguments, Shell, manual

_COMMAND = "akashi checkup map draft"


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "draft",
        help="propose a map for a file that no map knows",
        **manual(
            parent,
            "Looks at headings and values and says for each column what it may be, how sure (0 to 100) and why; `?` marks what a\n"
            "person must confirm. Examples are masked. Needs no home; nothing is recorded.",
            "akashi checkup map draft kekka.csv --out map.yaml --report columns.csv",
            (5, 7),
        ),
    )
    parser.add_argument("file", type=Path, metavar="FILE", help="the institution's file (CSV, UTF-8 or CP932)")
    parser.add_argument("--out", type=Path, metavar="FILE", help="where the proposed map goes (.yaml): to be edited")
    parser.add_argument("--report", type=Path, metavar="FILE", help="where the table of columns goes (.csv)")
    parser.add_argument("--id", dest="map_id", default="", metavar="ID", help="the map's id (default: from the layout)")
    parser.add_argument("--name", default="own", help="short name of the institution in the map (default: own)")
    parser.add_argument("--from", dest="first", default="", metavar="DAY", help="first day (default: 1 April)")
    parser.add_argument("--to", dest="last", default="", metavar="DAY", help="last day (default: five years later)")
    parser.set_defaults(run=_run, maps=None, institution="")


def _run(arguments: argparse.Namespace, shell: Shell) -> int:
    verify_free(arguments.out, arguments.report)
    bench = bench_of(arguments, shell)
    year = bench.on.year if bench.on.month >= 4 else bench.on.year - 1
    first = _day(arguments.first) or date(year, 4, 1)
    last = _day(arguments.last) or date(first.year + 5, 3, 31)
    if last < first:
        raise BadArguments(what="--from, --to", command=_COMMAND)
    items = bench.shelf.items()
    with reading(arguments.file) as stream:
        made = draft(stream, items, bench.shelf.words(), institution=arguments.name, on=bench.on, limit=bench.limit)
    if arguments.out:
        head = MapHead(arguments.map_id or f"map-{made.layout_hash[7:15]}", first, last)
        write_whole(arguments.out, to_yaml(made, head).encode())
    if arguments.report:
        write_whole(arguments.report, report_csv(made, items, shell.language))
    counts = made.counts()
    told = ", ".join(f"{name} {count}" for name, count in counts.items())
    rows = columns_rows(made, {}, shell.language)
    value = {"layout": made.layout_hash, "rows": made.sampled_rows, "counts": counts, "columns": rows}
    shell.result(value, [*draft_lines(made, items, shell.language), told])
    return 0


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        raise BadArguments(what="YYYY-MM-DD", command=_COMMAND) from error
