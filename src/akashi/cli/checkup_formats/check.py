"""``akashi checkup check``: every check on a file of any format."""

from __future__ import annotations

import argparse

from akashi.app.errors import FindingsStop
from akashi.checkup import FINDING_KINDS
from akashi.checkup.findings import EXAMPLES_PER_PLACE, FindingLog
from akashi.checkup.findings.export import findings_file
from akashi.cli.checkup.findings import finding_lines, findings_option, severities
from akashi.cli.checkup_formats.desk import NAMES, program_option, source_of, source_options
from akashi.cli.files import verify_free, write_whole
from akashi.cli.shell import Shell, manual

_EVERY_FINDING = 1_000_000


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "check",
        help="check a file of any format before it leaves",
        **manual(
            parent,
            "Holds cells, people and what the kind of checkup requires against each other; an archive is also checked as its receiver\n"
            "would. Writes nothing but --findings. The exit status is 2 where findings stop the file.",
            "akashi checkup check kekka.csv --program 010 --findings findings.xlsx",
            (4, 5, 7),
        ),
    )
    source_options(parser)
    program_option(parser)
    findings_option(parser)
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace, shell: Shell) -> int:
    verify_free(arguments.findings)
    source = source_of(arguments, shell)
    log = FindingLog(_EVERY_FINDING if arguments.findings else EXAMPLES_PER_PLACE)
    people = sum(1 for _record in source.checked(log.add, arguments.program))
    counts = severities(log.counts())
    if arguments.findings is not None:
        data = findings_file(log.kept(), FINDING_KINDS, arguments.findings.suffix, shell.language)
        write_whole(arguments.findings, data)
    value: dict[str, object] = {
        "findings": log.counts(), "format": source.format.value, "map": source.map_id, "people": people,
        "severities": counts,
    }  # fmt: skip
    lines = [
        f"{shell.choose('形式', 'format')}: {shell.choose(*NAMES[source.format])}  ({source.map_id})",
        f"{shell.choose('人数', 'people')}: {people}",
        *finding_lines(log.kept(), counts, shell, source.bench.shelf.items().items),
    ]
    shell.result(value, lines)
    if counts["stops"]:
        raise FindingsStop(count=counts["stops"])
    return 0
