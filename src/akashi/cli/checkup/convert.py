"""``akashi checkup convert``: an institution's file to the standard CSV."""

from __future__ import annotations

import argparse
import io
from pathlib import Path

from akashi.app.errors import FindingsStop
from akashi.checkup import FINDING_KINDS, convert
from akashi.checkup.findings import EXAMPLES_PER_PLACE
from akashi.checkup.findings.export import findings_file
from akashi.cli.checkup.bench import bench_of, bench_options, reading
from akashi.cli.checkup.findings import findings_option, severities, summary
from akashi.cli.files import verify_free, write_whole
from akashi.cli.shell import BadArguments, Shell, manual

_EVERY_FINDING = 1_000_000


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "convert",
        help="convert a file to the standard CSV",
        **manual(
            parent,
            "Writes the standard CSV to --out or standard output, whole or not at all, and the findings to --findings.\n"
            "Findings that stop a file stop it here too, after the findings were written.",
            "akashi checkup convert kekka.csv --out standard.csv --findings findings.csv",
            (4, 5, 7),
        ),
    )
    bench_options(parser)
    parser.add_argument("--map", dest="wanted", default="", metavar="ID", help="the map to use, whatever the layout is")
    parser.add_argument("--out", type=Path, metavar="FILE", help="where the CSV goes (default: standard output)")
    findings_option(parser)
    parser.add_argument("--anyway", action="store_true", help="write the CSV although findings stop it")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace, shell: Shell) -> int:
    if shell.as_json and arguments.out is None:
        raise BadArguments(what="--json: --out FILE", command="akashi checkup convert")
    verify_free(arguments.out, arguments.findings)
    bench, out = bench_of(arguments, shell), io.BytesIO()
    layout_map = bench.map_for(arguments.file, arguments.wanted)
    with reading(arguments.file, shell.progress(shell.choose("変換", "convert"))) as stream:
        report = convert(
            stream,
            layout_map,
            bench.shelf.definition(),
            out,
            on=bench.on,
            items=bench.shelf.items(),
            limit_bytes=bench.limit,
            examples=_EVERY_FINDING if arguments.findings else EXAMPLES_PER_PLACE,
            vocabulary=bench.shelf.vocabulary(),
        )
    if arguments.findings is not None:
        suffix = arguments.findings.suffix
        write_whole(arguments.findings, findings_file(report.findings, FINDING_KINDS, suffix, shell.language))
    counts = severities(report.counts_by_code)
    stopped = counts["stops"] and not arguments.anyway
    if stopped or arguments.out is None:
        for line in summary(report, counts, shell):
            shell.say(line)
    if stopped:
        raise FindingsStop(count=counts["stops"])
    if arguments.out is None:
        shell.raw(out.getvalue())
        return 0
    write_whole(arguments.out, out.getvalue())
    value = {"counts": report.counts(), "format": report.format_id, "map": report.map_id, "severities": counts}
    shell.result(value, summary(report, counts, shell))
    return 0
