"""What is written, by whom, and with which claims: the options that say it, and the files that they make.

Guarantees: formats that name their sender are refused without a 10-digit number and a name; a receiver's number has 8 digits; claims
go into archives only.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from akashi.app.desk.outputs import Job, Kind, Output, Sender, written
from akashi.checkup.archive.claim_table import Claims
from akashi.checkup.findings import FindingLog
from akashi.cli.checkup_formats.desk import Source
from akashi.cli.files import write_whole
from akashi.cli.shell import BadArguments, Shell

HG08 = "hg08"
TARGETS = (*(one.value for one in Kind), HG08)
"""What ``--to`` may name: every kind of file, and guidance documents, which are written as hc08 is."""
_NAMED = frozenset({Kind.HC08.value, HG08, Kind.ARCHIVE.value, Kind.FHIR.value})
_GUIDANCE = {HG08: True, Kind.HC08.value: False}
_COUNTS = range(10)


def sender_options(parser: argparse.ArgumentParser) -> None:
    """The options about sender and receiver."""
    parser.add_argument("--number", default="", help="the sending institution's 10-digit number")
    parser.add_argument("--name", default="", help="the sending institution's name")
    parser.add_argument(
        "--receiver", default="", help="the receiver's 8-digit number (default: the people's only insurer)"
    )
    parser.add_argument(
        "--count", type=int, choices=_COUNTS, default=0, help="how many archives of this day came before"
    )
    parser.add_argument("--doctor", default="", help="who answers for FHIR reports where the file names no doctor")


def sender_of(arguments: argparse.Namespace, shell: Shell) -> Sender:
    """The sender. Raises :class:`BadArguments`."""

    def digits(text: str, count: int) -> bool:
        return len(text) == count and text.isascii() and text.isdigit()

    what = ""
    if arguments.to in _NAMED and not (digits(arguments.number, 10) and arguments.name.strip()):
        what = f"--to {arguments.to}: --number NUMBER --name NAME"
    elif arguments.receiver and not digits(arguments.receiver, 8):
        what = "--receiver NUMBER"
    elif arguments.claims is not None and arguments.to != Kind.ARCHIVE.value:
        what = "--claims: --to archive"
    if what:
        raise BadArguments(what=what, command="akashi checkup write")
    return Sender(
        arguments.number, arguments.name, shell.clock.now_ms(), arguments.receiver, arguments.count, arguments.doctor
    )


def made_of(target: str, source: Source, sender: Sender, log: FindingLog, claims: Claims | None) -> list[Output]:
    """The files. Raises :class:`BadArguments` where an archive has no receiver."""
    shelf, kind = source.bench.shelf, Kind.HC08 if target == HG08 else Kind(target)
    tables = shelf.items(), shelf.definition()
    made = written(kind, Job(source.records, sender, *tables, log.add, claims, _GUIDANCE.get(target)))
    if kind is Kind.ARCHIVE and any(one.kind is not kind for one in made):
        raise BadArguments(what="--to archive: --receiver NUMBER", command="akashi checkup write")
    return made


def kept(made: Sequence[Output], out: Path) -> int:
    """Write the files: the first under the name ``out``, others beside it; for how many people. Raises as ``write_whole``."""
    for number, one in enumerate(made, 1):
        write_whole(out if number == 1 else out.with_stem(f"{out.stem}-{number}"), one.data)
    return sum(one.people for one in made)
