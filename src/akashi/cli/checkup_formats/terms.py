"""``akashi checkup terms``: the words of a file that nobody understood."""

from __future__ import annotations

import argparse
import io
from collections.abc import Mapping

from akashi.checkup import NeutralRecord, Status, convert
from akashi.checkup.thesaurus.queue import Unmatched
from akashi.cli.checkup.bench import reading
from akashi.cli.checkup_formats.desk import Source, source_of, source_options
from akashi.cli.shell import Shell, manual

_MOST_SHOWN = 200


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "terms",
        help="list the words of a file that no table or thesaurus knows",
        **manual(
            parent,
            "Each word that stayed as it was, how often, and where: a kind of examination whose thesaurus lacks it, or an item whose table\n"
            "does. Shows texts of the file, without saying whose they are.",
            "akashi checkup terms kekka.csv",
            (4,),
        ),
    )
    source_options(parser)
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace, shell: Shell) -> int:
    source = source_of(arguments, shell)
    found = queued(source)
    distinct = sum(map(len, found.values()))
    lines = [shell.choose(f"読めなかった言葉: {distinct} 種類", f"words not understood: {distinct}")]
    for name, texts in found.items():
        lines.append(f"{name}:")
        lines += [f"  {count:>6}  {text}" for text, count in list(texts.items())[:_MOST_SHOWN]]
        if len(texts) > _MOST_SHOWN:
            more = len(texts) - _MOST_SHOWN
            lines.append(shell.choose(f"  ほか {more} 種類", f"  {more} more"))
    shell.result({"distinct": distinct, "map": source.map_id, "terms": found}, lines)
    return 0


def queued(source: Source) -> Mapping[str, Mapping[str, int]]:
    """Modality, or name of an item -> text -> how often; bounded."""
    shelf, queue = source.bench.shelf, Unmatched()
    items = shelf.items()

    def look(record: NeutralRecord) -> None:
        for one in record.items:
            if one.status is Status.UNMATCHED:
                item = items.items.get(one.code)
                queue.add(item.name if item else one.name or one.code, one.original.strip())

    if source.layout_map is None:
        for record in source.records():
            look(record)
        return queue.counts()
    with reading(source.path, source.show) as stream:
        report = convert(
            stream, source.layout_map, shelf.definition(), io.BytesIO(), on=source.bench.on, items=items, record_sink=look,
            limit_bytes=source.bench.limit, vocabulary=shelf.vocabulary(),
        )  # fmt: skip
    return {**report.unmatched, **queue.counts()}
