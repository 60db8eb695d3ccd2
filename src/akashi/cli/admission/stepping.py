"""``akashi admission attest``, ``map``, ``complete`` and ``list``."""

from __future__ import annotations

import argparse
from pathlib import Path

from akashi.app.membership.joining import Admissions
from akashi.cli.admission.applying import LIMIT
from akashi.cli.files import read_bounded
from akashi.cli.homes import opened_server
from akashi.cli.shell import Shell, manual
from akashi.identity.admission.model import Admission, AttestedKind
from akashi.identity.admission.rules import missing_steps

_KINDS = {"rules": AttestedKind.OPERATING_RULES, "training": AttestedKind.TRAINING}
_EXITS = (3, 4, 5, 6, 7)


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the commands."""
    text = "Says that one has looked at the very document of the application."
    example = "akashi admission attest みどり健診センター --kind rules --document kitei.pdf"
    attest = commands.add_parser("attest", help="attest a document", **manual(parent, text, example, _EXITS))
    attest.add_argument("--kind", required=True, choices=sorted(_KINDS), help="which")
    attest.add_argument("--document", type=Path, required=True, metavar="FILE", help="what was looked at")
    text = "Takes note of the approved map that is on the ledger; who only receives needs none."
    approve = commands.add_parser(
        "map", help="note the approved map", **manual(parent, text, "akashi admission map inst-…", _EXITS)
    )
    text, example = "From the next request on its people may work.", "akashi admission complete inst-…"
    complete = commands.add_parser("complete", help="complete it", **manual(parent, text, example, _EXITS))
    text, example = "Lists admissions and withdrawals and what is missing.", "akashi admission list"
    listed = commands.add_parser("list", help="list admissions", **manual(parent, text, example, (3, 6, 7)))
    for parser in (attest, approve, complete):
        parser.add_argument("named", metavar="INSTITUTION", help="its handle, name or public number")
    for parser, run in ((attest, _attest), (approve, _approve), (complete, _complete), (listed, _list)):
        parser.set_defaults(run=run)


def _told(found: Admission, shell: Shell) -> int:
    stage = found.stage.name.lower()
    shell.result({"institution": found.institution, "stage": stage}, [f"{found.institution}  {stage}"])
    return 0


def _attest(arguments: argparse.Namespace, shell: Shell) -> int:
    document = read_bounded(arguments.document, LIMIT)
    with opened_server(arguments, shell) as server:
        handle = server.find_institution(arguments.named).handle
        return _told(Admissions(server).attest(handle, _KINDS[arguments.kind], document), shell)


def _approve(arguments: argparse.Namespace, shell: Shell) -> int:
    with opened_server(arguments, shell) as server:
        return _told(Admissions(server).approve_map(server.find_institution(arguments.named).handle), shell)


def _complete(arguments: argparse.Namespace, shell: Shell) -> int:
    with opened_server(arguments, shell) as server:
        return _told(Admissions(server).complete(server.find_institution(arguments.named).handle), shell)


def _list(arguments: argparse.Namespace, shell: Shell) -> int:
    with opened_server(arguments, shell) as server:
        found = Admissions(server).list()
    rows = [
        {"institution": one.institution, "missing": missing_steps(one), "stage": one.stage.name.lower()}
        for one in found
    ]
    shell.result(
        rows, [f"{one.institution}  {one.stage.name.lower():12}  {' '.join(missing_steps(one))}" for one in found]
    )
    return 0
