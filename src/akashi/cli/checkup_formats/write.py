"""``akashi checkup write``: a file of any format into another."""

from __future__ import annotations

import argparse
from pathlib import Path

from akashi.app.desk.outputs import NobodyWritten
from akashi.app.errors import FindingsStop
from akashi.checkup import FINDING_KINDS
from akashi.checkup.findings import FindingLog
from akashi.checkup.findings.export import findings_file
from akashi.cli.checkup.findings import finding_lines, findings_option, severities
from akashi.cli.checkup_formats.claims import claims_for, claims_option
from akashi.cli.checkup_formats.desk import program_option, source_of, source_options
from akashi.cli.checkup_formats.writing import TARGETS, kept, made_of, sender_of, sender_options
from akashi.cli.files import verify_free, write_whole
from akashi.cli.shell import Shell, manual

_EXAMPLES = 1000


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "write",
        help="write a file of any format in another one",
        **manual(
            parent,
            "Reads, checks and writes, whole or not at all. Findings that stop a file stop it here too, after they were written. Who is left\n"
            "out of a format, and which result, is a finding. hc08, hg08, archive and fhir need --number and --name. An archive has claims\n"
            "where --claims says them (people without a claim are left out) or the archive that is read has them.\n"
            "fkac makes one file for each insurer, institution and day: FILE, FILE-2 and so on.",
            "akashi checkup write kekka.csv --to archive --number 1319999901 --name みどり健診センター --out archive.zip",
            (4, 5, 7),
        ),
    )
    source_options(parser)
    program_option(parser)
    parser.add_argument("--to", required=True, choices=TARGETS, help="the format to write")
    sender_options(parser)
    claims_option(parser)
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="where it goes")
    findings_option(parser)
    parser.add_argument("--anyway", action="store_true", help="write it although findings stop it")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace, shell: Shell) -> int:
    sender = sender_of(arguments, shell)
    verify_free(arguments.out, arguments.findings)
    source, log = source_of(arguments, shell), FindingLog(_EXAMPLES)
    for _record in source.checked(log.add, arguments.program):
        pass
    with claims_for(arguments, source, log.add) as claims:
        made = [] if _stopped(log, arguments) else made_of(arguments.to, source, sender, log, claims)
    stopped, counts = _stopped(log, arguments), severities(log.counts())
    if arguments.findings is not None:
        data = findings_file(log.kept(), FINDING_KINDS, arguments.findings.suffix, shell.language)
        write_whole(arguments.findings, data)
    told = finding_lines(log.kept(), counts, shell, source.bench.shelf.items().items)
    if stopped or not made:
        shell.say("\n".join(told))
        raise FindingsStop(count=counts["stops"]) if stopped else NobodyWritten
    people = kept(made, arguments.out)
    value = {
        "files": len(made), "findings": log.counts(), "kind": arguments.to, "name": made[0].name, "people": people,
        "severities": counts,
    }  # fmt: skip
    what = made[0].name if len(made) == 1 else shell.choose(f"{len(made)} ファイル", f"{len(made)} files")
    shell.result(value, [shell.choose(f"{people} 人分  {what}", f"{people} people  {what}"), *told])
    return 0


def _stopped(log: FindingLog, arguments: argparse.Namespace) -> bool:
    return severities(log.counts())["stops"] > 0 and not arguments.anyway
