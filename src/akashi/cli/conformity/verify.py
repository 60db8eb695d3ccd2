"""``akashi conformity verify``: recompute each verdict of a bundle, offline."""

from __future__ import annotations

import argparse
from pathlib import Path

from akashi.app.conformity.library import rulebook
from akashi.app.conformity.telling import report_lines
from akashi.cli.files import read_bounded
from akashi.cli.shell import Shell, manual
from akashi.conformity.proof.recomputing import State
from akashi.conformity.proof.verify import verify_conformity
from akashi.ledger.proof.verdict import Status

_LIMIT = 256 * 1024 * 1024
_TRUST_LIMIT = 64 * 1024
_EXITS = {Status.VERIFIED: 0, Status.FAILED: 6, Status.SELF_CONSISTENT: 9}


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "verify",
        help="recompute each verdict of a conformity bundle, offline",
        **manual(
            parent,
            "Checks the ledger's evidence, the commitments and every disclosed item, then judges again from the facts, with the\n"
            "versions of the judges that the bundle names. Needs no home and no network. A verdict is recomputed, withheld\n"
            "(it rests on something that was not shown), or invalid, and then the bundle fails.",
            "akashi conformity verify --trust trust.txt conformity.akashi",
            (6, 9),
        ),
    )
    parser.add_argument("file", type=Path, metavar="BUNDLE", help="the bundle")
    parser.add_argument(
        "--trust", type=Path, metavar="FILE", help="the trust file; without it: self-consistent at most"
    )
    parser.add_argument("--all", action="store_true", help="list every verdict, not only invalid and expired ones")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace, shell: Shell) -> int:
    trust = None if arguments.trust is None else read_bounded(arguments.trust, _TRUST_LIMIT)
    return tell(read_bounded(arguments.file, _LIMIT), trust, shell, everything=arguments.all)


def tell(data: bytes, trust: bytes | None, shell: Shell, *, everything: bool = False) -> int:
    """Verify the bytes of a conformity bundle, print the answer; the exit status."""
    report = verify_conformity(data, trust, rulebook(), shell.clock.now_ms())
    counts = {state.value: report.count(state) for state in State}
    expired = sum(1 for row in report.rows if row.expired)
    value: dict[str, object] = {"apart": report.apart, "broken": list(report.broken), "counts": counts}
    value |= {"expired": expired, "failure": report.failure, "recorded_ms": report.recorded_ms}
    value |= {"stamped_ms": report.stamped_ms, "status": report.status.value}
    value |= {"foreign": list(report.foreign), "hidden": report.hidden}
    if report.head is not None:
        value |= {"institution": report.head.institution, "judged_ms": report.head.now_ms, "run": report.head.run}
    shell.result(value, report_lines(report, shell.language, everything=everything))
    return _EXITS[report.status]
