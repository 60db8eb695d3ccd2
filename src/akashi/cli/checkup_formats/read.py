"""``akashi checkup read``: what a file of any format holds."""

from __future__ import annotations

import argparse
import json
from collections import Counter

from akashi.checkup.errors import FormatUnknown
from akashi.checkup.findings import FindingLog
from akashi.checkup.readers.detection import FormatName
from akashi.cli.checkup.findings import finding_lines, severities
from akashi.cli.checkup_formats.desk import NAMES, shown, source_of, source_options
from akashi.cli.shell import Shell, manual

_STATUSES = {
    "value": ("値あり", "with a value"), "not_done": ("未実施", "not done"), "unmeasurable": ("測定不能", "unmeasurable"),
    "below": ("下限未満", "below"), "above": ("上限超", "above"), "unmatched": ("読めない値", "not understood"),
    "empty": ("値なし", "without a value"),
}  # fmt: skip


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "read",
        help="read a file of any format and say what it holds",
        **manual(
            parent,
            "Recognises the format by the content and counts people and results. Values are shown with --with-values only: one JSON\n"
            "object per person on standard output.",
            "akashi checkup read archive.zip",
            (4,),
        ),
    )
    source_options(parser)
    parser.add_argument("--with-values", action="store_true", help="print every person's record: personal data")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace, shell: Shell) -> int:
    source, log = source_of(arguments, shell), FindingLog()
    people, statuses, codes = 0, Counter[str](), set[str]()
    for record in source.records(log.add):
        people += 1
        statuses.update(one.status.value for one in record.items)
        codes.update(one.code for one in record.items)
        if arguments.with_values:
            shell.line(json.dumps(shown(record), ensure_ascii=False, sort_keys=True))
    if source.format is FormatName.ARCHIVE and not people and not log.counts():
        raise FormatUnknown  # a zip of something else
    counts = severities(log.counts())
    value: dict[str, object] = {
        "findings": log.counts(), "format": source.format.value, "items": len(codes), "map": source.map_id,
        "people": people, "results": dict(sorted(statuses.items())), "severities": counts,
    }  # fmt: skip
    told = ", ".join(f"{shell.choose(*words)} {statuses[name]}" for name, words in _STATUSES.items() if statuses[name])
    lines = [
        f"{shell.choose('形式', 'format')}: {shell.choose(*NAMES[source.format])}  ({source.map_id})",
        f"{shell.choose('人数', 'people')}: {people}",
        f"{shell.choose('検査項目', 'items')}: {len(codes)}  ({told})",
        *finding_lines(log.kept(), counts, shell, source.bench.shelf.items().items),
    ]
    if not arguments.with_values:
        shell.result(value, lines)
    return 0
