"""``akashi document verify``: who signed a PDF, when, and whether it still stands."""

from __future__ import annotations

import argparse
from pathlib import Path

from akashi.app.people.documents import verified
from akashi.cli.files import read_bounded
from akashi.cli.shell import Shell, manual
from akashi.signatures.authorities import load_trust
from akashi.signatures.model import Limits
from akashi.signatures.saying import document_said, document_told

_NOT_VALID = 6


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "verify",
        help="verify the signatures of a PDF, offline",
        **manual(
            parent,
            "Judges every signature by the authorities in the folder of --trust: signer, qualification, time, level,\n"
            "revocation, later changes. Needs no home and no network. Shows names that stand in certificates.",
            "akashi document verify signed.pdf --trust authorities",
            (6,),
        ),
    )
    parser.add_argument("file", type=Path, metavar="FILE", help="the PDF")
    parser.add_argument("--trust", type=Path, required=True, metavar="FOLDER", help="roots, hpki, tsa, others, lists")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace, shell: Shell) -> int:
    data = read_bounded(arguments.file, Limits().bytes_most)
    seen = verified(data, load_trust(arguments.trust), shell.clock.now_ms())
    shell.result(document_told(seen), document_said(seen, shell.language))
    return 0 if seen.valid else _NOT_VALID
