"""``akashi checkup archive check``: an archive of 特定健診 as its receiver would look at it."""

from __future__ import annotations

import argparse
from pathlib import Path

from akashi.app.errors import FindingsStop
from akashi.checkup.archive.reception import check_archive
from akashi.checkup.findings import FindingLog
from akashi.checkup.findings.archives import return_reason
from akashi.cli.checkup.bench import bench_of, bench_options, reading
from akashi.cli.checkup.findings import finding_lines, severities
from akashi.cli.shell import Shell, manual


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "check",
        help="make the checks of an archive's receiver",
        **manual(
            parent,
            "Name, layout, index, summary, pairs of document and claim, persons, tickets and sums; each finding with the reason code of\n"
            "the return it would meet. Nothing is unpacked to disk. The exit status is 2 where the archive would be returned.",
            "akashi checkup archive check 9910000001_99000001_202606010_1.zip",
        ),
    )
    bench_options(parser, "the archive (ZIP), under the name that it is sent with")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace, shell: Shell) -> int:
    bench, path = bench_of(arguments, shell), Path(arguments.file)
    log, reasons = FindingLog(), set[str]()
    with reading(path) as stream:
        seen = check_archive(stream, bench.shelf.items(), name=path.name, finding_sink=log.add)
    reasons = {return_reason(one.code, one.item) for one in log.kept()} - {""}
    counts = severities(log.counts())
    value = {
        "claims": seen.claims, "documents": seen.documents, "findings": dict(seen.findings), "reasons": sorted(reasons),
        "severities": counts,
    }  # fmt: skip
    lines = [
        f"{shell.choose('健診（指導）データ', 'documents')}: {seen.documents}",
        f"{shell.choose('決済データ', 'claims')}: {seen.claims}",
        *finding_lines(log.kept(), counts, shell, bench.shelf.items().items),
    ]
    if reasons:
        lines.append(f"{shell.choose('返戻の理由コード', 'reasons of return')}: {', '.join(sorted(reasons))}")
    shell.result(value, lines)
    if counts["stops"]:
        raise FindingsStop(count=counts["stops"])
    return 0
