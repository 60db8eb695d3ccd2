"""``akashi checkup emergency``: everybody's results in a zip that opens without Akashi."""

from __future__ import annotations

import argparse
from pathlib import Path

from akashi import __version__
from akashi.checkup.report.emergency import write_emergency
from akashi.cli.checkup.people import gathered, people_options
from akashi.cli.files import verify_free, write_whole
from akashi.cli.shell import Shell, manual


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "emergency",
        help="export results so that a browser or text editor opens them",
        **manual(
            parent,
            "Writes a zip with a list of people, a page and a text for each, and tables with everything. It is not encrypted:\n"
            "keep it sealed, on an encrypted medium or in a safe.",
            "akashi checkup emergency kekka-2025.csv kekka-2026.csv --out emergency.zip",
            (4, 5, 7),
        ),
    )
    people_options(parser)
    parser.add_argument("--out", type=Path, required=True, metavar="OUT", help="where the zip goes")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace, shell: Shell) -> int:
    verify_free(arguments.out)
    found = gathered(arguments, shell)
    data = write_emergency(
        found.people,
        found.items,
        found.sources,
        shell.clock.now_ms(),
        program=f"Akashi {__version__}",
        language=shell.language,
        missing=found.left_out,
        show=shell.progress(shell.choose("書き出し", "export")),
    )
    write_whole(arguments.out, data)
    people, files = len(found.people), len(found.sources)
    told = shell.choose(
        f"{people} 人、{files} ファイル、読み取りの確認事項 {found.findings}。暗号化されていません。",
        f"{people} people, {files} files, {found.findings} findings. Not encrypted.",
    )
    value = {
        "bytes": len(data), "files": files, "findings": found.findings, "left_out": found.left_out, "people": people,
    }  # fmt: skip
    shell.result(value, [told])
    return 0
