"""``akashi checkup fhir check``: whether FHIR documents keep the eCheckup profile: one, a zip of them, or a folder."""

from __future__ import annotations

import argparse
from pathlib import Path

from akashi.app.errors import FindingsStop
from akashi.cli.checkup_formats.bench import documents_of, told
from akashi.cli.shell import Shell, manual


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "check",
        help="check FHIR documents against the eCheckup profile",
        **manual(
            parent,
            "Applies every row and rule of the profile that we know to each document, without a network. Shows places and rules, no value.\n"
            "Of a zip or folder each .json is a document; what else is in it is counted as left out. The exit status is 2 where a rule is\n"
            "broken or a document cannot be read.",
            "akashi checkup fhir check fhir.zip",
        ),
    )
    parser.add_argument(
        "file", type=Path, metavar="FILE", help="a document (a Bundle as JSON), or a zip or folder of them"
    )
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace, shell: Shell) -> int:
    checked, left_out = documents_of(arguments.file, shell)
    value, lines = told(checked, left_out, shell)
    shell.result(value, lines)
    if stopping := sum(one.broken + (one.fault is not None) for one in checked):
        raise FindingsStop(count=stopping)
    return 0
