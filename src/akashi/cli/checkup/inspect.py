"""``akashi checkup inspect``: what a file looks like before anything is converted."""

from __future__ import annotations

import argparse

from akashi.checkup.readers.detection import LOOK_BYTES, FormatName, detect
from akashi.cli.checkup.bench import bench_of, bench_options, reading
from akashi.cli.checkup_formats.desk import NAMES
from akashi.cli.shell import Shell, manual


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "inspect",
        help="what a file looks like: encoding, layout, map, coverage",
        **manual(
            parent,
            "Says the format; of an institution's own table reads the headings and a sample of rows and says which map knows the layout.\n"
            "Shows no value of a person.",
            "akashi checkup inspect kekka.csv",
        ),
    )
    bench_options(parser)
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace, shell: Shell) -> int:
    bench = bench_of(arguments, shell)
    with reading(arguments.file) as stream:
        found = detect(stream.read(LOOK_BYTES), definitions=[bench.shelf.definition()])
    if found not in {FormatName.LAYOUT, FormatName.UNKNOWN}:
        known = f"{shell.choose('形式', 'format')}: {shell.choose(*NAMES[found])}"
        shell.result(
            {"format": found.value}, [known, shell.choose("次に: akashi checkup read", "next: akashi checkup read")]
        )
        return 0
    seen = bench.look(arguments.file)
    covered = seen.coverage
    value: dict[str, object] = {
        "columns": len(seen.columns),
        "complete": seen.complete,
        "delimiter": seen.delimiter,
        "duplicates": seen.duplicates,
        "encoding": seen.encoding,
        "format": found.value,
        "header_rows": seen.header_rows,
        "layout": seen.layout_hash,
        "map": seen.map_id,
        "mapped": None if covered is None else covered.mapped,
        "sampled_rows": seen.sampled_rows,
        "undecided": None if covered is None else covered.undecided,
    }
    delimiter = {",": shell.choose("カンマ", "comma"), "\t": shell.choose("タブ", "tab")}.get(seen.delimiter, "?")
    lines = [
        f"{shell.choose('文字コード', 'encoding')}: {seen.encoding}",
        f"{shell.choose('区切り', 'delimiter')}: {delimiter}",
        f"{shell.choose('見出しの行数', 'heading rows')}: {seen.header_rows}",
        f"{shell.choose('列', 'columns')}: {len(seen.columns)} ({shell.choose('見出しの重複', 'duplicates')} {seen.duplicates})",
        f"{shell.choose('調べた行', 'rows looked at')}: {seen.sampled_rows}",
        f"{shell.choose('レイアウト', 'layout')}: {seen.layout_hash}",
        f"{shell.choose('変換表', 'map')}: {seen.map_id or shell.choose('なし（見たことのないレイアウト）', 'none (layout unknown)')}",
    ]
    if covered is not None:
        words = shell.choose("変換する列", "mapped columns")
        undecided = shell.choose("未決定", "undecided")
        lines.append(f"{words}: {covered.mapped}/{covered.total} ({undecided} {covered.undecided})")
    if not seen.map_id:
        lines.append(shell.choose("次に: akashi checkup map draft", "next: akashi checkup map draft"))
    shell.result(value, lines)
    return 0
