"""``akashi verify``: check an evidence bundle or a receipt, offline."""

from __future__ import annotations

import argparse
from pathlib import Path

from akashi.app.wiring import KINDS
from akashi.cli.conformity.verify import tell
from akashi.cli.files import read_bounded
from akashi.cli.shell import Shell, manual
from akashi.conformity.proof.bundle import MAGIC
from akashi.ledger.proof.report import render
from akashi.ledger.proof.verify import verify_file

_LIMIT = 256 * 1024 * 1024
_TRUST_LIMIT = 64 * 1024


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "verify",
        help="check an evidence bundle (.akashi) or a receipt (.tlog-proof), offline",
        **manual(
            parent,
            "Says what was proven, what was not, and between which time stamps each operation lies. Needs no home and no\n"
            "network. The trust file comes from the secretariat by a way of its own, not with the evidence.\n"
            "A bundle of conformity is verified as `akashi conformity verify` does.",
            "akashi verify --trust trust.txt transfer.akashi",
            (6, 9),
        ),
    )
    parser.add_argument("file", type=Path, metavar="FILE", help="the bundle or receipt")
    parser.add_argument(
        "--trust", type=Path, metavar="FILE", help="the trust file; without it: self-consistent at most"
    )
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace, shell: Shell) -> int:
    trust = None if arguments.trust is None else read_bounded(arguments.trust, _TRUST_LIMIT)
    data = read_bounded(arguments.file, _LIMIT)
    if data.startswith(MAGIC):
        return tell(data, trust, shell)
    verdict = verify_file(data, trust, KINDS)
    shell.result(verdict.to_json(), [render(verdict, shell.language)])
    return verdict.exit_status
