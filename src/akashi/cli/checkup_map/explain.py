"""``akashi checkup map explain``: the story of one cell."""

from __future__ import annotations

import argparse
from pathlib import Path

from akashi.app.checkup.telling import story_lines, story_row
from akashi.app.mapmaking.trial import Story
from akashi.checkup.tabular.explaining import explain_cell
from akashi.cli.checkup.bench import bench_of, bench_options, reading
from akashi.cli.checkup_map.files import read_map
from akashi.cli.shell import Shell, manual
from akashi.errors import NotFound


class ColumnUnknown(NotFound):
    """No column of the file has this heading, or several have."""

    code = "cli.column_unknown"
    ja, en = (
        "「{heading}」という見出しの列が、このファイルにないか、二つ以上あります。",
        "No column of the file is headed `{heading}`, or several are.",
    )
    hint_ja = "左から数えた列の番号か、見出しが二段なら「身長/結果」のように上と下をつないだ見出しを指定してください。"
    hint_en = "Name the column's number from the left, or of two heading rows both with / between."


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "explain",
        help="tell the story of one cell: what it said, which rule read it, what became of it",
        **manual(
            parent,
            "Shows the cell itself, unmasked: it is for whoever has the file. Nothing is recorded.",
            "akashi checkup map explain kekka.csv 3 12 --map map.yaml",
            (4, 5, 7),
        ),
    )
    bench_options(parser)
    parser.add_argument("row", type=int, metavar="ROW", help="the row, counted from 1 after the headings")
    parser.add_argument("column", metavar="COLUMN", help="the column's number from 1, or its heading")
    parser.add_argument("--map", dest="wanted", default="", metavar="MAP", help="a map's file (.yaml) or id")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace, shell: Shell) -> int:
    bench, wanted = bench_of(arguments, shell), arguments.wanted
    layout_map = read_map(Path(wanted)) if wanted.endswith(".yaml") else bench.map_for(arguments.file, wanted)
    if arguments.column.isdecimal():
        column = int(arguments.column)
    else:
        labels = list(bench.look(arguments.file).columns)
        if labels.count(arguments.column) != 1:
            raise ColumnUnknown(heading=arguments.column)
        column = labels.index(arguments.column) + 1
    shelf, items = bench.shelf, bench.shelf.items()
    with reading(arguments.file) as stream:
        cell = explain_cell(
            stream, layout_map, shelf.definition(), items, on=bench.on, row=arguments.row, column=column,
            limit_bytes=bench.limit, vocabulary=shelf.vocabulary(),
        )  # fmt: skip
    found = Story(cell, layout_map)
    shell.result(story_row(found, items), list(story_lines(found, items, shell.language)))
    return 0
