"""``akashi checkup hc08``: an institution's file to 特定健診 documents, one per person."""

from __future__ import annotations

import argparse
import io
import zipfile
from pathlib import Path

from akashi.checkup import SubmissionContext, convert_to_hc08
from akashi.checkup.model import Finding
from akashi.cli.checkup.bench import bench_of, bench_options, reading
from akashi.cli.files import verify_free, write_whole
from akashi.cli.shell import Shell, manual

_EPOCH = (1980, 1, 1, 0, 0, 0)


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "hc08",
        help="convert a file to 特定健診 documents (XML), in one archive",
        **manual(
            parent,
            "Writes a zip with one hc08 document per person. People whose identity is incomplete are left out and counted.",
            "akashi checkup hc08 kekka.csv --number 1319999901 --name みどり健診センター --out hc08.zip",
            (4, 5, 7),
        ),
    )
    bench_options(parser)
    parser.add_argument("--map", dest="wanted", default="", metavar="ID", help="the map to use, whatever the layout is")
    parser.add_argument("--number", required=True, help="the institution's 10-digit number")
    parser.add_argument("--name", required=True, help="the institution's name")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="where the archive goes")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace, shell: Shell) -> int:
    verify_free(arguments.out)
    bench, out = bench_of(arguments, shell), io.BytesIO()
    layout_map = bench.map_for(arguments.file, arguments.wanted)
    context = SubmissionContext(arguments.number, arguments.name, bench.on, bench.shelf.items())
    people, left_out = 0, set[int]()

    def note(finding: Finding) -> None:
        if finding.code == "hc08.identity":
            left_out.add(finding.row)

    with (
        reading(arguments.file, shell.progress("hc08")) as stream,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive,
    ):
        for name, document in convert_to_hc08(
            stream, layout_map, context, on=bench.on, finding_sink=note, limit_bytes=bench.limit
        ):
            archive.writestr(zipfile.ZipInfo(f"DATA/{name}", _EPOCH), document, zipfile.ZIP_DEFLATED)
            people += 1
    write_whole(arguments.out, out.getvalue())
    told = shell.choose(f"{people} 人分、除外 {len(left_out)} 人", f"{people} people, {len(left_out)} left out")
    shell.result({"left_out": len(left_out), "people": people}, [told])
    return 0
