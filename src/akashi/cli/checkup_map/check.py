"""``akashi checkup map check``: a dry run of a map on a file."""

from __future__ import annotations

import argparse
from pathlib import Path

from akashi.app.checkup.telling import check_lines, check_row
from akashi.checkup.mapping.check import check_map
from akashi.cli.checkup.bench import bench_of, bench_options, reading
from akashi.cli.checkup_map.files import read_map
from akashi.cli.shell import Shell, manual


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "check",
        help="try a map on a file: what it uses, fills, leaves and does not understand",
        **manual(
            parent,
            "Converts to nowhere and tells: columns used, ignored, spare, watched and undecided; how often each item is filled; words that\n"
            "no table knows; findings by code; how the layout differs from the map's. Examples are masked.",
            "akashi checkup map check kekka.csv --map map.yaml",
            (4, 5, 7),
        ),
    )
    bench_options(parser)
    parser.add_argument("--map", dest="wanted", default="", metavar="MAP", help="a map's file (.yaml) or id")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace, shell: Shell) -> int:
    bench, wanted = bench_of(arguments, shell), arguments.wanted
    layout_map = read_map(Path(wanted)) if wanted.endswith(".yaml") else bench.map_for(arguments.file, wanted)
    with reading(arguments.file) as stream:
        seen = check_map(
            stream,
            layout_map,
            bench.shelf.items(),
            bench.shelf.definition(),
            on=bench.on,
            limit_bytes=bench.limit,
            vocabulary=bench.shelf.vocabulary(),
        )
    shell.result(check_row(seen), list(check_lines(seen, bench.shelf.items(), shell.language)))
    return 0
