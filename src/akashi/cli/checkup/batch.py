"""``akashi checkup batch``: files, folders and zips converted in one go."""

from __future__ import annotations

import argparse
from pathlib import Path

from akashi.app.checkup.batch import run_batch, verify_whole
from akashi.app.checkup.batch_pool import MOST_JOBS
from akashi.app.checkup.batch_products import PRODUCTS, Terms
from akashi.app.checkup.batch_report import Telling, lines, value
from akashi.app.checkup.batch_work import Tables
from akashi.app.desk.making import Sender
from akashi.checkup.checks.needs import PROGRAMS
from akashi.checkup.findings.export import FORMS
from akashi.checkup.readers.detection import FormatName
from akashi.cli.checkup.bench import bench_of
from akashi.cli.files import FileUnwritable
from akashi.cli.shell import BadArguments, Shell, manual

_FORMS = [form[1:] for form in FORMS]
_FORMATS = tuple(one.value for one in FormatName if one is not FormatName.UNKNOWN)


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "batch",
        help="convert many files, folders and zips, with one summary",
        **manual(
            parent,
            "Each file is recognised and converted by itself; one bad file stops no other. Outputs, state and summary go to --out.\n"
            "A run that was stopped goes on with --resume; files whose map, table and outputs are unchanged are kept.",
            "akashi checkup batch nendo/ tsuika.zip --out kekka --to csv --findings xlsx",
            (5, 7),
        ),
    )
    add = parser.add_argument
    add("inputs", type=Path, nargs="+", metavar="IN", help="file, folder or zip (links are not followed)")
    add("--out", type=Path, required=True, metavar="DIR", help="where everything goes: a new or empty folder")
    add("--to", default="csv", metavar="KINDS", help=f"what to make: {','.join(PRODUCTS)} (default: csv)")
    add("--kind", default="", metavar="FORMATS", help=f"formats to take: {','.join(_FORMATS)} (default: all)")
    add("--program", default="", choices=sorted(PROGRAMS), help="the checkup kind to check against")
    add("--resume", action="store_true", help="go on with the batch in --out")
    add("--anyway", action="store_true", help="write the outputs of files although findings stop them")
    add("--findings", default="", choices=_FORMS, help="write findings with the originals, one file per input")
    add("--jobs", type=int, default=1, metavar="N", help=f"processes at once (default 1, at most {MOST_JOBS})")
    add("--maps", type=Path, metavar="FOLDER", help="folder with maps to try (*.yaml), approved or not")
    add("--institution", default="", help="whose settings, where the home has several gateways (inst-…)")
    add("--number", default="", help="archive, fhir: the sending institution's 10-digit number")
    add("--name", default="", help="archive, fhir: its name")
    add("--receiver", default="", help="archive: the receiver's 8-digit number")
    add("--count", type=int, default=0, metavar="N", help="archive: count of the day, 0 to 9 (default 0)")
    add("--doctor", default="", help="fhir: the doctor who answers for the reports")
    parser.set_defaults(run=_run)


def _chosen(text: str, known: tuple[str, ...], option: str) -> tuple[str, ...]:
    if not (wanted := {word.strip() for word in text.split(",")} - {""}) <= set(known):
        raise BadArguments(what=f"{option} {','.join(known)}", command="akashi checkup batch")
    return tuple(one for one in known if one in wanted)


def _run(arguments: argparse.Namespace, shell: Shell) -> int:
    bench = bench_of(arguments, shell)
    sender = Sender(arguments.number, arguments.name, 0, arguments.receiver, arguments.count, arguments.doctor)
    products, formats = _chosen(arguments.to, PRODUCTS, "--to"), _chosen(arguments.kind, _FORMATS, "--kind")
    suffix = f".{arguments.findings}".rstrip(".")
    terms = Terms(products, sender, formats, arguments.program, suffix, arguments.anyway, shell.language)
    tables = Tables.of(bench.shelf, bench.on, bench.limit)
    telling = Telling(shell.say, shell.progress, shell.language, bars=shell.err.isatty())
    try:
        summary = run_batch(
            arguments.inputs, arguments.out, tables, terms, resume=arguments.resume, jobs=arguments.jobs, watch=telling
        )
    except (FileExistsError, NotADirectoryError, PermissionError) as error:
        raise FileUnwritable(name=arguments.out.name) from error
    shell.result(value(summary), lines(summary, shell.language))
    verify_whole(summary)
    return 0
